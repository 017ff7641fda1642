package store

import (
	"reflect"

	"github.com/myodai/myodai"
)

// keptChecks is how many checks of a domain are kept whatever they say: more
// than the first hours of its life have, in which somebody looks at every one.
const keptChecks = 50

// thin drops the check that has just become older than keptChecks, unless
// something changed with it. A domain is checked for years and its records stand
// still for most of them: what remains still answers "what was the record on the
// 3rd", by the newest check before that day.
//
// Everything older was thinned already, so there is one check to judge at a time,
// by the one before it. Called when the domain's row is locked.
func (q session) thin(tenant myodai.TenantID, domain myodai.DomainID) error {
	pair, err := all(q, summaryFields, `
		select `+summaryColumns+` from checks where tenant_id = $1 and domain_id = $2
		 order by id desc limit 2 offset $3`, tenant, domain, keptChecks)
	if err != nil || len(pair) < 2 || changed(pair[1], pair[0]) {
		return err
	}
	_, err = q.exec(`delete from checks where id = $1`, pair[0].ID)
	return err
}

// changed reports whether a later check says anything else than an earlier one.
// When a wait ends and what the texts are made with differ every time, and tell
// of nothing that happened.
func changed(earlier, later myodai.Check) bool {
	what := func(c myodai.Check) (list []myodai.Finding) {
		for _, f := range c.Findings {
			list = append(list, myodai.Finding{Cause: f.Cause, Severity: f.Severity, Record: f.Record, Purpose: f.Purpose, Found: f.Found})
		}
		return list
	}
	return earlier.Verdict != later.Verdict || earlier.DNSHost != later.DNSHost ||
		!reflect.DeepEqual(earlier.Records, later.Records) || !reflect.DeepEqual(what(earlier), what(later))
}
