package dmarc

import (
	"errors"
	"slices"

	"github.com/myodai/myodai"
)

// Effect answers what happens to mail when a record is published.
type Effect struct {
	Before Evaluation // of the mail asked about, as things are
	After  Evaluation // of the same mail, with the record

	// What receivers will be asked to do with mail that does not pass, test mode
	// included; "" when nothing applies. Of subdomains without a record of their own; "" when another
	// record decides that, because the domain is not an organizational domain.
	Domain      Policy
	Subdomains  Policy
	NonExistent Policy

	// Reported says that somebody will be told who sends as the domain; without
	// that nobody learns whom the policy hits.
	Reported bool
}

// Worse reports whether the mail asked about would be handled more strictly.
func (e Effect) Worse() bool {
	return e.After.Disposition.strength() > e.Before.Disposition.strength()
}

// Publishing is a Lookup in which txt is the only DMARC record of domain.
func Publishing(domain myodai.Name, txt string, lookup Lookup) Lookup {
	return func(name myodai.Name) ([]string, bool, error) {
		if name == Owner(domain) {
			return []string{txt}, true, nil
		}
		return lookup(name)
	}
}

// EffectOf says what happens to the mail m when txt becomes the only DMARC record
// of domain. An error means that DNS could not be asked for what that depends on.
func EffectOf(domain myodai.Name, txt string, m Message, lookup Lookup) (Effect, error) {
	lookup = remember(lookup)
	published := Publishing(domain, txt, lookup)
	e := Effect{Before: Evaluate(m, lookup), After: Evaluate(m, published)}
	d, err := Discover(domain, published)
	if err != nil {
		return e, err
	}
	if d.Applies() {
		e.Domain = d.Record.Asked(d.Standing)
	}
	if d.Organizational == domain && d.Applies() && d.At == domain {
		e.Subdomains = d.Record.Asked(StandingSubdomain)
		e.NonExistent = d.Record.Asked(StandingNonExistent)
	}
	e.Reported = slices.ContainsFunc(d.Record.Aggregate, func(u URI) bool {
		ok, lookupErr := ReportAuthorized(domain, u, published)
		if lookupErr != nil {
			err = lookupErr
		}
		return ok
	})
	if e.Reported {
		err = nil
	}
	for _, evaluation := range []Evaluation{e.Before, e.After} {
		if evaluation.Result == ResultTempError && err == nil {
			err = errors.New(evaluation.Reason)
		}
	}
	return e, err
}
