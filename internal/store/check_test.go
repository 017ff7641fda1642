package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func TestRecordCheck(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant, other := newTenant(t, s), newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		check := func(at time.Time, state myodai.DomainState) myodai.Check {
			c := myodai.Check{
				ID: myodai.CheckID("chk_" + at.Format("150405")), TenantID: tenant.ID, DomainID: d.ID, At: at, Verdict: myodai.VerdictDisproved,
				Records: []myodai.RecordCheck{{
					Name: "s1._domainkey.example.com", Type: myodai.TypeCNAME, Purpose: myodai.PurposeDKIM, Required: true,
					Status: myodai.StatusDifferent, Found: []string{"CNAME example.net"}, Reason: "Something else is there.",
				}},
				Findings: []myodai.Finding{{Cause: "record-different", Severity: myodai.SeverityBlocks, Primary: true, Args: map[string]string{"a": "b"}}},
				DNSHost:  "sakura",
				Observation: myodai.Observation{
					Domain: "example.com", StartedAt: at, FinishedAt: at.Add(time.Second),
					Answers: []myodai.Answer{{
						Question: myodai.Question{Name: "example.com", Type: myodai.TypeTXT}, Server: "ns1.example.net", RCode: "NOERROR", Authoritative: true,
						Records: []myodai.Record{{Name: "example.com", Type: myodai.TypeTXT, TTL: 300, Data: `v=spf1 \000\"x`, Strings: []string{`v=spf1 \000\"x`}}},
						At:      at, Took: 12 * time.Millisecond,
					}},
				},
			}
			got, err := s.RecordCheck(t.Context(), c, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) {
				d.State = state
				return d, []myodai.Event{event(tenant.ID, myodai.EventDomainAtRisk, at)}, nil
			})
			ok(t, err)
			if got.State != state {
				t.Errorf("the domain returned is %s, want %s", got.State, state)
			}
			return c
		}
		_, err := s.LastCheck(t.Context(), tenant.ID, d.ID)
		wantCode(t, err, myodai.CodeNotFound)
		first, second, third := check(t0, myodai.DomainAtRisk), check(t0.Add(time.Minute), myodai.DomainAtRisk), check(t0.Add(time.Hour), myodai.DomainSuspended)

		same(t, "last check", must(s.LastCheck(t.Context(), tenant.ID, d.ID))(t), third)
		same(t, "one check", must(s.Check(t.Context(), tenant.ID, d.ID, second.ID))(t), second)
		listed := func(until time.Time) []myodai.Check {
			return every(t, func(p myodai.Page) ([]myodai.Check, string, error) {
				return s.Checks(t.Context(), tenant.ID, d.ID, until, p)
			})
		}
		bare := func(checks ...myodai.Check) []myodai.Check {
			for i := range checks {
				checks[i].Observation = myodai.Observation{}
			}
			return checks
		}
		same(t, "checks", listed(third.At), bare(third, second, first))
		same(t, "checks up to a time between two", listed(third.At.Add(-time.Minute)), bare(second, first))
		same(t, "checks before the first", listed(first.At.Add(-time.Second)), []myodai.Check(nil))
		if n := kinds(t, s, tenant.ID)[myodai.EventDomainAtRisk]; n != 3 {
			t.Errorf("%d events, want 3", n)
		}
		foreign := myodai.Check{ID: "chk_f", TenantID: other.ID, DomainID: d.ID, At: t0}
		_, err = s.RecordCheck(t.Context(), foreign, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) { return d, nil, nil })
		wantCode(t, err, myodai.CodeNotFound)
	})
}

// Observations are kept word for word however large they are (issue 3, item 9).
func TestLargeObservation(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		c := myodai.Check{
			ID: "chk_1", TenantID: tenant.ID, DomainID: d.ID, At: t0, Verdict: myodai.VerdictUnknown,
			Observation: myodai.Observation{Domain: d.Name, StartedAt: t0, FinishedAt: t0},
		}
		for i := range 500 {
			c.Observation.Answers = append(c.Observation.Answers, myodai.Answer{
				Question: myodai.Question{Name: d.Name.Child(fmt.Sprintf("n%d", i)), Type: myodai.TypeTXT}, RCode: "NOERROR", At: t0,
				Records: []myodai.Record{{Name: d.Name, Type: myodai.TypeTXT, Data: strings.Repeat("ü\\000", 50)}},
			})
		}
		_, err := s.RecordCheck(t.Context(), c, unchanged)
		ok(t, err)
		same(t, "the large check", must(s.Check(t.Context(), tenant.ID, d.ID, c.ID))(t), c)
	})
}

