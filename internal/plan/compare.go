package plan

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// Compare judges plainly how the plan and DNS differ, one check per item.
//
// A record is missing or different only when the zone's own servers say so:
// two of them, or all there are (P12). Servers that contradict each other leave
// it unknown, and so does anything but an authoritative answer.
func Compare(p Plan, o myodai.Observation) []myodai.RecordCheck {
	checks := make([]myodai.RecordCheck, 0, len(p.Items))
	for _, item := range p.Items {
		check := myodai.RecordCheck{
			Name: item.Name, Type: item.Type, Purpose: item.Purpose, Required: item.Required, Found: []string{},
		}
		if item.Purpose == myodai.PurposeDMARC {
			check.Status, check.Found, check.Reason = comparePolicy(item, p.Domain, o)
		} else {
			check.Status, check.Found, check.Reason = item.compare(o)
		}
		checks = append(checks, check)
	}
	return checks
}

// form is one way to publish an item.
type form struct {
	t     myodai.RecordType
	value string
}

// forms lists the planned way first.
func (i Item) forms() []form {
	forms := []form{{i.Type, i.Value}}
	for _, alternative := range i.Alternatives {
		t, value, _ := strings.Cut(alternative, " ")
		forms = append(forms, form{myodai.RecordType(t), value})
	}
	return forms
}

// compare judges one item whose record is its own.
func (i Item) compare(o myodai.Observation) (myodai.RecordStatus, []string, string) {
	status, found, reason := i.poll(o, i.asks()[0])
	if status == myodai.StatusAsPlanned || i.Purpose != myodai.PurposeReturnPath || i.Type != myodai.TypeCNAME {
		return status, found, reason
	}
	// An alias was asked for; the MX and SPF records it stands for will do.
	mx, txt := i, i
	mx.Type, mx.Value = myodai.TypeMX, "10 "+i.Value
	txt.Type, txt.Value = myodai.TypeTXT, returnSPF(i.Value)
	mxStatus, mxFound, _ := mx.poll(o, myodai.TypeMX)
	txtStatus, txtFound, _ := txt.poll(o, myodai.TypeTXT)
	if mxStatus == myodai.StatusAsPlanned && txtStatus == myodai.StatusAsPlanned {
		return mxStatus, append(mxFound, txtFound...), "MX and SPF records stand there instead of the alias, which is as good"
	}
	return status, found, reason
}

// opinion is what one server says of an item.
type opinion string

const (
	opinionRight  opinion = "right"
	opinionWrong  opinion = "wrong"
	opinionNone   opinion = "none"
	opinionSilent opinion = "silent" // no answer that counts
)

// poll asks the observation what every server says of the item, and sums up.
func (i Item) poll(o myodai.Observation, t myodai.RecordType) (myodai.RecordStatus, []string, string) {
	byServer := map[opinion][]string{}
	found := []string{}
	for _, last := range lastByServer(o, i.Name, t) {
		said, opinion := i.opinion(o, last)
		host := last.Server
		if !slices.Contains(byServer[opinion], host) {
			byServer[opinion] = append(byServer[opinion], host)
		}
		for _, s := range said {
			if !slices.Contains(found, s) {
				found = append(found, s)
			}
		}
	}
	status, reason := sumUp(byServer)
	return status, found, reason
}

// sumUp turns the servers' opinions, by the hosts that hold them, into one.
func sumUp(by map[opinion][]string) (myodai.RecordStatus, string) {
	right, wrong, none := by[opinionRight], by[opinionWrong], by[opinionNone]
	against := append(slices.Clone(wrong), none...)
	silent := slices.DeleteFunc(slices.Clone(by[opinionSilent]), func(host string) bool {
		return slices.Contains(right, host) || slices.Contains(against, host)
	})
	switch {
	case len(right) > 0 && len(against) == 0:
		return myodai.StatusAsPlanned, "the record is as planned"
	case len(right) > 0:
		return myodai.StatusUnknown, fmt.Sprintf("the name servers do not agree yet: right at %s, not at %s",
			strings.Join(right, ", "), strings.Join(against, ", "))
	case len(against) == 0:
		return myodai.StatusUnknown, "no name server of the domain gave an answer that counts"
	case len(against) == 1 && len(silent) > 0:
		return myodai.StatusUnknown, fmt.Sprintf("only %s answered, which is not enough to be sure", against[0])
	case len(wrong) > 0:
		return myodai.StatusDifferent, "there is a record, but another than the planned one"
	}
	return myodai.StatusMissing, "the record is not there"
}

