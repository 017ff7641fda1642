package diagnose

import (
	"fmt"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
)

// Text is a finding as told to a person.
type Text struct {
	Title   string   `json:"title"`   // a few words
	Message string   `json:"message"` // one short sentence: what is wrong
	Details []string `json:"details"` // what was asked of whom and when, and what was said
	Diff    string   `json:"diff"`    // found against expected, as MarkDiff writes it; "" when they are no two spellings of one thing
	// Parts is Diff before it was written on one line, spelled and shortened.
	Parts []DiffPart `json:"-"`
	Steps []string   `json:"steps"` // what to do, in order
	Why   string     `json:"why"`   // what it does to their mail
	Page  string     `json:"page"`  // with more about the cause, from the root of the documentation; "" for none
}

// Context is what Explain needs beside the finding. Whatever is missing is told
// in general words.
type Context struct {
	Lang     Lang            // English unless set
	Host     dnshost.Host    // where the zone is hosted
	Domain   myodai.Name     // that mail is sent from
	Zone     myodai.Name     // that the record stands in
	Item     plan.Item       // the planned record
	Answers  []myodai.Answer // those about the record
	Location *time.Location  // of the reader's clock; nil means UTC, and says so
}

// Explain tells a finding in the reader's language. What strangers put into DNS
// is shown shortened, and with characters that cannot be seen spelled out.
func Explain(f myodai.Finding, c Context) Text {
	if c.Lang != Japanese {
		c.Lang = English
	}
	e, known := textOf[f.Cause]
	if !known {
		phrases := vocab.Phrases[c.Lang]
		e.English = wording{Title: string(f.Cause), Message: phrases["unknown"], Why: phrases["unknown why"]}
		e.Japanese = e.English
	}
	w := e.in(c.Lang)
	if f.Cause == ProviderForbidsUnderscore && f.Purpose == myodai.PurposeACME {
		// A TXT record would not do here; another way to the certificate does (B22).
		phrases := vocab.Phrases[c.Lang]
		w.Fix, w.Why = append([]string{phrases["challenge"]}, w.Fix[1:]...), phrases["challenge why"]
	}
	t := teller{lang: c.Lang, values: argumentsOf(f, e, c), told: map[string]bool{}}
	out := Text{
		Title:   t.fill(w.Title, shortValue),
		Message: t.tell(w.Message, shortValue),
		Details: details(f, c),
		Parts:   difference(f),
	}
	out.Diff = marked(out.Parts)
	for _, step := range w.Fix {
		if said, ok := t.step(step); ok {
			out.Steps = append(out.Steps, said)
		}
		if other := t.otherForm(step, w.Fix); other != "" {
			out.Steps = append(out.Steps, other)
		}
	}
	out.Why = t.tell(w.Why, shortValue)
	if known {
		out.Page = "docs/checks/" + string(f.Cause) + ".md"
	}
	return out
}

// arguments are what fills the placeholders of a text.
type arguments struct {
	values map[string]string
	entry  dnshost.Entry
	enter  bool // the entry is of use
}

// argumentsOf collects them: what the finding says, and else what the context
// does.
func argumentsOf(f myodai.Finding, e textEntry, c Context) arguments {
	c, moved := completed(f, c)
	v := map[string]string{}
	set := func(placeholder, value string) {
		if v[placeholder] == "" && value != "" {
			v[placeholder] = value
		}
	}
	if !f.VisibleAt.IsZero() {
		set("eta", clock(f.VisibleAt, c))
	}
	if c.Host.ID != "" && c.Host.ID != dnshost.Generic().ID {
		set("dnshost", inLang(c.Lang, c.Host.Name))
	}
	if c.Lang == Japanese {
		set("dnshost", f.Args["dnshost_ja"])
	}
	if moved {
		set("zone", string(c.Zone))
	}
	for placeholder, argument := range e.Args {
		if argument == "expected" {
			set(placeholder, f.Expected)
		}
		set(placeholder, f.Args[argument])
	}
	set("name", string(f.Record))
	for placeholder, value := range f.Args {
		if placeholder != "host" && placeholder != "value" { // rendered below, for the panel
			set(placeholder, value)
		}
	}
	set("d", string(c.Domain))
	set("zone", string(c.Zone))
	set("org", string(c.Domain.Registrable()))
	set("found", f.Found)
	set("want", withoutType(f.Expected))
	set("sel", selectorOf(f, c))
	if took, err := time.ParseDuration(v["n"]); err == nil && took != 0 {
		v["n"] = duration(took, c.Lang)
	}
	a := arguments{values: v}
	if item, ok := itemOf(f, c); ok {
		a.entry, a.enter = c.Host.Enter(c.Zone, item), true
		if a.entry.Host != "" && a.entry.Host == v["got"] {
			// This is what the panel took literally.
			a.entry.Host = a.entry.Other.Host
		}
		v["type"] = string(item.Type)
		set("host", a.hostField(c.Lang))
		set("value", a.valueField(c.Lang))
	}
	return a
}

