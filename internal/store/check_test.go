package store_test

import (
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
		same(t, "checks", every(t, func(p myodai.Page) ([]myodai.Check, string, error) {
			return s.Checks(t.Context(), tenant.ID, d.ID, p)
		}), []myodai.Check{third, second, first})
		if n := kinds(t, s, tenant.ID)[myodai.EventDomainAtRisk]; n != 3 {
			t.Errorf("%d events, want 3", n)
		}
		foreign := myodai.Check{ID: "chk_f", TenantID: other.ID, DomainID: d.ID, At: t0}
		_, err = s.RecordCheck(t.Context(), foreign, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) { return d, nil, nil })
		wantCode(t, err, myodai.CodeNotFound)
	})
}
