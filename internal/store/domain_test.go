package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func TestDomain(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant, other := newTenant(t, s), newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		same(t, "by id", must(s.Domain(t.Context(), tenant.ID, d.ID))(t), d)
		same(t, "by name", must(s.DomainNamed(t.Context(), tenant.ID, "example.com"))(t), d)
		same(t, "by token", must(s.DomainByToken(t.Context(), d.Token))(t), d)
		same(t, "by another's name", code(failure(s.DomainNamed(t.Context(), other.ID, "example.com"))), myodai.CodeNotFound)

		// E4, T01: the tenant has it once; that others have it is not its business.
		wantCode(t, s.CreateDomain(t.Context(), draftDomain(tenant.ID, "example.com"), nil), myodai.CodeConflict)
		newDomain(t, s, other.ID, "example.com")
		wantCode(t, s.CreateDomain(t.Context(), draftDomain("ten_none", "example.com"), nil), myodai.CodeNotFound)
	})
}

func TestUpdateDomain(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		want := myodai.Domain{
			ID: d.ID, TenantID: d.TenantID, Name: d.Name, Token: d.Token, // these never change
			State: myodai.DomainAtRisk, Shape: myodai.ShapeTXT, ReturnPath: "bounce.example.com",
			RegisteredAt: t0.Add(1 * time.Hour), VerifiedAt: t0.Add(2 * time.Hour), AtRiskAt: t0.Add(3 * time.Hour),
			FailedChecks: 7, Notices: 3, CheckedAt: t0.Add(4 * time.Hour), NextCheckAt: t0.Add(5 * time.Hour), ChangedAt: t0.Add(6 * time.Hour),
		}
		got, err := s.UpdateDomain(t.Context(), tenant.ID, d.ID, func(was myodai.Domain) (myodai.Domain, []myodai.Event, error) {
			same(t, "domain before", was, d)
			changed := want
			changed.ID, changed.TenantID, changed.Name, changed.Token = "dom_x", "ten_x", "example.org", "other"
			return changed, nil, nil
		})
		ok(t, err)
		same(t, "returned", got, want)
		same(t, "stored", must(s.Domain(t.Context(), tenant.ID, d.ID))(t), want)
	})
}

// Changes that happen at once do not overwrite each other.
func TestUpdateDomainLosesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				_, err := s.UpdateDomain(t.Context(), tenant.ID, d.ID, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) {
					d.Notices++
					return d, nil, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := must(s.Domain(t.Context(), tenant.ID, d.ID))(t).Notices; got != d.Notices+20 {
			t.Errorf("%d notices after 20 increments of %d", got, d.Notices)
		}
	})
}

// T02, P28: what a deleted domain left in DNS is worth nothing to the next one,
// and its keys sign nothing any more.
func TestDeletedDomain(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		s := open(t, url)
		must(s.Migrate(t.Context()))(t)
		tenant, other := newTenant(t, s), newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		a := letter(d, t0, rcpt("a", "example.net"))
		accept(t, s, a)
		if n := len(must(s.Signers(t.Context(), tenant.ID, d.ID))(t)); n != 1 {
			t.Fatalf("%d signers", n)
		}

		wantCode(t, s.DeleteDomain(t.Context(), other.ID, d.ID, t0), myodai.CodeNotFound)
		ok(t, s.DeleteDomain(t.Context(), tenant.ID, d.ID, t0.Add(time.Hour), event(tenant.ID, myodai.EventDomainDeleted, t0)))
		wantCode(t, s.DeleteDomain(t.Context(), tenant.ID, d.ID, t0.Add(time.Hour)), myodai.CodeNotFound)

		for name, err := range map[string]error{
			"Domain":        failure(s.Domain(t.Context(), tenant.ID, d.ID)),
			"DomainNamed":   failure(s.DomainNamed(t.Context(), tenant.ID, d.Name)),
			"DomainByToken": failure(s.DomainByToken(t.Context(), d.Token)),
			"UpdateDomain": failure(s.UpdateDomain(t.Context(), tenant.ID, d.ID, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) {
				return d, nil, nil
			})),
			"UpdateKeys": failure(s.UpdateKeys(t.Context(), tenant.ID, d.ID,
				func(keys []myodai.Key) ([]myodai.Key, []myodai.NewKey, []myodai.Event, error) {
					return keys, nil, nil, nil
				})),
		} {
			if code(err) != myodai.CodeNotFound {
				t.Errorf("%s of a deleted domain: %v", name, err)
			}
		}
		for name, n := range map[string]int{
			"Domains":          len(every(t, func(p myodai.Page) ([]myodai.Domain, string, error) { return s.Domains(t.Context(), tenant.ID, p) })),
			"SendingDomains":   len(must(s.SendingDomains(t.Context(), []myodai.Name{d.Name}))(t)),
			"PublishedDomains": len(must(s.PublishedDomains(t.Context()))(t)),
			"ClaimDomains":     len(must(s.ClaimDomains(t.Context(), 9, t0.AddDate(1, 0, 0), t0.AddDate(2, 0, 0)))(t)),
			"Signers":          len(must(s.Signers(t.Context(), tenant.ID, d.ID))(t)),
		} {
			if n != 0 {
				t.Errorf("%s still has %d of a deleted domain", name, n)
			}
		}

		var sealed int
		ok(t, raw(t, url).QueryRow(`select count(*) from dkim_keys where sealed is not null`).Scan(&sealed))
		if sealed != 0 {
			t.Errorf("%d private keys outlive their domain", sealed)
		}

		// The mail that waits is held by the check before the socket (P23).
		sending, err := s.Sending(t.Context(), a.Message.ID)
		held := sending.Domain
		if err != nil || held.ID != d.ID || held.CanSend() || held.State != myodai.DomainSuspended {
			t.Errorf("Sending: domain %s in state %s, error %v", held.ID, held.State, err)
		}

		// The same tenant may begin again, with new names; the old token is gone for all.
		newDomain(t, s, tenant.ID, "example.com")
		squatter := draftDomain(other.ID, "example.com")
		squatter.Token = d.Token
		if err := s.CreateDomain(t.Context(), squatter, nil); err == nil {
			t.Error("a new claim was given an old token")
		}
	})
}

