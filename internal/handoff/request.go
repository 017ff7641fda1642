package handoff

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
)

// Request asks a DNS administrator for the records that are still open (B15).
// It goes to somebody who may never have heard of us, and needs no login.
type Request struct {
	Plan     plan.Plan
	Checks   []myodai.RecordCheck // the last ones
	Zone     myodai.Name          // that the administrator edits; "" means the domain
	Host     dnshost.Host
	Language Language
	Tenant   string // who asks; "" leaves it out
	Service  string // what the platform is called; "" leaves it out
	Link     string // to a page that shows the same, "" for none
}

// Letter is what a person may edit before the mail is sent: plain text, with
// empty lines between paragraphs. The records between Opening and Closing come
// from the plan and cannot be edited.
type Letter struct{ Subject, Opening, Closing string }

// Mail is a request ready to be sent. Lines end in LF.
type Mail struct{ Subject, Text, HTML string }

// The bounds of a letter, in characters.
const (
	maxSubject = 200
	maxLetter  = 4000
)

// Letter is the letter as we would write it.
func (r Request) Letter() Letter {
	w, sender := r.Language.words(), ""
	if r.Tenant != "" {
		sender = fmt.Sprintf(w.sender, shown(r.Tenant))
	}
	return Letter{
		Subject: fmt.Sprintf(w.subject, both(r.Plan.Domain), len(Open(r.Plan, r.Checks))),
		Opening: fmt.Sprintf(w.opening, sender, shown(cmp.Or(r.Service, w.platform)), both(r.Plan.Domain), both(r.zone())),
		Closing: w.closing,
	}
}

// Mail is the request with a letter, edited or not. It refuses when no record
// is open, and letters that could pass for something else.
func (r Request) Mail(l Letter) (Mail, error) {
	open := Open(r.Plan, r.Checks)
	if len(open) == 0 {
		return Mail{}, myodai.Refuse(myodai.CodeConflict, "", "every record is as planned; there is nothing to ask for")
	}
	l.Subject = strings.TrimSpace(l.Subject)
	if l.Subject == "" {
		return Mail{}, myodai.Refuse(myodai.CodeInvalid, "subject", "the mail needs a subject")
	}
	if err := readable("subject", l.Subject, maxSubject, ""); err != nil {
		return Mail{}, err
	}
	for field, text := range map[string]*string{"opening": &l.Opening, "closing": &l.Closing} {
		*text = strings.ReplaceAll(*text, "\r\n", "\n")
		if err := readable(field, *text, maxLetter, "\n\t"); err != nil {
			return Mail{}, err
		}
	}
	if u, err := url.Parse(r.Link); err != nil || r.Link != "" && (u.Scheme != "https" && u.Scheme != "http" || u.Host == "") ||
		strings.ContainsFunc(r.Link, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		return Mail{}, myodai.Refuse(myodai.CodeInvalid, "link", "%q is no address of a page", r.Link)
	}
	page := r.page(l, open)
	html, err := page.html()
	return Mail{Subject: l.Subject, Text: page.text(), HTML: html}, err
}

func (r Request) zone() myodai.Name { return cmp.Or(r.Zone, r.Plan.Domain) }

// readable refuses a text with what is not shown: it could end a header field,
// or make a name read as another (T48).
func readable(field, text string, most int, allowed string) error {
	if n := len([]rune(text)); n > most {
		return myodai.Refuse(myodai.CodeTooLarge, field, "the %s has %d characters; %d are allowed", field, n, most)
	}
	if strings.ContainsFunc(text, func(c rune) bool { return hidden(c) && !strings.ContainsRune(allowed, c) }) {
		return myodai.Refuse(myodai.CodeInvalid, field, "the %s has a control character in it", field)
	}
	return nil
}

// hidden reports whether a character is a control, or changes the direction of
// text.
func hidden(c rune) bool {
	return unicode.IsControl(c) || c == unicode.ReplacementChar || c == '\u2028' || c == '\u2029' || unicode.Is(unicode.Bidi_Control, c)
}

