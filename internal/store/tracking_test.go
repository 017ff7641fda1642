package store_test

import (
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func newTracking(t *testing.T, s *store.Store, tenant myodai.TenantID, name myodai.Name) myodai.TrackingDomain {
	t.Helper()
	d := myodai.TrackingDomain{
		ID: myodai.NewID[myodai.TrackingID](t0, rand.Reader), TenantID: tenant, Name: name, Way: myodai.TrackingPrepared,
		State: myodai.TrackingProving, Token: myodai.NewToken(rand.Reader), RegisteredAt: t0, NextCheckAt: t0, ChangedAt: t0,
	}
	ok(t, s.CreateTracking(t.Context(), d, myodai.NewID[myodai.CertificateID](t0, rand.Reader), 9, event(tenant, myodai.EventTrackingRegistered, t0)))
	return d
}

// recordTracking keeps a check with which the tracking domain changes.
func recordTracking(t *testing.T, s *store.Store, d myodai.TrackingDomain, at time.Time, change func(myodai.TrackingDomain) myodai.TrackingDomain) myodai.TrackingDomain {
	t.Helper()
	c := myodai.Check{ID: myodai.NewID[myodai.CheckID](at, rand.Reader), TenantID: d.TenantID, TrackingID: d.ID, At: at}
	return must(s.RecordTrackingCheck(t.Context(), c, func(d myodai.TrackingDomain, c myodai.Certificate, _ []myodai.TrackingDomain) (myodai.TrackingChange, error) {
		return myodai.TrackingChange{Domain: change(d), Certificate: c}, nil
	}))(t)
}

func serving(d myodai.TrackingDomain) myodai.TrackingDomain {
	d.State, d.Ready, d.VerifiedAt = myodai.TrackingVerified, true, t0
	return d
}

func TestTrackingDomains(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s).ID
		serial := must(s.ZoneSerial(t.Context()))(t)
		d := newTracking(t, s, tenant, "click.example.com")
		if must(s.ZoneSerial(t.Context()))(t) == serial {
			t.Error("the zone does not tell of a new tracking domain")
		}
		same(t, "read", must(s.TrackingDomain(t.Context(), tenant, d.ID))(t), d)
		wantCode(t, s.CreateTracking(t.Context(), d, "crt_x", 9), myodai.CodeConflict)
		other := d
		other.ID, other.Token, other.Name = myodai.NewID[myodai.TrackingID](t0, rand.Reader), "x", "go.example.com"
		wantCode(t, s.CreateTracking(t.Context(), other, "crt_x", 1), myodai.CodeConflict) // too many

		claimed := must(s.ClaimTracking(t.Context(), 9, t0, t0.Add(time.Minute)))(t)
		if len(claimed) != 1 || len(must(s.ClaimTracking(t.Context(), 9, t0, t0.Add(time.Minute)))(t)) != 0 {
			t.Errorf("claimed %+v, and again", claimed)
		}
		changed := recordTracking(t, s, d, t0, func(d myodai.TrackingDomain) myodai.TrackingDomain {
			d.State, d.Aliased, d.Deadline, d.RemindAt, d.NextCheckAt, d.Cause = myodai.TrackingValidating, true, t0.Add(time.Hour), t0.Add(time.Minute), t0, "record-missing"
			return d
		})
		same(t, "changed", must(s.TrackingDomain(t.Context(), tenant, d.ID))(t), changed)
		if len(must(s.ClaimTracking(t.Context(), 9, t0, t0.Add(time.Minute)))(t)) != 1 {
			t.Error("a check does not end the lease")
		}
		for i := range 25 {
			recordTracking(t, s, d, t0.Add(time.Duration(i)*time.Second), func(d myodai.TrackingDomain) myodai.TrackingDomain { return d })
		}
		if n := len(must(s.TrackingChecks(t.Context(), tenant, d.ID, t0.Add(time.Hour), 99))(t)); n != 20 {
			t.Errorf("%d checks are kept", n)
		}
		ok(t, s.DeleteTracking(t.Context(), tenant, d.ID, t0))
		wantCode(t, s.DeleteTracking(t.Context(), tenant, d.ID, t0), myodai.CodeNotFound)
		_, err := s.Certificate(t.Context(), tenant, d.ID)
		wantCode(t, err, myodai.CodeNotFound)
		if b := must(s.TrackingBackground(t.Context(), myodai.TrackingDomain{TenantID: tenant, Name: d.Name}))(t); len(b.Claims) != 1 {
			t.Errorf("claims that were given up: %+v", b.Claims)
		}
		if list := must(s.PublishedTracking(t.Context()))(t); len(list) != 0 {
			t.Errorf("still in the zone: %+v", list)
		}
	})
}

// T03, T55: whatever the rooms above decide, no two tenants serve one name.
func TestOneTenantServesAName(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		var claims []myodai.TrackingDomain
		for range 8 {
			claims = append(claims, newTracking(t, s, newTenant(t, s).ID, "click.example.com"))
		}
		var all sync.WaitGroup
		for _, d := range claims {
			all.Go(func() {
				c := myodai.Check{ID: myodai.NewID[myodai.CheckID](t0, rand.Reader), TenantID: d.TenantID, TrackingID: d.ID, At: t0}
				_, _ = s.RecordTrackingCheck(t.Context(), c, func(d myodai.TrackingDomain, c myodai.Certificate, _ []myodai.TrackingDomain) (myodai.TrackingChange, error) {
					return myodai.TrackingChange{Domain: serving(d), Certificate: c}, nil
				})
			})
		}
		all.Wait()
		list := must(s.ServingTracking(t.Context()))(t)
		if len(list) != 1 {
			t.Fatalf("%d tenants serve the name", len(list))
		}
		// One that yields makes room in the same transaction.
		next := claims[slices.IndexFunc(claims, func(d myodai.TrackingDomain) bool { return d.ID != list[0].ID })]
		c := myodai.Check{ID: myodai.NewID[myodai.CheckID](t0, rand.Reader), TenantID: next.TenantID, TrackingID: next.ID, At: t0}
		must(s.RecordTrackingCheck(t.Context(), c, func(d myodai.TrackingDomain, c myodai.Certificate, rivals []myodai.TrackingDomain) (myodai.TrackingChange, error) {
			if len(rivals) != 1 {
				return myodai.TrackingChange{}, errors.New("no rival is shown")
			}
			rivals[0].State = myodai.TrackingSuspended
			return myodai.TrackingChange{Domain: serving(d), Certificate: c, Rivals: rivals}, nil
		}))(t)
		if list := must(s.ServingTracking(t.Context()))(t); len(list) != 1 || list[0].ID != next.ID {
			t.Errorf("serving: %+v", list)
		}
	})
}

// Hosts of a suspended tenant are still answered at (T53): its mail is out there,
// and who got it may want no more.
func TestSuspendedTenantsHostsServe(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		d := recordTracking(t, s, newTracking(t, s, tenant.ID, "click.example.com"), t0, serving)
		must(s.UpdateTenant(t.Context(), tenant.ID, func(was myodai.Tenant) (myodai.Tenant, []myodai.Event, error) {
			was.State = myodai.TenantSuspended
			return was, nil, nil
		}))(t)
		same(t, "serving", must(s.ServingTracking(t.Context()))(t), []myodai.TrackingDomain{d})
		same(t, "suspended", must(s.SuspendedTenants(t.Context()))(t), []myodai.TenantID{tenant.ID})
	})
}
