package diagnose

import (
	"iter"

	"github.com/myodai/myodai"
)

// place is what was said about one name.
type place struct {
	own    heard           // by the zone's own servers: of each address the last answer that counts
	public heard           // by public resolvers
	other  heard           // by servers of other DNS hosts
	passed []myodai.Record // by answers about other names, on their way

	here    []myodai.Record // see view.here, once found
	found   bool
	aliases []myodai.Name // see view.aliases, once looked
	looked  bool
}

// heard is the answers to questions about one name, by type.
type heard []replies

type replies struct {
	t    myodai.RecordType
	list []*myodai.Answer // in the order asked
}

// about lists the answers to the question of one type.
func (h heard) about(t myodai.RecordType) []*myodai.Answer {
	for i := range h {
		if h[i].t == t {
			return h[i].list
		}
	}
	return nil
}

// with is h and one answer more.
func (h heard) with(a *myodai.Answer) heard {
	for i := range h {
		if h[i].t == a.Type {
			h[i].list = append(h[i].list, a)
			return h
		}
	}
	return append(h, replies{a.Type, []*myodai.Answer{a}})
}

// settled is with, where an answer takes the place of an earlier one of the same
// address, unless it is none: then UDP said it, and TCP would not.
func (h heard) settled(a *myodai.Answer) heard {
	for i, earlier := range h.about(a.Type) {
		if earlier.Address == a.Address {
			if a.Kind() != myodai.AnswerUnknown {
				h.about(a.Type)[i] = a
			}
			return h
		}
	}
	return h.with(a)
}

// records goes through the records of the positive answers to questions of any
// type in allTypes.
func (p *place) records() iter.Seq2[*myodai.Answer, *myodai.Record] {
	return func(yield func(*myodai.Answer, *myodai.Record) bool) {
		for _, t := range allTypes {
			for _, a := range p.own.about(t) {
				if a.Kind() != myodai.AnswerPositive {
					continue
				}
				for i := range a.Records {
					if !yield(a, &a.Records[i]) {
						return
					}
				}
			}
		}
	}
}