// shown is a stranger's text on one line, with what is hidden replaced, and cut
// at a length that leaves the mail readable.
func shown(s string) string {
	const most = 300
	runes := []rune(strings.Map(func(c rune) rune {
		if hidden(c) {
			return ' '
		}
		return c
	}, s))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}

// both is a name as people write it and, where that differs, as DNS has it.
func both(n myodai.Name) string {
	if u := n.Unicode(); u != string(n) {
		return shown(u) + " (" + string(n) + ")"
	}
	return string(n)
}

// page is a request taken apart for its two forms.
type page struct {
	Language Language
	Letter   Letter
	Heading  string
	Hints    []string
	Records  []pageRecord
	Link     string
	LinkText string
	Please   string
	Requests []string
}

type pageRecord struct {
	Number int
	Title  string
	Why    string
	Fields []field
	Notes  []string
}

// field is one field of the panel.
type field struct {
	Label, Value string
	Copied       bool // typed as it stands, rather than said
}

func (r Request) page(l Letter, open []plan.Item) page {
	w := r.Language.words()
	p := page{
		Language: English, Letter: l, Heading: fmt.Sprintf(w.records, len(open)), Hints: []string{w.unknown, w.follow},
		Link: r.Link, Please: w.please, Requests: w.requests,
	}
	if r.Language == Japanese {
		p.Language = Japanese
	}
	if r.Host.ID != "" && r.Host.ID != dnshost.Generic().ID {
		p.Hints[0] = fmt.Sprintf(w.known, r.said(r.Host.Name))
	}
	for _, note := range r.Host.Notes {
		if note.Certainty == dnshost.Seen {
			p.Hints = append(p.Hints, r.said(note.Texts))
		}
	}
	p.Requests = append([]string{}, w.requests...)
	if r.Link != "" {
		p.LinkText = w.link
		p.Requests = append(p.Requests, w.cannotLink)
	} else {
		p.Requests = append(p.Requests, w.cannotReply)
	}
	for n, i := range open {
		p.Records = append(p.Records, r.record(n+1, i, w))
	}
	return p
}

func (r Request) said(t dnshost.Texts) string {
	if r.Language == Japanese {
		return t.Japanese
	}
	return t.English
}

// record is one record as the panel wants it typed (B8).
func (r Request) record(number int, i plan.Item, w words) pageRecord {
	e := r.Host.Enter(r.zone(), i)
	out := pageRecord{Number: number, Title: w.purposes[i.Purpose].title, Why: w.purposes[i.Purpose].why}
	if i.Selector != "" {
		out.Title += " " + shown(i.Selector)
	}
	if !i.Required {
		out.Title += " (" + w.optional + ")"
	}
	host := field{w.host, e.Host, true}
	if e.Host == "" {
		host = field{w.host, w.empty, false}
	}
	out.Fields = []field{{w.kind, string(e.Type), true}, host}
	if e.Priority != "" {
		out.Fields = append(out.Fields, field{w.priority, e.Priority, true})
	}
	out.Fields = append(out.Fields, field{w.value, oneLine(e.Value), true}, field{w.ttl, strconv.Itoa(TTL), true})
	if e.Line != "" {
		out.Fields = append(out.Fields, field{w.line, oneLine(e.Line), true})
	}
	out.Fields = append(out.Fields, field{w.full, string(i.Name), false})
	if merged(i) {
		out.Notes = append(out.Notes, fmt.Sprintf(w.merge, oneLine(i.Value)))
	}
	c := checkOf(i, r.Checks)
	switch {
	case c.Status == myodai.StatusDifferent && len(c.Found) > 0 && !merged(i):
		out.Notes = append(out.Notes, fmt.Sprintf(w.found, shown(strings.Join(c.Found, " / "))))
	case i.Purpose == myodai.PurposeDMARC:
		out.Notes = append(out.Notes, w.keep)
	}
	return out
}