func TestClaimDomains(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		var domains []myodai.Domain
		for i := range 4 {
			d := draftDomain(tenant.ID, myodai.Name(fmt.Sprintf("d%d.example", i)))
			d.NextCheckAt = t0.Add(time.Duration(4-i) * time.Minute)
			ok(t, s.CreateDomain(t.Context(), d, nil))
			domains = append(domains, d)
		}
		claim := func(max int, now time.Time) (names []myodai.Name) {
			for _, d := range must(s.ClaimDomains(t.Context(), max, now, now.Add(10*time.Minute)))(t) {
				names = append(names, d.Name)
			}
			return names
		}
		now := t0.Add(3 * time.Minute)
		same(t, "nothing is due", claim(9, t0.Add(time.Minute-time.Microsecond)), []myodai.Name(nil))
		same(t, "at most two, longest overdue first", claim(2, now), []myodai.Name{"d3.example", "d2.example"})
		same(t, "the one that is left and due", claim(9, now), []myodai.Name{"d1.example"})
		same(t, "all that are due are leased", claim(9, now), []myodai.Name(nil))
		same(t, "one becomes due", claim(9, now.Add(10*time.Minute-time.Microsecond)), []myodai.Name{"d0.example"})

		// A check ends the lease; another change does not.
		check := myodai.Check{ID: "chk_1", TenantID: tenant.ID, DomainID: domains[3].ID, At: now}
		unchanged := func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) { return d, nil, nil }
		must(s.RecordCheck(t.Context(), check, unchanged))(t)
		must(s.UpdateDomain(t.Context(), tenant.ID, domains[2].ID, unchanged))(t)
		same(t, "after a check that did not postpone", claim(9, now), []myodai.Name{"d3.example"})
		// P17: a node died; its leases run out.
		same(t, "after the lease", claim(9, now.Add(10*time.Minute)), []myodai.Name{"d3.example", "d2.example", "d1.example"})
	})
}

func TestSendingDomains(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		active, suspended := newTenant(t, s), newTenant(t, s)
		add := func(tenant myodai.TenantID, name myodai.Name, state myodai.DomainState) {
			d := draftDomain(tenant, name)
			d.State = state
			ok(t, s.CreateDomain(t.Context(), d, nil))
		}
		add(active.ID, "verified.example", myodai.DomainVerified)
		add(active.ID, "risk.example", myodai.DomainAtRisk)
		add(active.ID, "pending.example", myodai.DomainPending)
		add(active.ID, "suspended.example", myodai.DomainSuspended)
		add(suspended.ID, "verified.example", myodai.DomainVerified)
		add(suspended.ID, "other.example", myodai.DomainVerified)
		must(s.UpdateTenant(t.Context(), suspended.ID, func(t myodai.Tenant) (myodai.Tenant, []myodai.Event, error) {
			t.State = myodai.TenantSuspended
			return t, nil, nil
		}))(t)
		for _, tt := range []struct {
			name  string
			names []myodai.Name
			want  map[myodai.Name]myodai.TenantID
		}{
			{"none asked for", nil, map[myodai.Name]myodai.TenantID{}},
			{"unknown", []myodai.Name{"example.com"}, map[myodai.Name]myodai.TenantID{}},
			{"of a suspended tenant", []myodai.Name{"other.example"}, map[myodai.Name]myodai.TenantID{}},
			{"all", []myodai.Name{"verified.example", "risk.example", "pending.example", "suspended.example", "other.example"},
				map[myodai.Name]myodai.TenantID{"verified.example": active.ID, "risk.example": active.ID}},
		} {
			got := map[myodai.Name]myodai.TenantID{}
			for _, d := range must(s.SendingDomains(t.Context(), tt.names))(t) {
				got[d.Name] = d.TenantID
			}
			same(t, tt.name, got, tt.want)
		}
	})
}
