package spf

import "slices"

// finish puts our include into the draft, checks the result and returns it.
func (d *draft) finish(texts []string) Edit {
	d.drop()
	d.dedupe()
	d.bury()
	via, reached := d.count().Reaches(d.wish.Include)
	if !reached {
		d.insert()
	} else if len(via) > 1 {
		d.note(NoteNested, "include:"+string(via[0]), 0)
	}
	r := Record{Version: version, Terms: d.terms}
	if len(d.edit.Old) > 0 && isRecord(d.edit.Old[0]) {
		r.Version = d.edit.Old[0][:len(version)]
	}
	d.edit.New = r.String()
	if reached && len(d.edit.Old) == 1 && !slices.Contains(d.edit.Notes, Note{ID: NoteRepaired, Term: d.edit.Old[0]}) {
		d.keep()
	}
	return d.check(texts)
}

// keep leaves a record alone that reaches our include and does not pass the
// limits, whatever could be tidied up in it.
func (d *draft) keep() {
	r, err := Parse(d.edit.Old[0])
	if err != nil {
		return
	}
	if cost := CountRecord(d.lookup, d.wish.Domain, r); cost.Lookups <= MaxLookups && len(d.wish.Drop) == 0 &&
		!d.confirmed(QuestionRevive) {
		d.edit.Action, d.edit.New = ActionNone, d.edit.Old[0]
		d.edit.Questions = nil
	}
}

func (d *draft) count() Cost {
	return CountRecord(d.lookup, d.wish.Domain, Record{Version: version, Terms: d.terms})
}

// drop takes out the terms that may go.
func (d *draft) drop() {
	d.terms = slices.DeleteFunc(slices.Clone(d.terms), func(t Term) bool {
		if !slices.Contains(d.wish.Drop, t.Text) {
			return false
		}
		d.note(NoteDropped, t.Text, 0)
		return true
	})
}

// dedupe takes out living mechanisms that stand there a second time.
func (d *draft) dedupe() {
	r := Record{Terms: d.terms}
	all := r.All()
	seen := map[string]bool{}
	var terms []Term
	for i, t := range d.terms {
		if t.IsMechanism() && !r.dead(i, all) {
			if seen[t.Canonical()] {
				d.note(NoteDuplicate, t.Text, 0)
				continue
			}
			seen[t.Canonical()] = true
		}
		terms = append(terms, t)
	}
	d.terms = terms
}

// bury deals with the terms that have no effect. A second all and a switched-off
// redirect go, ours is put in again, other mechanisms stay where they are unless
// their owner wants them to count.
func (d *draft) bury() {
	r := Record{Terms: d.terms}
	all := r.All()
	if all < 0 {
		return
	}
	var before, after []Term
	for i, t := range d.terms {
		switch {
		case !r.dead(i, all) && i < all:
			before = append(before, t)
		case !r.dead(i, all):
			after = append(after, t)
		case t.Name == TermAll:
			d.note(NoteDropped, t.Text, 0)
		case d.isOurs(t):
			d.note(NoteMoved, t.Text, 0)
		case d.confirmed(QuestionRevive):
			before = append(before, revived(t))
		default:
			d.dead(t)
			if t.Name == TermRedirect {
				d.note(NoteDropped, t.Text, 0)
				continue
			}
			after = append(after, t)
		}
	}
	d.terms = append(before, after...)
}

// insert puts our include before all, or after the last mechanism when there is
// none: then a redirect still works, and an all would switch it off.
func (d *draft) insert() {
	for _, t := range d.terms {
		if d.isOurs(t) {
			d.note(NoteQualifier, t.Text, 0)
		}
	}
	at := slices.IndexFunc(d.terms, d.isOurs)
	d.terms = slices.DeleteFunc(d.terms, d.isOurs)
	r := Record{Terms: d.terms}
	if all := r.All(); at < 0 && all >= 0 {
		at = all
		if mechanisms(Record{Terms: d.terms[:all]}) == 0 && d.terms[all].Qualifier == QualifierFail && d.edit.Action != ActionCreate {
			d.ask(QuestionNoMail, "", 0)
		}
	}
	if at < 0 {
		at = d.last() + 1
	}
	if suspect := d.risky(at); suspect != "" {
		d.note(NoteFirst, suspect, 0)
		at = slices.IndexFunc(d.terms, Term.IsMechanism)
	}
	d.terms = slices.Insert(slices.Clone(d.terms), at, d.ours())
}

// last is the index of the last mechanism; without any it is that of the term
// before redirect, or of the last term.
func (d *draft) last() int {
	for i := len(d.terms) - 1; i >= 0; i-- {
		if d.terms[i].IsMechanism() {
			return i
		}
	}
	if at := (Record{Terms: d.terms}).Redirect(); at >= 0 {
		return at - 1
	}
	return len(d.terms) - 1
}

// risky is the first mechanism before index at that can end an evaluation, or
// helps to: one that finds nothing or could not be asked. It is "" for none.
func (d *draft) risky(at int) string {
	cost := d.count()
	for i, t := range cost.Terms[:min(at, len(cost.Terms))] {
		if t.Term.IsMechanism() && !t.Dead && (t.Voids > 0 || t.Problem != "") {
			return d.terms[i].Text
		}
	}
	return ""
}
