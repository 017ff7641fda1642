package console

import (
	"strconv"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/handoff"
	"github.com/myodai/myodai/internal/plan"
)

// form is how a reader wants records shown.
type form struct {
	Host  string // id of the DNS host they say they use; "" for the one that was recognized
	Other bool   // their panel shows another form than we expect
}

// board is the records of a domain as a person enters and watches them.
type board struct {
	Records []recordView
	General []findingView // about no record in particular
	Primary *findingView  // what to mend first, wherever it is
	Done    int           // required records that are there
	All     int
	Share   int // of Done in All, in hundredths
	Checked moment
	Host    hostView
}

// recordView is one record.
type recordView struct {
	ID       string // of its element
	Number   int
	Name     string // the owner name in full
	Purpose  myodai.Purpose
	Title    string
	Why      string
	Required bool
	Need     string // the same in a word
	State    chip
	Done     bool
	Fields   []copyable
	Line     *copyable // all of it as one line, where a panel wants that
	Notes    []string
	Found    []string // what stands there instead
	Finding  *findingView
	Shape    *shapeView // nil where there is no choice
	Reach    reachView
	SPF      *spfView // what becomes of the SPF record that is there; nil for other records
}

// shapeView is the choice between an alias and the data itself.
type shapeView struct {
	Owner string
	To    myodai.Shape
	Label string
}

// hostView is the DNS host that the records are written for.
type hostView struct {
	ID         string
	Name       string
	Known      bool
	Recognized string // what was recognized, when that is another one
	Notes      []string
	Warnings   []string
	Help       string // address of a page of theirs
	Hosts      []option
	Other      bool
	Connect    bool   // it is believed to speak Domain Connect
	Offer      string // address of the page by which it enters the records; "" when it does not
}

// newBoard shows what is known of a domain.
func newBoard(r reader, in reading, f form) board {
	host := diagnose.HostOf(in.Last)
	recognized := host
	if h, ok := dnshost.ByID(f.Host); ok && h.ID != host.ID {
		host = diagnose.Learn(h, in.Last.Findings)
	}
	b := board{Checked: r.moment(in.Last.At), Host: newHostView(r, host, recognized, in, f)}
	b.Done, b.All = in.done()
	if b.All > 0 {
		b.Share = 100 * b.Done / b.All
	}
	findings := map[myodai.Name][]findingView{}
	if in.current() {
		for _, f := range in.Last.Findings {
			view := newFindingView(r, f, host, in)
			findings[f.Record] = append(findings[f.Record], view)
			if f.Primary && f.Severity != myodai.SeverityAdvice {
				b.Primary = &view
			}
		}
	}
	for i, item := range in.Plan.Items {
		view := newRecordView(r, i+1, item, in.Seen[i], host, plan.ZoneOf(in.Last, item.Name), f)
		view.Reach = newReachView(r, view.ID, item, in.Seen[i], in)
		if item.Purpose == myodai.PurposeSPF {
			view.editSPF(r, item, host, in, f)
		}
		if list := findings[item.Name]; len(list) > 0 && (view.Finding == nil || !view.Done) {
			view.Finding = &list[0]
		}
		b.Records = append(b.Records, view)
	}
	planned := map[myodai.Name]bool{}
	for _, item := range in.Plan.Items {
		planned[item.Name] = true
	}
	for _, f := range in.Last.Findings {
		if in.current() && !planned[f.Record] && !f.Primary {
			b.General = append(b.General, newFindingView(r, f, host, in))
		}
	}
	return b
}

func newRecordView(r reader, number int, item plan.Item, seen myodai.RecordCheck, host dnshost.Host, zone myodai.Name, f form) recordView {
	out := recordView{
		ID: "record-" + strconv.Itoa(number), Number: number, Name: string(item.Name), Purpose: item.Purpose,
		Title: r.purposeTitle(item), Why: r.say("record.why_" + purposeKey(item)), Required: item.Required,
		Need: r.say("record.optional"), State: r.recordChip(seen, item), Done: seen.Status == myodai.StatusAsPlanned,
	}
	if item.Required {
		out.Need = r.say("record.required")
	}
	entry := host.Enter(zone, item)
	fields := entry.Fields
	if f.Other {
		fields = entry.Other
	}
	out.Fields, out.Line = r.fields(out.ID, fields, host)
	if seen.Status == myodai.StatusDifferent {
		for _, found := range seen.Found {
			out.Found = append(out.Found, diagnose.Spell(found))
		}
	}
	switch item.Purpose {
	case myodai.PurposeDMARC:
		out.Notes = append(out.Notes, r.say("record.keep_dmarc"))
	case myodai.PurposeSPF:
		out.Notes = append(out.Notes, r.say("record.merge_spf", item.Value))
	case myodai.PurposeDKIM, myodai.PurposeReturnPath:
		to := myodai.ShapeTXT
		if item.Type != myodai.TypeCNAME {
			to = myodai.ShapeCNAME
		}
		out.Shape = &shapeView{Owner: string(item.Name), To: to, Label: r.say("record.switch_" + string(to))}
	}
	return out
}

