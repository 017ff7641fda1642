package spf

import (
	"slices"

	"github.com/myodai/myodai"
)

// The bounds of one count, so that no zone can keep us busy (T19). They are far
// past the limits of RFC 7208, to be able to say by how much a record exceeds
// them.
const (
	maxCountedLookups = 100
	maxCountedTerms   = 2000
)

// Cost is what a record and everything it leads to costs a receiver for whom
// no term matches: the worst case (RFC 7208 §4.6.4).
type Cost struct {
	Domain  myodai.Name `json:"domain"`
	Record  string      `json:"record"`            // as spelled, "" when there is none
	Problem ReasonKind  `json:"problem,omitempty"` // why there is no record to count
	Terms   []TermCost  `json:"terms"`             // in order
	Lookups int         `json:"lookups"`           // terms that ask, here and below
	Voids   int         `json:"voids"`             // of them, those that find nothing
	// AtLeast says that the numbers are lower bounds: a loop, an answer that did
	// not come, a name that depends on the sender, or too much to count.
	AtLeast bool `json:"at_least,omitempty"`
}

// TermCost is one term of a counted record.
type TermCost struct {
	Term      Term        `json:"term"`
	Before    int         `json:"before"`  // look-ups that are spent when a receiver arrives here
	Lookups   int         `json:"lookups"` // its own and all below it
	Voids     int         `json:"voids"`   // its own and all below it
	Void      bool        `json:"void"`    // it finds nothing itself
	Dead      bool        `json:"dead"`    // never reached, or switched off
	Duplicate bool        `json:"duplicate"`
	Target    myodai.Name `json:"target"`            // where it asks, "" when that depends on the sender
	Hosts     int         `json:"hosts"`             // of mx
	Problem   ReasonKind  `json:"problem,omitempty"` // no-target, mx-hosts, dns, loop
	Below     *Cost       `json:"below,omitempty"`   // of include and redirect
}

// Count asks for everything the SPF record of domain leads to.
func Count(lookup Lookup, domain myodai.Name) Cost {
	c := counter{asker: newAsker(lookup, maxQuestions), sender: domain}
	return c.domain(domain, nil)
}

// CountRecord is Count for a record that domain does not publish yet.
func CountRecord(lookup Lookup, domain myodai.Name, r Record) Cost {
	c := counter{asker: newAsker(lookup, maxQuestions), sender: domain}
	return c.record(domain, r, nil)
}

type counter struct {
	*asker
	sender  myodai.Name
	lookups int
	terms   int
}

func (c *counter) domain(domain myodai.Name, path []myodai.Name) Cost {
	answer := c.ask(domain, myodai.TypeTXT)
	if answer.kind == myodai.AnswerUnknown {
		return Cost{Domain: domain, Problem: c.unknown(), AtLeast: true}
	}
	texts := Select(answer.records).Records
	switch len(texts) {
	case 0:
		return Cost{Domain: domain, Problem: ReasonNoRecord}
	case 1:
	default:
		return Cost{Domain: domain, Problem: ReasonMultiple}
	}
	r, err := Parse(texts[0])
	if err != nil {
		return Cost{Domain: domain, Record: texts[0], Problem: ReasonSyntax}
	}
	cost := c.record(domain, r, path)
	cost.Record = texts[0]
	return cost
}

// record counts the living terms in order, redirect last, as receivers go.
func (c *counter) record(domain myodai.Name, r Record, path []myodai.Name) Cost {
	path = append(path[:len(path):len(path)], domain)
	cost := Cost{Domain: domain, Record: r.String()}
	seen := map[string]bool{}
	redirect, all := -1, r.All()
	for i, t := range r.Terms {
		if c.terms == maxCountedTerms {
			cost.AtLeast = true
			break
		}
		c.terms++
		tc := TermCost{Term: t, Before: c.lookups, Duplicate: seen[t.Canonical()]}
		seen[t.Canonical()] = true
		switch {
		case r.dead(i, all):
			tc.Dead = true
		case t.Name == TermRedirect:
			redirect = i
		case t.Asks():
			cost.add(c.term(&tc, domain, path))
		}
		cost.Terms = append(cost.Terms, tc)
	}
	if redirect >= 0 {
		tc := &cost.Terms[redirect]
		tc.Before = c.lookups
		cost.add(c.term(tc, domain, path))
	}
	return cost
}

