package api

import (
	"strconv"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
)

// Entry is a record as it is typed into the panel of the domain's DNS host.
type Entry struct {
	EntryFields
	Other   EntryFields `json:"other" doc:"The same for a panel that shows another form."`
	Certain bool        `json:"certain" doc:"Whether this form is known of the DNS host; otherwise it is what most want."`
}

// EntryFields are the fields of a panel.
type EntryFields struct {
	Host     string            `json:"host" doc:"The name; may be empty, for the domain itself." example:"s1-k7f3q9x2._domainkey"`
	Type     myodai.RecordType `json:"type" example:"CNAME"`
	Priority string            `json:"priority,omitempty" doc:"Of MX records, where it has a field of its own."`
	Value    string            `json:"value"`
	Line     string            `json:"line,omitempty" doc:"The whole record, where all stand in one text box."`
}

// Warning is what the domain's DNS host is known, or believed, not to take.
type Warning struct {
	ID      dnshost.WarningID `json:"id" enum:"not-editable,underscore-name,underscore-target,txt-length,name-length,names,mx-below"`
	Record  string            `json:"record" doc:"The owner name of the planned record; empty for all of them."`
	Limit   int               `json:"limit,omitempty" doc:"Where there is a number."`
	Certain bool              `json:"certain" doc:"Whether it is known; otherwise it is a hint."`
	Shape   myodai.Shape      `json:"shape,omitempty" enum:"cname,txt" doc:"The shape of this record that works there."`
	Message Texts             `json:"message"`
}

// showEntry renders a planned record for a panel; nil when it is no record of its
// own, but a part of one that may be there already.
func showEntry(host dnshost.Host, zone myodai.Name, item plan.Item) *Entry {
	if item.Purpose == myodai.PurposeSPF {
		return nil
	}
	return enter(host, zone, item)
}

// warningTexts say what a DNS host cannot do: {host} is the host, {n} the limit.
var warningTexts = map[dnshost.WarningID]Texts{
	dnshost.WarnNotEditable: {
		"Records cannot be entered at the name servers that {host} sets at first; switch the name servers before you begin",
		"{host}のこのネームサーバーではレコードを登録できません。先にネームサーバーを切り替えてください"},
	dnshost.WarnUnderscoreName: {
		"{host} takes no underscore in the name of a CNAME record", "{host}では、CNAMEレコードの名前にアンダースコア(_)を使えません"},
	dnshost.WarnUnderscoreTarget: {
		"{host} takes no underscore in the value of a CNAME record", "{host}では、CNAMEレコードの値にアンダースコア(_)を使えません"},
	dnshost.WarnTXTLength: {
		"{host} takes at most {n} characters in a TXT record", "{host}では、TXTレコードに{n}文字までしか入力できません"},
	dnshost.WarnNameLength: {
		"{host} takes at most {n} characters in the name of a record", "{host}では、レコードの名前に{n}文字までしか入力できません"},
	dnshost.WarnNames: {
		"{host} takes at most {n} different names in a zone", "{host}では、登録できる名前は{n}個までです"},
	dnshost.WarnMXBelow: {
		"{host} takes MX records only for the domain itself", "{host}では、MXレコードはドメインそのものにしか登録できません"},
}

// shapeTexts propose what works instead.
var shapeTexts = map[myodai.Shape]Texts{
	myodai.ShapeTXT:   {"; switch this record to the shape txt, which works there.", "。このレコードの形式をtxtに切り替えれば登録できます。"},
	myodai.ShapeCNAME: {"; switch this record to the shape cname, which works there.", "。このレコードの形式をcnameに切り替えれば登録できます。"},
	"":                {".", "。"},
}

// showWarnings says before a tenant starts what its DNS host will not take.
func showWarnings(host dnshost.Host, zone myodai.Name, items []plan.Item) []Warning {
	list := []Warning{}
	for _, w := range host.Limits(zone, items) {
		text, end := warningTexts[w.ID], shapeTexts[w.Shape]
		list = append(list, Warning{
			ID: w.ID, Record: string(w.Name), Limit: w.Limit, Certain: w.Certainty == dnshost.Seen, Shape: w.Shape,
			Message: Texts{
				told(text.English, host.Name.English, w.Limit) + end.English,
				told(text.Japanese, host.Name.Japanese, w.Limit) + end.Japanese,
			},
		})
	}
	return list
}

func told(text, host string, limit int) string {
	return strings.NewReplacer("{host}", host, "{n}", strconv.Itoa(limit)).Replace(text)
}
