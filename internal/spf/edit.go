package spf

import (
	"slices"

	"github.com/myodai/myodai"
)

// Wish is what the SPF record of a domain shall come to.
type Wish struct {
	Domain  myodai.Name
	Include myodai.Name // the record shall hold "include:" and this name
	// Senders are the terms of others who send for the domain, for a record that
	// is new; SendersByMX guesses them. Ignored when there is a record.
	Senders []string
	Drop    []string // terms of the old record that may go, as they are spelled
	// Confirmed are the questions of an earlier Edit that were answered with yes.
	Confirmed []QuestionID
}

// Action says what an Edit does.
type Action string

const (
	ActionNone   Action = "none"   // all is well already
	ActionCreate Action = "create" // there is no record yet
	ActionEdit   Action = "edit"   // change the one there is
	ActionMerge  Action = "merge"  // change the first, delete the others
	ActionStop   Action = "stop"   // nothing can be proposed; Stop says why
)

// StopID says why nothing can be proposed.
type StopID string

const (
	StopSyntax  StopID = "syntax"  // a mistake that can be mended in more than one way: Problems
	StopLookups StopID = "lookups" // the result would need more than MaxLookups: Savings
	StopVoids   StopID = "voids"   // the result would have more than MaxVoids: Savings
	StopTarget  StopID = "target"  // our own include leads to no record; ours to mend
)

// NoteID is something the owner of the record should know about an Edit.
type NoteID string

const (
	NoteNested     NoteID = "nested"     // our include is reached through Term already
	NoteRepaired   NoteID = "repaired"   // Term, an old record, is read as what was meant
	NoteNearMiss   NoteID = "near-miss"  // Term, a TXT record, looks like SPF and is none
	NoteMoved      NoteID = "moved"      // our include stood after all
	NoteQualifier  NoteID = "qualifier"  // our include stood there as Term, which does not say pass
	NoteFirst      NoteID = "first"      // our include comes first, because Term may fail
	NoteDuplicate  NoteID = "duplicate"  // Term stood there twice
	NoteDead       NoteID = "dead"       // Term has no effect after all
	NoteDropped    NoteID = "dropped"    // Term is gone, as it had no effect or as was wished
	NoteRedirect   NoteID = "redirect"   // Term, a redirect, became an include
	NoteExp        NoteID = "exp"        // Term, a second exp, is gone
	NotePlusAll    NoteID = "plus-all"   // Term allows everybody
	NoteNoAll      NoteID = "no-all"     // the record has no ending; Term could be added
	NotePTR        NoteID = "ptr"        // Term is obsolete; without it Number look-ups fewer
	NoteNearLimit  NoteID = "near-limit" // Number of MaxLookups are used
	NoteVoid       NoteID = "void"       // Term finds nothing
	NoteUncounted  NoteID = "uncounted"  // not everything could be counted; Number is the least
	NoteUnresolved NoteID = "unresolved" // our include could not be asked for now
	NoteLong       NoteID = "long"       // the record has Number octets; 450 are advised
	NoteWide       NoteID = "wide"       // all TXT records together need Number octets; UDP carries 1232
)

// Note is one remark on an Edit.
type Note struct {
	ID     NoteID `json:"id"`
	Term   string `json:"term,omitempty"`
	Number int    `json:"number,omitempty"`
}

// QuestionID is something only the owner of the domain can answer.
type QuestionID string

const (
	QuestionSenders  QuestionID = "senders"   // who else sends as the domain?
	QuestionComplete QuestionID = "complete"  // are these all senders? Then -all
	QuestionKeepFail QuestionID = "keep-fail" // one of the records ended in -all: shall the new one?
	QuestionRevive   QuestionID = "revive"    // should Term, which has no effect, count? It costs Number
	QuestionNoMail   QuestionID = "no-mail"   // the domain says that it sends no mail: shall it now?
)

// Question is to be asked before the new text is used. The text is right for
// the answer no.
type Question struct {
	ID     QuestionID `json:"id"`
	Term   string     `json:"term,omitempty"`
	Number int        `json:"number,omitempty"`
}

// Saving is a term that could go.
type Saving struct {
	Term    string `json:"term"`
	Lookups int    `json:"lookups"`
	Voids   int    `json:"voids"`
}

// Edit is how to get from the TXT records that are there to the one SPF record
// that is wished.
type Edit struct {
	Action    Action     `json:"action"`
	Old       []string   `json:"old"`     // to be replaced: the first by New, the others by nothing
	New       string     `json:"new"`     // "" for ActionStop
	Strings   []string   `json:"strings"` // New as the strings of one TXT record
	Before    int        `json:"before"`  // look-ups of the old record, -1 when there is no single valid one
	After     int        `json:"after"`   // look-ups of New
	Notes     []Note     `json:"notes"`
	Questions []Question `json:"questions"`
	Stop      StopID     `json:"stop,omitempty"`
	Problems  []Problem  `json:"problems,omitempty"`
	Savings   []Saving   `json:"savings,omitempty"` // best first
}

