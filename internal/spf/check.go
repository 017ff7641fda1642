package spf

import (
	"cmp"
	"slices"
)

// The sizes that DNS over UDP carries without trouble (RFC 7208 §3.4).
const (
	advisedRecord = 450
	advisedSet    = 1232
)

// check validates the result as a receiver would read it (C13).
func (d *draft) check(texts []string) Edit {
	r, err := Parse(d.edit.New)
	if err != nil {
		d.edit.Problems = err.(*SyntaxError).Problems // the only error Parse has
		return d.stopped(StopSyntax)
	}
	cost := CountRecord(d.lookup, d.wish.Domain, r)
	d.edit.After, d.edit.Strings = cost.Lookups, Split(d.edit.New)
	d.remark(r, cost)
	switch {
	case d.target() == ReasonNoRecord:
		return d.stopped(StopTarget)
	case d.edit.Action == ActionNone:
	case cost.Lookups > MaxLookups:
		d.edit.Savings = d.savings(cost)
		return d.stopped(StopLookups)
	case cost.Voids > MaxVoids:
		d.edit.Savings = d.savings(cost)
		return d.stopped(StopVoids)
	}
	d.measure(texts)
	return d.edit
}

// target says what is wrong with what our include leads to.
func (d *draft) target() ReasonKind {
	c := counter{asker: newAsker(d.lookup, maxQuestions), sender: d.wish.Domain}
	problem := c.domain(d.wish.Include, nil).Problem
	if problem != "" && problem != ReasonNoRecord {
		d.note(NoteUnresolved, d.ours().Text, 0)
	}
	return problem
}

// remark notes what is doubtful in the new record.
func (d *draft) remark(r Record, cost Cost) {
	for _, t := range cost.Terms {
		switch {
		case t.Dead:
		case t.Term.Name == TermPTR && t.Term.IsMechanism():
			d.note(NotePTR, t.Term.Text, t.Lookups)
		case t.Void:
			d.note(NoteVoid, t.Term.Text, 0)
		case t.Term.Name == TermAll && t.Term.Qualifier == QualifierPass:
			d.note(NotePlusAll, t.Term.Text, 0)
		}
	}
	if r.All() < 0 && r.Redirect() < 0 {
		d.note(NoteNoAll, "~all", 0)
	}
	if cost.AtLeast {
		d.note(NoteUncounted, "", cost.Lookups)
	} else if cost.Lookups >= MaxLookups-2 && cost.Lookups <= MaxLookups {
		d.note(NoteNearLimit, "", cost.Lookups)
	}
}

// measure notes sizes that make receivers fall back to TCP.
func (d *draft) measure(texts []string) {
	if n := len(d.edit.New); n > advisedRecord {
		d.note(NoteLong, "", n)
	}
	// Header, question and, for each record, a compressed owner, the fixed
	// fields and a length octet for each string.
	size := 12 + len(d.wish.Domain) + 2 + 4
	for _, text := range append([]string{d.edit.New}, texts...) {
		if text == d.edit.New || !slices.Contains(d.edit.Old, text) {
			size += 12 + len(text) + max(len(Split(text)), 1)
		}
	}
	if size > advisedSet {
		d.note(NoteWide, "", size)
	}
}

// savings lists what could go, best first: what finds nothing, what is
// obsolete, then what costs most.
func (d *draft) savings(cost Cost) []Saving {
	var list []Saving
	rank := func(t TermCost) int {
		switch {
		case t.Void:
			return 0
		case t.Term.Name == TermPTR:
			return 1
		}
		return 2
	}
	terms := slices.Clone(cost.Terms)
	slices.SortStableFunc(terms, func(a, b TermCost) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Lookups, a.Lookups))
	})
	for _, t := range terms {
		if t.Lookups > 0 && !d.isOurs(t.Term) {
			list = append(list, Saving{Term: t.Term.Text, Lookups: t.Lookups, Voids: t.Voids})
		}
	}
	return list
}
