package store_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

const node = "node 1"

func claimCertificates(t *testing.T, s *store.Store, owner string, now time.Time) []myodai.WantedCertificate {
	t.Helper()
	return must(s.ClaimCertificates(t.Context(), owner, 9, now, now.Add(time.Minute)))(t)
}

func newCertificateID() myodai.CertificateID {
	return myodai.NewID[myodai.CertificateID](t0, rand.Reader)
}

// issue writes down a certificate that ends a month later.
func issue(t *testing.T, s *store.Store, w myodai.WantedCertificate, serial string) {
	t.Helper()
	ok(t, s.RecordCertificate(t.Context(), node, w.ID, &myodai.NewCertificate{Chain: []byte("chain " + serial), Private: []byte("private " + serial)}, t0,
		func(c myodai.Certificate) (myodai.Certificate, []myodai.Event) {
			c = c.Ordered(t0)
			c.Serial, c.Issuer, c.NotBefore, c.NotAfter = serial, "CA", t0, t0.AddDate(0, 0, 30)
			c.RenewAt = c.Renewal(0)
			c.DueAt = c.RenewAt
			return c, nil
		}))
}

// P27, T56: orders are made for names in the verified table only.
func TestOnlyProvedNamesAreOrdered(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s).ID
		d := newTracking(t, s, tenant, "click.example.com")
		if list := claimCertificates(t, s, node, t0); len(list) != 0 {
			t.Fatalf("an order for a name that is not proved: %+v", list)
		}
		recordTracking(t, s, d, t0, func(d myodai.TrackingDomain) myodai.TrackingDomain {
			d.State, d.Ready, d.Aliased = myodai.TrackingValidating, true, true
			return d
		})
		list := claimCertificates(t, s, node, t0)
		if len(list) != 1 || list[0].Host != d.Name || list[0].Token != d.Token || !list[0].Aliased || !list[0].Ready {
			t.Fatalf("claimed %+v", list)
		}
		if again := claimCertificates(t, s, "node 2", t0); len(again) != 0 {
			t.Errorf("two nodes order the same: %+v", again)
		}

		serial := must(s.ZoneSerial(t.Context()))(t)
		c := myodai.Challenge{CertificateID: list[0].ID, Kind: myodai.ChallengeDNS, Host: d.Name, Name: "x.acme.plat.example", Value: "v", MadeAt: t0}
		ok(t, s.AddChallenge(t.Context(), node, c))
		ok(t, s.AddChallenge(t.Context(), node, c)) // once more after a crash
		wantCode(t, s.AddChallenge(t.Context(), "node 2", c), myodai.CodeNotFound)
		same(t, "challenges", must(s.Challenges(t.Context()))(t), []myodai.Challenge{c})
		if must(s.ZoneSerial(t.Context()))(t) == serial {
			t.Error("the zone does not tell of a challenge")
		}

		issue(t, s, list[0], "1")
		if left := must(s.Challenges(t.Context()))(t); len(left) != 0 {
			t.Errorf("left behind: %+v", left)
		}
		held := must(s.Certificate(t.Context(), tenant, d.ID))(t)
		if !held.Held() || len(held.Orders) != 1 || held.Failure != nil {
			t.Errorf("held %+v", held)
		}
		served := must(s.ServedCertificate(t.Context(), held.ID))(t)
		if string(served.Private) != "private 1" || string(served.Chain) != "chain 1" || served.Host != d.Name {
			t.Errorf("served %+v", served)
		}
		if list := must(s.HeldCertificates(t.Context()))(t); len(list) != 1 || list[0].Serial != "1" || list[0].Private != nil {
			t.Errorf("held %+v", list)
		}
		if list := claimCertificates(t, s, node, t0.Add(time.Minute)); len(list) != 0 {
			t.Errorf("ordered again: %+v", list)
		}
		if list := claimCertificates(t, s, node, t0.AddDate(0, 0, 20)); len(list) != 1 {
			t.Errorf("not renewed: %+v", list)
		}
		wantCode(t, s.RecordCertificate(t.Context(), "node 2", held.ID, nil, t0, nil), myodai.CodeNotFound)
		ok(t, s.DeleteTracking(t.Context(), tenant, d.ID, t0))
		if list := must(s.HeldCertificates(t.Context()))(t); len(list) != 0 {
			t.Errorf("a name that was given up is still served: %+v", list)
		}
	})
}

// P27: who may not order is told of in time.
func TestExpiringCertificatesAreToldOf(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s).ID
		d := newTracking(t, s, tenant, "click.example.com")
		recordTracking(t, s, d, t0, serving)
		issue(t, s, claimCertificates(t, s, node, t0)[0], "1")
		recordTracking(t, s, d, t0, func(d myodai.TrackingDomain) myodai.TrackingDomain {
			d.State, d.Ready = myodai.TrackingAtRisk, false
			return d
		})
		late := t0.AddDate(0, 0, 30).Add(-30 * 24 * time.Hour / 4)
		if list := claimCertificates(t, s, node, late.Add(-time.Second)); len(list) != 0 {
			t.Errorf("too early: %+v", list)
		}
		list := claimCertificates(t, s, node, late)
		if len(list) != 1 || list[0].Ready || !list[0].MustWarn(late) {
			t.Fatalf("claimed %+v", list)
		}
		ok(t, s.RecordCertificate(t.Context(), node, list[0].ID, nil, late, func(c myodai.Certificate) (myodai.Certificate, []myodai.Event) {
			c.WarnedAt = late
			return c, nil
		}))
		if list := claimCertificates(t, s, node, late.Add(time.Hour)); len(list) != 0 {
			t.Errorf("twice: %+v", list)
		}
	})
}

func TestPlatformCertificates(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ok(t, s.WantCertificates(t.Context(), []myodai.Name{"mail.plat.example", "api.plat.example"}, t0, newCertificateID))
		ok(t, s.WantCertificates(t.Context(), []myodai.Name{"mail.plat.example"}, t0, newCertificateID))
		list := claimCertificates(t, s, node, t0)
		if len(list) != 1 || list[0].Host != "mail.plat.example" || !list[0].Ready || list[0].Token != "" {
			t.Fatalf("claimed %+v", list)
		}
		issue(t, s, list[0], "1")
		ok(t, s.WantCertificates(t.Context(), []myodai.Name{"mail.plat.example"}, t0, newCertificateID)) // after a restart
		if kept := must(s.PlatformCertificates(t.Context()))(t); len(kept) != 1 || !kept[0].Held() || kept[0].TenantID != "" {
			t.Errorf("kept %+v", kept)
		}
	})
}

// T57: account keys are sealed, and all nodes use the first one.
func TestACMEAccount(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		_, err := s.ACMEAccount(t.Context(), "https://ca.example/directory")
		wantCode(t, err, myodai.CodeNotFound)
		ok(t, s.AddACMEAccount(t.Context(), "https://ca.example/directory", []byte("first"), t0))
		ok(t, s.AddACMEAccount(t.Context(), "https://ca.example/directory", []byte("second"), t0))
		if key := must(s.ACMEAccount(t.Context(), "https://ca.example/directory"))(t); string(key) != "first" {
			t.Errorf("the key is %q", key)
		}
	})
}
