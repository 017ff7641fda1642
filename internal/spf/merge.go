package spf

import (
	"cmp"
	"slices"
)

// permissive orders qualifiers from the least restrictive.
var permissive = map[Qualifier]int{
	QualifierPass: 0, QualifierNeutral: 1, QualifierSoftFail: 2, QualifierFail: 3,
}

// merge makes one record of several: all mechanisms that have an effect, each
// once with its least restrictive qualifier, and the softest all at the end.
func (d *draft) merge(records []Record) {
	d.order(records)
	var mechanisms, alls, redirects, others []Term
	for _, r := range records {
		all := r.All()
		for i, t := range r.Terms {
			switch {
			case t.Name == TermAll:
				alls = append(alls, t)
			case r.dead(i, all):
				d.dead(t)
			case t.IsMechanism():
				mechanisms = d.join(mechanisms, t)
			case t.Name == TermRedirect:
				redirects = append(redirects, t)
			case t.Name == TermExp && slices.ContainsFunc(others, func(o Term) bool { return o.Name == TermExp }):
				d.note(NoteExp, t.Text, 0)
			case !slices.ContainsFunc(others, func(o Term) bool { return o.Canonical() == t.Canonical() }):
				others = append(others, t)
			}
		}
	}
	// An all switches redirect off, and there can be only one redirect: what
	// cannot stay becomes an include.
	for i, t := range redirects {
		if len(alls) == 0 && (i == 0 || t.Canonical() == redirects[0].Canonical()) {
			continue
		}
		mechanisms = d.join(mechanisms, term("include:"+t.Domain))
		d.note(NoteRedirect, t.Text, 0)
	}
	if len(alls) > 0 {
		mechanisms = append(mechanisms, d.softest(alls))
	} else if len(redirects) > 0 {
		others = append(others, redirects[0])
	}
	d.terms = append(mechanisms, others...)
}

// order puts the record with more mechanisms first. DNS shuffles records, so
// ties must not depend on their order: a record without our include comes
// before one with it, then the alphabet decides. The old texts follow.
func (d *draft) order(records []Record) {
	slices.SortStableFunc(records, func(a, b Record) int {
		return cmp.Or(
			cmp.Compare(mechanisms(b), mechanisms(a)),
			cmp.Compare(d.includes(a), d.includes(b)),
			cmp.Compare(a.String(), b.String()),
		)
	})
	place := map[string]int{}
	for i, r := range slices.Backward(records) {
		place[r.String()] = i
	}
	rank := map[string]int{}
	for _, text := range d.edit.Old {
		rank[text] = len(records)
		if r, err := Parse(d.repair(text)); err == nil {
			rank[text] = place[r.String()]
		}
	}
	slices.SortStableFunc(d.edit.Old, func(a, b string) int { return cmp.Compare(rank[a], rank[b]) })
}

func mechanisms(r Record) int {
	n := 0
	for _, t := range r.Terms {
		if t.IsMechanism() {
			n++
		}
	}
	return n
}

// includes counts how often a record names our include.
func (d *draft) includes(r Record) int {
	n := 0
	for _, t := range r.Terms {
		if d.isOurs(t) {
			n++
		}
	}
	return n
}

// isOurs reports whether the term is an include of ours with any qualifier.
func (d *draft) isOurs(t Term) bool {
	return t.Name == TermInclude && canonicalDomain(t.Domain) == string(d.wish.Include)
}

// join adds a mechanism unless it is there; the least restrictive qualifier
// wins.
func (d *draft) join(list []Term, t Term) []Term {
	at := slices.IndexFunc(list, func(o Term) bool { return o.mechanism() == t.mechanism() })
	switch {
	case at < 0:
		return append(list, t)
	case permissive[t.Qualifier] < permissive[list[at].Qualifier]:
		list[at] = t
	}
	return list
}

// softest is the all of a merged record: never "+all", which is taken for
// "~all".
func (d *draft) softest(alls []Term) Term {
	soft, hard := QualifierFail, false
	for _, t := range alls {
		q := t.Qualifier
		if q == QualifierPass {
			d.note(NotePlusAll, t.Text, 0)
			q = QualifierSoftFail
		}
		hard = hard || q == QualifierFail
		if permissive[q] < permissive[soft] {
			soft = q
		}
	}
	if hard && soft != QualifierFail {
		if d.confirmed(QuestionKeepFail) {
			soft = QualifierFail
		}
		d.ask(QuestionKeepFail, "", 0)
	}
	return term(string(soft) + "all")
}

// dead remarks on a term that has no effect, and asks whether it should.
func (d *draft) dead(t Term) {
	d.note(NoteDead, t.Text, 0)
	if d.isOurs(t) || t.Name == TermAll {
		return
	}
	number := 0
	if t.Asks() {
		cost := CountRecord(d.lookup, d.wish.Domain, Record{Version: version, Terms: []Term{revived(t)}})
		number = cost.Lookups
	}
	d.ask(QuestionRevive, t.Text, number)
}

// revived is the term as it stands where it has an effect.
func revived(t Term) Term {
	if t.Name == TermRedirect {
		return term("include:" + t.Domain)
	}
	return t
}