// completed fills in of a context what the finding tells, and what it shows of
// the panel's habits. The zone is moved to the domain where the finding takes an
// alias's own name for one: a wrong delegation does, and no alias can stand there.
func completed(f myodai.Finding, c Context) (whole Context, moved bool) {
	if c.Domain == "" {
		c.Domain = domainOf(f, c)
	}
	if c.Zone == "" {
		c.Zone = myodai.Name(f.Args["zone"])
	}
	moved = c.Zone == f.Record && c.Domain != c.Zone && c.Item.Type == myodai.TypeCNAME
	if c.Zone == "" || moved {
		c.Zone = c.Domain
	}
	if c.Host.ID == "" {
		c.Host, _ = dnshost.ByID(f.Args["host_id"])
	}
	found := myodai.Name(f.Args["found"])
	if found == "" {
		found = myodai.Name(withoutType(f.Found))
	}
	if habit, ok := dnshost.LearnName(c.Zone, f.Record, found); ok {
		c.Host = c.Host.With(habit)
	}
	if habit, ok := dnshost.LearnTarget(c.Zone, myodai.Name(c.Item.Value), found); ok {
		c.Host = c.Host.With(habit)
	}
	return c, moved
}

// withoutType is record data without the type in front of it.
func withoutType(data string) string {
	word, rest, found := strings.Cut(data, " ")
	switch myodai.RecordType(word) {
	case myodai.TypeCNAME, myodai.TypeTXT, myodai.TypeMX, myodai.TypeNS, myodai.TypeA, myodai.TypeAAAA, myodai.TypeCAA:
		if found {
			return rest
		}
	}
	return data
}

// hostField is what to type as host; there are words for nothing.
func (a arguments) hostField(lang Lang) string {
	if a.entry.Host == "" {
		return vocab.Phrases[lang]["apex"]
	}
	return typed(a.entry.Host)
}

func (a arguments) valueField(lang Lang) string {
	if a.entry.Priority != "" {
		return fmt.Sprintf(vocab.Phrases[lang]["priority"], typed(a.entry.Value), typed(a.entry.Priority))
	}
	return typed(a.entry.Value)
}

// itemOf is the record to be entered: the planned one, with the text the finding
// found out it should have; ok is false when nobody can say.
func itemOf(f myodai.Finding, c Context) (item plan.Item, ok bool) {
	item = c.Item
	data := withoutType(f.Expected)
	text := strings.HasPrefix(data, "v=") && !strings.Contains(data, "\n")
	switch {
	case item.Name == "" && (f.Record == "" || data == ""):
		return item, false
	case item.Name == "" && text:
		item = plan.Item{Purpose: f.Purpose, Name: f.Record, Type: myodai.TypeTXT, Value: data}
	case item.Name == "" && data != f.Expected:
		kind, _, _ := strings.Cut(f.Expected, " ")
		item = plan.Item{Purpose: f.Purpose, Name: f.Record, Type: myodai.RecordType(kind), Value: data}
	case item.Name == "":
		return item, false
	case text && (item.Type == myodai.TypeTXT || item.Type == myodai.TypeCNAME && f.Purpose == myodai.PurposeDKIM):
		item.Type, item.Value = myodai.TypeTXT, data // a key was typed in where an alias to it was planned
	}
	// An include is a wish, and no record yet.
	return item, item.Value != "" && !strings.HasPrefix(item.Value, "include:")
}

// domainOf finds the sending domain in the name of a record.
func domainOf(f myodai.Finding, c Context) myodai.Name {
	if d := f.Args["d"]; d != "" {
		return myodai.Name(d)
	}
	for _, label := range []string{"._domainkey.", "_dmarc."} {
		if _, domain, found := strings.Cut(string(f.Record), label); found {
			return myodai.Name(domain)
		}
	}
	return c.Zone
}

func selectorOf(f myodai.Finding, c Context) string {
	if c.Item.Selector != "" {
		return c.Item.Selector
	}
	selector, _, found := strings.Cut(string(f.Record), "._domainkey.")
	if !found {
		return ""
	}
	return selector
}

func inLang(lang Lang, t dnshost.Texts) string {
	if lang == Japanese {
		return t.Japanese
	}
	return t.English
}
