package dmarc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/myodai/myodai"
)

// Lookup fetches the TXT records at a name, each with its strings joined.
// exists is false when the name does not exist at all (NXDOMAIN), which is more
// than having no TXT record. An error means that nobody knows.
type Lookup func(name myodai.Name) (txt []string, exists bool, err error)

// maxWalk is the label count a longer name jumps to after its first query, so
// that no walk needs more than eight (RFC 9989 §4.10).
const maxWalk = 7

// Owner is where the record of a domain is: at "_dmarc" below it.
func Owner(domain myodai.Name) myodai.Name { return domain.Child("_dmarc") }

// Walk lists the domains a tree walk from domain looks at, in order, unless it
// stops earlier: itself and those above it, at most eight (RFC 9989 §4.10).
func Walk(domain myodai.Name) []myodai.Name {
	all := domain.Ancestors()
	if len(all) > maxWalk+1 {
		all = slices.Concat(all[:1], all[len(all)-maxWalk:])
	}
	return all
}

// Entry is what a walk found at one domain.
type Entry struct {
	Domain   myodai.Name
	Texts    []string // that are or seem to be meant as DMARC records
	Record   Record   // the one there is; only when Found
	Found    bool     // exactly one record
	Void     bool     // Found, but see ErrVoid
	Problems []Problem
}

// Tree is what tree walks have seen so far: several questions about domains that
// are near each other look at each record once. It is for one judgement, not for
// concurrent use.
type Tree struct {
	lookup Lookup
	seen   map[myodai.Name]Entry   // without what nobody answered
	walked map[myodai.Name][]Entry // whole walks, not to be changed
}

// NewTree makes a tree of which nothing is seen.
func NewTree(lookup Lookup) *Tree {
	return &Tree{lookup: lookup, seen: map[myodai.Name]Entry{}, walked: map[myodai.Name][]Entry{}}
}

// Lookup is what the tree looks with.
func (t *Tree) Lookup(name myodai.Name) (txt []string, exists bool, err error) { return t.lookup(name) }

// read finds the record of one domain.
func (t *Tree) read(domain myodai.Name) (Entry, error) {
	if e, ok := t.seen[domain]; ok {
		return e, nil
	}
	e, err := read(domain, t.lookup)
	if err == nil {
		t.seen[domain] = e
	}
	return e, err
}

// read looks up the record of one domain.
func read(domain myodai.Name, lookup Lookup) (Entry, error) {
	e := Entry{Domain: domain}
	owner := Owner(domain)
	if _, err := myodai.ParseOwner(string(owner)); err != nil {
		return e, nil // such a name cannot exist
	}
	texts, _, err := lookup(owner)
	if err != nil {
		return e, fmt.Errorf("look up %s: %w", owner, err)
	}
	records := 0
	for _, txt := range texts {
		record, problems, err := Parse(txt)
		if err != ErrNotRecord {
			records++
			e.Record, e.Void = record, err == ErrVoid
		}
		if err != ErrNotRecord || problems != nil {
			e.Texts = append(e.Texts, txt)
			e.Problems = append(e.Problems, problems...)
		}
	}
	if records > 1 { // RFC 9989 §4.10 step 2: all are discarded
		e.Record, e.Void = Record{}, false
		e.Problems = append(e.Problems, Problem{Kind: ProblemSeveralRecords, Value: strings.Join(e.Texts, "\n")})
	}
	e.Found = records == 1
	return e, nil
}

// walk goes up the tree from domain. With an error it returns what it saw before.
func (t *Tree) walk(domain myodai.Name) ([]Entry, error) {
	if list, ok := t.walked[domain]; ok {
		return list, nil
	}
	names := Walk(domain)
	list := make([]Entry, 0, len(names))
	for _, name := range names {
		e, err := t.read(name)
		if err != nil {
			return list, err
		}
		list = append(list, e)
		if e.Found && e.Record.Suffix != SuffixUnknown {
			break
		}
	}
	t.walked[domain] = list
	return list, nil
}

// organizational selects the organizational domain from a whole walk from
// domain (RFC 9989 §4.10.2).
func organizational(domain myodai.Name, walked []Entry) myodai.Name {
	best := domain
	for _, e := range walked {
		switch {
		case !e.Found:
		case e.Record.Suffix == SuffixNo:
			return e.Domain
		case e.Record.Suffix == SuffixYes && e.Domain != domain:
			return below(e.Domain, domain)
		default:
			best = e.Domain
		}
	}
	return best
}

// below is the name one label below suffix, towards domain.
func below(suffix, domain myodai.Name) myodai.Name {
	names := domain.Ancestors()
	return names[len(names)-suffix.Labels()-1]
}