// Propose works out the edit that makes the SPF record of a domain include ours
// (requirements C11–C15): texts are all its TXT records. What is proposed has
// been counted and parsed again. A wish that cannot be read is refused.
func Propose(lookup Lookup, texts []string, wish Wish) (Edit, error) {
	d := &draft{lookup: lookup, wish: wish, edit: Edit{Before: -1}}
	senders, err := parseSenders(wish.Senders)
	if err != nil {
		return Edit{}, err
	}
	records := d.read(texts)
	switch {
	case d.edit.Stop != "":
		return d.stopped(d.edit.Stop), nil
	case len(records) == 0:
		d.edit.Action = ActionCreate
		d.create(senders)
	case len(records) == 1:
		d.edit.Action = ActionEdit
		d.terms = records[0].Terms
	default:
		d.edit.Action = ActionMerge
		d.merge(records)
	}
	return d.finish(texts), nil
}

// parseSenders reads the terms of other senders.
func parseSenders(words []string) ([]Term, error) {
	var terms []Term
	for _, word := range words {
		r, err := Parse(version + " " + word)
		if err != nil || len(r.Terms) != 1 || !r.Terms[0].IsMechanism() || r.Terms[0].Name == TermAll {
			return nil, myodai.Refuse(myodai.CodeInvalid, "senders", "%q is not a term that names a sender, such as include:_spf.example.com", word)
		}
		terms = append(terms, r.Terms[0])
	}
	return terms, nil
}

// draft is an edit in the making.
type draft struct {
	lookup Lookup
	wish   Wish
	edit   Edit
	terms  []Term
}

func (d *draft) note(id NoteID, term string, number int) {
	n := Note{ID: id, Term: term, Number: number}
	if !slices.Contains(d.edit.Notes, n) {
		d.edit.Notes = append(d.edit.Notes, n)
	}
}

func (d *draft) confirmed(id QuestionID) bool { return slices.Contains(d.wish.Confirmed, id) }

// ask puts a question unless it was answered with yes.
func (d *draft) ask(id QuestionID, term string, number int) {
	if !d.confirmed(id) {
		d.edit.Questions = append(d.edit.Questions, Question{ID: id, Term: term, Number: number})
	}
}

func (d *draft) stopped(id StopID) Edit {
	d.edit.Action, d.edit.Stop = ActionStop, id
	d.edit.New, d.edit.Strings, d.edit.Questions = "", nil, nil
	return d.edit
}

// read finds the records among the texts and mends them. Near misses count only
// when there is no record and they can be mended into one.
func (d *draft) read(texts []string) []Record {
	selection := Select(texts)
	d.edit.Old = append(d.edit.Old, selection.Records...)
	for _, miss := range selection.NearMisses {
		if _, err := Parse(d.repair(miss.Text)); err == nil && len(selection.Records) == 0 {
			d.edit.Old = append(d.edit.Old, miss.Text)
			continue
		}
		d.note(NoteNearMiss, miss.Text, 0)
	}
	var records []Record
	for _, text := range d.edit.Old {
		mended := d.repair(text)
		r, err := Parse(mended)
		if err != nil {
			d.edit.Stop, d.edit.Problems = StopSyntax, err.(*SyntaxError).Problems
			return nil
		}
		if mended != text {
			d.note(NoteRepaired, text, 0)
		}
		records = append(records, r)
	}
	if len(d.edit.Old) == 1 {
		if r, err := Parse(d.edit.Old[0]); err == nil {
			d.edit.Before = CountRecord(d.lookup, d.wish.Domain, r).Lookups
		}
	}
	return records
}

// repair is Repair, and also takes away the name of our include where it stands
// without "include:": it is put in again.
func (d *draft) repair(text string) string {
	mended := Repair(text)
	r, err := Parse(mended)
	if err == nil {
		return mended
	}
	ours := string(d.wish.Include)
	terms := slices.DeleteFunc(r.Terms, func(t Term) bool { return canonicalDomain(t.Text) == ours })
	if len(terms) < len(r.Terms) {
		return Repair(Record{Version: r.Version, Terms: terms}.String())
	}
	return mended
}

// term makes a term whose text is ours and therefore valid.
func term(text string) Term {
	t, _ := parseTerm(text)
	return t
}

func (d *draft) ours() Term { return term(string(TermInclude) + ":" + string(d.wish.Include)) }

// create starts a record with the senders that are known.
func (d *draft) create(senders []Term) {
	d.terms = senders
	if len(senders) == 0 {
		d.ask(QuestionSenders, "", 0)
	}
	end := "~all"
	if d.confirmed(QuestionComplete) {
		end = "-all"
	}
	d.ask(QuestionComplete, "", 0)
	d.terms = append(d.terms, term(end))
}
