package store_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"sync"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func TestSigners(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant, other := newTenant(t, s), newTenant(t, s)
		d := draftDomain(tenant.ID, "example.com")
		active, standby := newKey(t, "s1", myodai.KeyActive), newKey(t, "s2", myodai.KeyStandby)
		rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
		ok(t, err)
		forRSA := newKey(t, "r1", myodai.KeyActive)
		forRSA.Key.Algorithm = myodai.KeyRSA
		forRSA.Private, err = x509.MarshalPKCS8PrivateKey(rsaKey)
		ok(t, err)
		ok(t, s.CreateDomain(t.Context(), d, []myodai.NewKey{active, standby, forRSA}))

		for range 2 { // opened, and from memory
			found := map[string]bool{}
			for _, signer := range must(s.Signers(t.Context(), tenant.ID, d.ID))(t) {
				found[signer.Selector] = true
				if signer.Domain != "example.com" {
					t.Errorf("selector %s signs for %s", signer.Selector, signer.Domain)
				}
				switch signer.Selector {
				case "r1":
					if !rsaKey.PublicKey.Equal(signer.Key.Public()) {
						t.Error("r1 is another key")
					}
				case "s1":
					if got := publicOf(t, signer.Key); got != active.Key.Public {
						t.Errorf("s1 is %s, want %s", got, active.Key.Public)
					}
				}
			}
			same(t, "signers", found, map[string]bool{"s1": true, "r1": true})
			if foreign := must(s.Signers(t.Context(), other.ID, d.ID))(t); len(foreign) != 0 {
				t.Errorf("another tenant gets %d signers", len(foreign))
			}
		}
	})
}

func TestUpdateKeys(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		before := must(s.Keys(t.Context(), tenant.ID, d.ID))(t)
		selectors := func() (list []string) {
			for _, signer := range must(s.Signers(t.Context(), tenant.ID, d.ID))(t) {
				list = append(list, signer.Selector)
			}
			return list
		}
		same(t, "signs first", selectors(), []string{"s1-" + d.Tag()})

		// The key in reserve takes over, under the tenant's unchanged records.
		after, err := s.UpdateKeys(t.Context(), tenant.ID, d.ID, func(keys []myodai.Key) ([]myodai.Key, []myodai.NewKey, []myodai.Event, error) {
			for i := range keys {
				keys[i].State = map[myodai.KeyState]myodai.KeyState{
					myodai.KeyActive: myodai.KeyRetired, myodai.KeyStandby: myodai.KeyActive,
				}[keys[i].State]
				keys[i].Public = "not to be written"
			}
			return keys, nil, []myodai.Event{event(tenant.ID, myodai.EventKeyRotated, t0)}, nil
		})
		ok(t, err)
		same(t, "stored", must(s.Keys(t.Context(), tenant.ID, d.ID))(t), after)
		for i, k := range after {
			if k.Public != before[i].Public || k.Selector != before[i].Selector || k.State == before[i].State {
				t.Errorf("key %+v became %+v", before[i], k)
			}
		}
		same(t, "signs after the rotation", selectors(), []string{"s2-" + d.Tag()})

		// The old key makes room for a new one under its selector.
		fresh := newKey(t, "s1-"+d.Tag(), myodai.KeyStandby)
		after, err = s.UpdateKeys(t.Context(), tenant.ID, d.ID, func(keys []myodai.Key) (keep []myodai.Key, add []myodai.NewKey, _ []myodai.Event, _ error) {
			for _, k := range keys {
				if k.State == myodai.KeyActive {
					keep = append(keep, k)
				}
			}
			return keep, []myodai.NewKey{fresh}, nil, nil
		})
		ok(t, err)
		if len(after) != 2 {
			t.Fatalf("keys %+v", after)
		}
		for _, k := range after {
			if k.TenantID != tenant.ID || k.DomainID != d.ID || (k.Selector == fresh.Key.Selector && k.Public != fresh.Key.Public) {
				t.Errorf("key %+v", k)
			}
		}

		replaced := must(s.Background(t.Context(), d))(t).Keys
		first := before[slices.IndexFunc(before, func(k myodai.Key) bool { return k.Selector == fresh.Key.Selector })]
		if len(replaced) != 1 || replaced[0].Selector != first.Selector || replaced[0].Public != first.Public || !replaced[0].ReplacedAt.Equal(fresh.Key.CreatedAt) {
			t.Errorf("remembered of the replaced key: %+v", replaced)
		}

		// A key that is revoked signs nothing from the next call on.
		must(s.UpdateKeys(t.Context(), tenant.ID, d.ID, func(keys []myodai.Key) ([]myodai.Key, []myodai.NewKey, []myodai.Event, error) {
			for i := range keys {
				keys[i].State = myodai.KeyRevoked
			}
			return keys, nil, nil, nil
		}))(t)
		same(t, "signs after the revocation", selectors(), []string(nil))
	})
}

func TestPlatformKeys(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		if signers := must(s.Signers(t.Context(), "", ""))(t); len(signers) != 0 {
			t.Errorf("%d signers of a platform without keys", len(signers))
		}
		// Several nodes start at once, each with keys of its own.
		var all sync.WaitGroup
		for range 4 {
			keys := []myodai.NewKey{newKey(t, "p1", myodai.KeyActive), newKey(t, "p2", myodai.KeyStandby)}
			all.Go(func() {
				if err := s.CreatePlatformKeys(t.Context(), "plat.example", keys); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		keys := must(s.PlatformKeys(t.Context()))(t)
		if len(keys) != 2 || keys[0].TenantID != "" || keys[0].DomainID != "" {
			t.Fatalf("platform keys %+v", keys)
		}
		signers := must(s.Signers(t.Context(), "", ""))(t)
		if len(signers) != 1 || signers[0].Domain != "plat.example" || signers[0].Selector != "p1" {
			t.Fatalf("signers %+v", signers)
		}
		after, err := s.UpdateKeys(t.Context(), "", "", func(keys []myodai.Key) ([]myodai.Key, []myodai.NewKey, []myodai.Event, error) {
			return keys, []myodai.NewKey{newKey(t, "p3", myodai.KeyActive)}, nil, nil
		})
		if err != nil || len(after) != 3 {
			t.Errorf("UpdateKeys: %d keys, error %v", len(after), err)
		}
		if signers := must(s.Signers(t.Context(), "", ""))(t); len(signers) != 2 {
			t.Errorf("%d signers, want 2", len(signers))
		}
	})
}