// OrganizationalDomain is the domain that domain belongs to, by the tree walk.
// Without any record it is domain itself. An error means it is unknown.
func OrganizationalDomain(domain myodai.Name, lookup Lookup) (myodai.Name, error) {
	return NewTree(lookup).organizational(domain)
}

func (t *Tree) organizational(domain myodai.Name) (myodai.Name, error) {
	walked, err := t.walk(domain)
	if err != nil {
		return "", err
	}
	return organizational(domain, walked), nil
}

// Discovery is the record that applies to mail from a domain, and how it was
// found.
type Discovery struct {
	Domain         myodai.Name // of the From field
	Organizational myodai.Name // of Domain; "" when not known
	At             myodai.Name // domain whose record applies; "" for none
	Record         Record      // that applies; zero without one
	Void           bool        // there is a record, but it makes no DMARC (ErrVoid)
	Standing       Standing    // of Domain to At; "" without a record
	Policy         Policy      // for Domain: p=, sp= or np=; "" without a record
	Entries        []Entry     // everything that was looked at, from Domain upwards
	Problems       []Problem   // of the record that applies
}

// Applies reports whether there is DMARC for the domain at all.
func (d Discovery) Applies() bool { return d.At != "" && !d.Void }

// Asked is what receivers are asked to do with mail that does not pass: the
// policy, one level less in test mode; "" without DMARC.
func (d Discovery) Asked() Policy {
	if !d.Applies() {
		return ""
	}
	return d.Record.Asked(d.Standing)
}

// Discover finds the record that applies to mail from domain: its own, that of
// its organizational domain, or that of the public suffix above, in this order
// (RFC 9989 §4.10.1).
//
// With an error the answer is unknown; what is known already is returned
// beside it, such as the domain's own record when only its organizational
// domain could not be found out.
func Discover(domain myodai.Name, lookup Lookup) (Discovery, error) {
	return NewTree(lookup).Discover(domain)
}

// Discover is the function of the same name.
func (t *Tree) Discover(domain myodai.Name) (Discovery, error) {
	d := Discovery{Domain: domain}
	walked, err := t.walk(domain)
	d.Entries = walked
	if err != nil {
		if len(walked) > 0 && walked[0].Found {
			d.apply(walked[0])
		}
		return d, err
	}
	d.Organizational = organizational(domain, walked)
	e, ok := applying(domain, d.Organizational, walked)
	if !ok {
		return d, nil
	}
	if e.Domain != domain && e.Record.NonExistent != "" {
		_, exists, err := t.lookup(domain)
		if err != nil {
			return d, fmt.Errorf("look up %s: %w", domain, err)
		}
		if !exists {
			d.Standing = StandingNonExistent
		}
	}
	d.apply(e)
	return d, nil
}

// applying chooses the entry whose record applies.
func applying(domain, org myodai.Name, walked []Entry) (Entry, bool) {
	for _, wanted := range []func(Entry) bool{
		func(e Entry) bool { return e.Domain == domain },
		func(e Entry) bool { return e.Domain == org },
		func(e Entry) bool { return e.Record.Suffix == SuffixYes },
	} {
		for _, e := range walked {
			if e.Found && wanted(e) {
				return e, true
			}
		}
	}
	return Entry{}, false
}

// apply makes the record of e the one that applies.
func (d *Discovery) apply(e Entry) {
	d.At, d.Record, d.Void = e.Domain, e.Record, e.Void
	d.Problems = slices.Clone(e.Problems)
	switch {
	case e.Domain == d.Domain:
		d.Standing = StandingOwn
	case d.Standing == "":
		d.Standing = StandingSubdomain
	}
	if !e.Void {
		d.Policy = e.Record.For(d.Standing)
	}
	if d.Organizational != "" && d.Organizational != e.Domain && e.Record.Suffix != SuffixYes {
		d.withoutEffect("sp", e.Record.Subdomains)
		d.withoutEffect("np", e.Record.NonExistent)
	}
	// The public suffix list decides nothing here, but who says psd=y where it
	// knows no suffix has most likely misread the tag.
	if e.Record.Suffix == SuffixYes && !e.Domain.IsPublicSuffix() {
		d.Problems = append(d.Problems, Problem{Kind: ProblemSuffixMisused, Tag: "psd", Value: "y"})
	}
}

// withoutEffect notes a policy for subdomains where it is not looked at.
func (d *Discovery) withoutEffect(tag string, policy Policy) {
	if policy != "" {
		d.Problems = append(d.Problems, Problem{Kind: ProblemNoEffect, Tag: tag, Value: string(policy)})
	}
}