// fields lists what to type where.
func (r reader) fields(id string, f dnshost.Fields, host dnshost.Host) (fields []copyable, line *copyable) {
	fields = []copyable{
		{Label: r.say("record.type"), Value: string(f.Type), ID: id + "-type"},
		{Label: r.say("record.host"), Value: f.Host, Empty: r.say("record.host_empty"), ID: id + "-host"},
	}
	if f.Priority != "" {
		fields = append(fields, copyable{Label: r.say("record.priority"), Value: f.Priority, ID: id + "-priority"})
	}
	fields = append(fields,
		copyable{Label: r.say("record.value"), Value: f.Value, ID: id + "-value"},
		copyable{Label: r.say("record.ttl"), Value: strconv.Itoa(max(handoff.TTL, host.Panel.TTLMin.Or(0))), ID: id + "-ttl"},
	)
	if f.Line != "" {
		line = &copyable{Label: r.say("record.line"), Value: f.Line, ID: id + "-line"}
	}
	return fields, line
}

// purposeKey is the key of what is said about a record's purpose.
func purposeKey(item plan.Item) string {
	switch item.Purpose {
	case myodai.PurposeReturnPath:
		if item.Type == myodai.TypeTXT {
			return "return_spf"
		}
		return "return_path"
	case myodai.PurposeDKIM, myodai.PurposeDMARC, myodai.PurposeSPF, myodai.PurposeTracking, myodai.PurposeACME:
		return string(item.Purpose)
	}
	return "other"
}

func (r reader) purposeTitle(item plan.Item) string {
	return r.say("record.title_"+purposeKey(item), item.Selector)
}

// recordChip says how a record stands.
func (r reader) recordChip(c myodai.RecordCheck, item plan.Item) chip {
	switch c.Status {
	case myodai.StatusAsPlanned:
		return chip{r.say("record.state_right"), toneGood}
	case myodai.StatusDifferent:
		return chip{r.say("record.state_different"), toneBad}
	case myodai.StatusMissing:
		if !item.Required {
			return chip{r.say("record.state_left_out"), toneNone}
		}
		return chip{r.say("record.state_missing"), toneOpen}
	case myodai.StatusUnknown:
		return chip{r.say("record.state_unknown"), toneWarn}
	}
	return chip{r.say("record.state_waiting"), toneOpen}
}

// newHostView shows the DNS host and what it wants.
func newHostView(r reader, host, recognized dnshost.Host, in reading, f form) hostView {
	generic := dnshost.Generic().ID
	out := hostView{
		ID: host.ID, Name: r.text(host.Name), Known: host.ID != generic, Help: host.Help.Or(""), Other: f.Other,
		Connect: host.Panel.DomainConnect.Or(false),
	}
	if recognized.ID != host.ID && recognized.ID != generic {
		out.Recognized = r.text(recognized.Name)
	}
	for _, note := range host.Notes {
		out.Notes = append(out.Notes, r.hinted(r.text(note.Texts), note.Certainty))
	}
	zone := plan.ZoneOf(in.Last, in.Domain.Name)
	for _, w := range host.Limits(zone, in.Plan.Items) {
		text := r.say("warning."+string(w.ID), string(w.Name), w.Limit)
		if w.Shape != "" {
			text += r.say("warning.switch")
		}
		out.Warnings = append(out.Warnings, r.hinted(text, w.Certainty))
	}
	out.Hosts = append(out.Hosts, option{generic, r.say("host.unknown"), host.ID == generic})
	for _, h := range dnshost.Hosts() {
		out.Hosts = append(out.Hosts, option{h.ID, r.text(h.Name), h.ID == host.ID})
	}
	return out
}

// text is a text of package dnshost in the reader's language.
func (r reader) text(t dnshost.Texts) string {
	if r.lang == Japanese {
		return t.Japanese
	}
	return t.English
}

// hinted says of hearsay that it is.
func (r reader) hinted(text string, c dnshost.Certainty) string {
	if c == dnshost.Believed {
		return r.say("host.hearsay", text)
	}
	return text
}