// lastByServer lists the last answer of every address to a question, in the order
// asked.
func lastByServer(o myodai.Observation, name myodai.Name, t myodai.RecordType) []*myodai.Answer {
	var list []*myodai.Answer
	for a := range about(o, name, t) {
		if i := slices.IndexFunc(list, func(b *myodai.Answer) bool { return b.Address == a.Address }); i >= 0 {
			list[i] = a
		} else {
			list = append(list, a)
		}
	}
	return list
}

// opinion is what one server, by its last answer to a question, says of the item,
// and the records it showed. Where a positive answer had to be confirmed over
// TCP, only the confirmation counts (T15).
func (i Item) opinion(o myodai.Observation, last *myodai.Answer) ([]string, opinion) {
	switch last.Kind() {
	case myodai.AnswerNegative:
		return nil, opinionNone
	case myodai.AnswerUnknown:
		return nil, opinionSilent
	}
	if last.Confirm && last.Transport != myodai.TransportTCP {
		return nil, opinionSilent
	}
	c := follow(o, last)
	said := c.said()
	for _, f := range i.forms() {
		if f.met(i.Purpose, c) {
			return said, opinionRight
		}
	}
	if len(said) == 0 || i.ownsNothingHere(c) {
		return said, opinionNone
	}
	return said, opinionWrong
}

// said writes down what a chain showed: aliases as such, then its end.
func (c chain) said() []string {
	var said []string
	for _, target := range c.aliases {
		said = append(said, "CNAME "+string(target))
	}
	for _, rr := range c.end {
		said = append(said, string(rr.Type)+" "+rr.Data)
	}
	return said
}

// ownsNothingHere reports whether what stands at the name belongs to others and
// leaves room for ours: TXT records beside which an SPF record can be put.
func (i Item) ownsNothingHere(c chain) bool {
	return i.Type == myodai.TypeTXT && i.Purpose != myodai.PurposeDKIM && len(c.aliases) == 0 && len(spfTexts(c.end)) == 0
}

// met reports whether the chain publishes the form.
func (f form) met(purpose myodai.Purpose, c chain) bool {
	switch {
	case f.t == myodai.TypeCNAME:
		return slices.Contains(c.aliases, myodai.Name(strings.ToLower(f.value)))
	case purpose == myodai.PurposeDKIM:
		return len(c.end) == 1 && sameKey(c.end[0].Text(), f.value)
	case f.t == myodai.TypeMX:
		return len(c.end) == 1 && c.end[0].Type == myodai.TypeMX && host(c.end[0].Data) == host(f.value)
	case f.t == myodai.TypeTXT:
		spf := spfTexts(c.end)
		return len(spf) == 1 && slices.Contains(terms(spf[0]), include(f.value))
	}
	return false
}

// sameKey reports whether two key records carry the same key, however they are
// spelled.
func sameKey(got, want string) bool {
	a, errA := dkim.ParseKeyRecord(got)
	b, errB := dkim.ParseKeyRecord(want)
	return errA == nil && errB == nil && a.Algorithm == b.Algorithm && bytes.Equal(a.Data, b.Data)
}

// host is the host in the data of an MX record; any preference will do.
func host(mx string) string {
	return strings.ToLower(strings.TrimSuffix(mx[strings.LastIndexByte(mx, ' ')+1:], "."))
}

// spfTexts picks the SPF records among TXT records (RFC 7208 §4.5).
func spfTexts(records []myodai.Record) []string {
	var spf []string
	for _, rr := range records {
		if text := strings.ToLower(rr.Text()); text == "v=spf1" || strings.HasPrefix(text, "v=spf1 ") {
			spf = append(spf, text)
		}
	}
	return spf
}

func terms(spf string) []string {
	list := strings.Fields(spf)
	for i, term := range list {
		list[i] = strings.TrimPrefix(term, "+")
	}
	return list
}

// include is the include mechanism in a planned SPF value, which is that alone
// or a whole record.
func include(value string) string {
	for _, term := range terms(value) {
		if strings.HasPrefix(term, "include:") {
			return term
		}
	}
	return value
}