func unchanged(d myodai.Domain) (myodai.Domain, []myodai.Event, error) { return d, nil, nil }

// The last fifty checks stay, and before them every one that said something new.
func TestOldChecksAreThinned(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		const all = 80
		for i := range all {
			c := myodai.Check{
				ID: myodai.CheckID(fmt.Sprintf("chk_%03d", i)), TenantID: tenant.ID, DomainID: d.ID,
				At: t0.Add(time.Duration(i) * time.Hour), Verdict: myodai.VerdictDisproved,
				Findings: []myodai.Finding{{Cause: "record-missing", VisibleAt: t0.Add(time.Duration(i) * time.Minute)}},
			}
			switch {
			case i >= 20:
				c.Findings[0].Record = "s1._domainkey.example.com"
			case i >= 10:
				c.Findings[0].Cause = "record-different"
			case i == 5:
				c.Verdict = myodai.VerdictUnknown
			}
			_, err := s.RecordCheck(t.Context(), c, unchanged)
			ok(t, err)
		}
		list, _, err := s.Checks(t.Context(), tenant.ID, d.ID, t0.Add(all*time.Hour), myodai.Page{Limit: 200})
		ok(t, err)
		var old []myodai.CheckID
		for _, c := range list[50:] {
			old = append(old, c.ID)
		}
		same(t, "the last one of the fifty", list[49].ID, myodai.CheckID("chk_030"))
		same(t, "what is older", old, []myodai.CheckID{"chk_020", "chk_010", "chk_006", "chk_005", "chk_000"})
		at, _, err := s.Checks(t.Context(), tenant.ID, d.ID, t0.Add(14*time.Hour), myodai.Page{Limit: 1})
		ok(t, err)
		same(t, "what was found on the fifteenth hour", at[0].Findings[0].Cause, myodai.Cause("record-different"))
	})
}

func TestBackground(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant, other := newTenant(t, s), newTenant(t, s)
		gone := newDomain(t, s, tenant.ID, "example.com")
		ok(t, s.DeleteDomain(t.Context(), tenant.ID, gone.ID, t0))
		newDomain(t, s, other.ID, "example.com")
		newDomain(t, s, other.ID, "other.example")
		newDomain(t, s, tenant.ID, "example.net")
		d := newDomain(t, s, tenant.ID, "example.com")
		for i := range 10 {
			at := t0.Add(time.Duration(i) * time.Hour)
			c := myodai.Check{
				ID: myodai.CheckID(fmt.Sprintf("chk_%03d", i)), TenantID: tenant.ID, DomainID: d.ID, At: at,
				Observation: myodai.Observation{FinishedAt: at},
			}
			var err error
			d, err = s.RecordCheck(t.Context(), c, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) {
				d.PlannedAt, d.EnteredAt, d.ConnectedAt, d.Cause = t0, t0.Add(2*time.Hour), t0.Add(time.Hour), "record-missing"
				return d, nil, nil
			})
			ok(t, err)
		}
		same(t, "domain", must(s.Domain(t.Context(), tenant.ID, d.ID))(t), d)
		b := must(s.Background(t.Context(), d))(t)
		var hours []int
		for _, o := range b.Earlier {
			hours = append(hours, int(o.FinishedAt.Sub(t0).Hours()))
		}
		same(t, "earlier: the last four, and the one asked for", hours, []int{9, 8, 7, 6, 2})
		same(t, "other domains", b.Others, []myodai.Name{"example.net"})
		if len(b.Claims) != 1 || b.Claims[0].Domain.Token != gone.Token || !b.Claims[0].EndedAt.Equal(t0) || len(b.Claims[0].Keys) != 2 {
			t.Errorf("former claims %+v", b.Claims)
		}
	})
}
