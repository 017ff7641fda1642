package store_test

import (
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// The serial grows with what can show in the zone, and only then.
func TestZoneSerial(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		serial := must(s.ZoneSerial(t.Context()))(t)
		var d myodai.Domain
		change := func(change func(myodai.Domain) myodai.Domain) {
			must(s.UpdateDomain(t.Context(), tenant.ID, d.ID, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) {
				return change(d), nil, nil
			}))(t)
		}
		for _, tt := range []struct {
			name  string
			do    func()
			grows bool
		}{
			{"platform keys", func() {
				ok(t, s.CreatePlatformKeys(t.Context(), "plat.example", []myodai.NewKey{newKey(t, "p1", myodai.KeyActive)}))
			}, true},
			{"a new domain", func() { d = newDomain(t, s, tenant.ID, "example.com") }, true},
			{"a check that finds nothing new", func() {
				change(func(d myodai.Domain) myodai.Domain {
					d.CheckedAt, d.NextCheckAt, d.FailedChecks = t0, t0, 9
					return d
				})
			}, false},
			{"another state", func() {
				change(func(d myodai.Domain) myodai.Domain { d.State = myodai.DomainAtRisk; return d })
			}, true},
			{"another shape", func() {
				change(func(d myodai.Domain) myodai.Domain { return d.Reshape("mail.example.com", myodai.ShapeCNAME) })
			}, true},
			{"a key withdrawn", func() {
				must(s.UpdateKeys(t.Context(), tenant.ID, d.ID, func(k []myodai.Key) ([]myodai.Key, []myodai.NewKey, []myodai.Event, error) {
					return k[:1], nil, nil, nil
				}))(t)
			}, true},
			{"mail", func() { accept(t, s, letter(d, t0, rcpt("a", "example.net"))) }, false},
			{"the domain deleted", func() { ok(t, s.DeleteDomain(t.Context(), tenant.ID, d.ID, t0)) }, true},
		} {
			tt.do()
			now := must(s.ZoneSerial(t.Context()))(t)
			if (now > serial) != tt.grows || now < serial {
				t.Errorf("%s: the serial went from %d to %d", tt.name, serial, now)
			}
			serial = now
		}
	})
}

func TestPublishedDomains(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		one, two := newTenant(t, s), newTenant(t, s)
		want := map[myodai.DomainID]myodai.Domain{}
		for _, d := range []myodai.Domain{
			newDomain(t, s, one.ID, "example.com"), newDomain(t, s, two.ID, "example.com"), newDomain(t, s, two.ID, "example.org"),
		} {
			want[d.ID] = d
		}
		bare := draftDomain(one.ID, "example.net") // without keys
		ok(t, s.CreateDomain(t.Context(), bare, nil))
		want[bare.ID] = bare
		list := must(s.PublishedDomains(t.Context()))(t)
		if len(list) != len(want) {
			t.Errorf("%d domains are published, want %d", len(list), len(want))
		}
		for _, p := range list {
			same(t, "domain", p.Domain, want[p.Domain.ID])
			same(t, "keys of "+string(p.Domain.Name), append([]myodai.Key{}, p.Keys...), must(s.Keys(t.Context(), p.Domain.TenantID, p.Domain.ID))(t))
		}
	})
}
