package plan

import (
	"iter"
	"slices"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
)

// maxAliases bounds how many aliases are followed from one planned name.
const maxAliases = 8

// Questions returns what is left to ask before the plan can be compared with
// what DNS said so far: the planned names, the DMARC tree walk, and where
// aliases lead. It returns nothing when all is known.
func Questions(p Plan, o myodai.Observation) []myodai.Question {
	var questions []myodai.Question
	ask := func(q myodai.Question) {
		again := func(other myodai.Question) bool { return other.Name == q.Name && other.Type == q.Type }
		if !asked(o, q) && !slices.ContainsFunc(questions, again) {
			questions = append(questions, q)
		}
	}
	for _, item := range p.Items {
		for _, t := range item.asks() {
			q := myodai.Question{Name: item.Name, Type: t, Confirm: item.proves()}
			ask(q)
			for _, target := range aliases(o, item.Name, t) {
				if !item.leadsTo(target) {
					ask(myodai.Question{Name: target, Type: t, OneServer: true})
				}
			}
		}
		if item.Purpose == myodai.PurposeDMARC {
			for _, domain := range dmarc.Walk(p.Domain) {
				ask(myodai.Question{Name: dmarc.Owner(domain), Type: myodai.TypeTXT})
			}
		}
	}
	return questions
}

// asked reports whether there is any answer to the question but by other DNS
// hosts.
func asked(o myodai.Observation, q myodai.Question) bool {
	for i := range o.Answers {
		if a := &o.Answers[i]; a.Name == q.Name && a.Type == q.Type && a.Host == "" {
			return true
		}
	}
	return false
}

// asks lists the types to ask for at the item's name. An alias is seen in the
// answer to any of them.
func (i Item) asks() []myodai.RecordType {
	switch {
	case i.Purpose == myodai.PurposeReturnPath && i.Type == myodai.TypeCNAME:
		return []myodai.RecordType{myodai.TypeMX, myodai.TypeTXT}
	case i.Type == myodai.TypeCNAME:
		return []myodai.RecordType{myodai.TypeTXT}
	}
	return []myodai.RecordType{i.Type}
}

// proves reports whether the item carries the claim token or a key of the
// claim, so that its presence proves ownership.
func (i Item) proves() bool {
	switch i.Purpose {
	case myodai.PurposeDKIM, myodai.PurposeReturnPath, myodai.PurposeTracking, myodai.PurposeACME:
		return true
	}
	return false
}

// leadsTo reports whether an alias to target is one the item wants.
func (i Item) leadsTo(target myodai.Name) bool {
	for _, f := range i.forms() {
		if f.t == myodai.TypeCNAME && f.value == string(target) {
			return true
		}
	}
	return false
}

// aliases lists where the name leads, by every server's answer, nearest first.
func aliases(o myodai.Observation, name myodai.Name, t myodai.RecordType) []myodai.Name {
	var targets []myodai.Name
	for a := range about(o, name, t) {
		targets = append(targets, follow(o, a).aliases...)
	}
	return targets
}

// about goes through the answers to one question of the zone's own servers, as
// Observation.About does, without copying them.
func about(o myodai.Observation, name myodai.Name, t myodai.RecordType) iter.Seq[*myodai.Answer] {
	return func(yield func(*myodai.Answer) bool) {
		for i := range o.Answers {
			a := &o.Answers[i]
			if a.Name == name && a.Type == t && !a.Recursive && a.Host == "" && !yield(a) {
				return
			}
		}
	}
}

// chain is where one answer leads: the aliases passed, and what stands at the
// end of them.
type chain struct {
	aliases []myodai.Name
	end     []myodai.Record // of the type asked for
}

// follow walks the aliases of an answer, through other answers of the same
// observation where the answer itself does not go on.
func follow(o myodai.Observation, a *myodai.Answer) chain {
	var c chain
	at, records := a.Name, a.Records
	for range maxAliases {
		if first(records, at, a.Type) != nil {
			c.end = of(records, at, a.Type)
			return c
		}
		alias := first(records, at, myodai.TypeCNAME)
		if alias == nil {
			return c
		}
		target, err := myodai.ParseOwner(alias.Data)
		if err != nil {
			return c
		}
		c.aliases = append(c.aliases, target)
		if at = target; first(records, at, a.Type) == nil && first(records, at, myodai.TypeCNAME) == nil {
			records = positive(o, target, a.Type)
		}
	}
	return c
}

// positive returns the records of the first answer to a question that has any.
func positive(o myodai.Observation, name myodai.Name, t myodai.RecordType) []myodai.Record {
	for a := range about(o, name, t) {
		if a.Kind() == myodai.AnswerPositive {
			return a.Records
		}
	}
	return nil
}

// first is the first record of a type at a name, nil when there is none.
func first(records []myodai.Record, name myodai.Name, t myodai.RecordType) *myodai.Record {
	for i := range records {
		if rr := &records[i]; rr.Type == t && rr.Name == name {
			return rr
		}
	}
	return nil
}

func of(records []myodai.Record, name myodai.Name, t myodai.RecordType) []myodai.Record {
	return myodai.Answer{Question: myodai.Question{Name: name}, Records: records}.Of(t)
}