func (c *Cost) add(t *TermCost) {
	c.Lookups += t.Lookups
	c.Voids += t.Voids
	if t.Below != nil && t.Below.AtLeast || t.Problem == ReasonLoop ||
		t.Problem == ReasonDNS || t.Problem == ReasonQuestions || t.Target == "" {
		c.AtLeast = true
	}
}

// term counts one term that asks.
func (c *counter) term(t *TermCost, domain myodai.Name, path []myodai.Name) *TermCost {
	c.lookups++
	t.Lookups = 1
	name, static := domain, true
	if t.Term.Domain != "" {
		name, static = staticTarget(t.Term.Domain, domain, c.sender)
	}
	if !static {
		return t
	}
	t.Target = name
	if c.lookups > maxCountedLookups {
		t.Problem = ReasonQuestions
		return t
	}
	switch t.Term.Name {
	case TermInclude, TermRedirect:
		c.descend(t, path)
	case TermA:
		t.settle(c.addresses(name))
	case TermExists:
		t.settle(c.ask(name, myodai.TypeA))
	case TermMX:
		answer := c.ask(name, myodai.TypeMX)
		t.settle(answer)
		if t.Hosts = len(hosts(answer.records)); t.Hosts > MaxHosts {
			t.Problem = ReasonMXHosts
		}
	}
	return t
}

// settle notes what the answer to a term's own question means for it.
func (t *TermCost) settle(s set) {
	switch s.kind {
	case myodai.AnswerUnknown:
		t.Problem = ReasonDNS
	case myodai.AnswerNegative:
		t.Void, t.Voids = true, 1
	}
}

// addresses is void only when neither family has an address: which of them a
// receiver asks for depends on the client.
func (c *counter) addresses(name myodai.Name) set {
	v4 := c.ask(name, myodai.TypeA)
	if v4.kind != myodai.AnswerNegative {
		return v4
	}
	return c.ask(name, myodai.TypeAAAA)
}

// descend counts the record an include or redirect leads to.
func (c *counter) descend(t *TermCost, path []myodai.Name) {
	if slices.Contains(path, t.Target) {
		t.Problem = ReasonLoop
		return
	}
	below := c.domain(t.Target, path)
	t.Below = &below
	t.Lookups += below.Lookups
	t.Voids += below.Voids
	switch below.Problem {
	case ReasonNoRecord:
		t.Problem = ReasonNoTarget
		if len(c.ask(t.Target, myodai.TypeTXT).records) == 0 {
			t.Void = true
			t.Voids++
		}
	default:
		t.Problem = below.Problem
	}
}

// Reaches reports whether a client for whom target's record says pass passes
// here too: target is included with "+", or redirected to, directly or through
// others, before any all. The path leads from the record to target.
func (c Cost) Reaches(target myodai.Name) (path []myodai.Name, ok bool) {
	for _, t := range c.Terms {
		leads := t.Term.Name == TermInclude && t.Term.Qualifier == QualifierPass || t.Term.Name == TermRedirect
		if t.Dead || !leads {
			continue
		}
		if t.Target == target {
			return []myodai.Name{target}, true
		}
		if t.Below == nil {
			continue
		}
		if path, ok := t.Below.Reaches(target); ok {
			return append([]myodai.Name{t.Target}, path...), true
		}
	}
	return nil, false
}

// Beyond lists the terms of the record during or after which the limit of
// look-ups is passed: whom they allow, receivers answer with permerror.
func (c Cost) Beyond() []TermCost {
	var list []TermCost
	for _, t := range c.Terms {
		if t.Term.IsMechanism() && !t.Dead && t.Before+t.Lookups > MaxLookups {
			list = append(list, t)
		}
	}
	return list
}
