package store_test

import (
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// F2, F6: a tenant's policy stands over the platform's, and each says only what
// it says.
func TestPolicy(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant, other := newTenant(t, s), newTenant(t, s)
		same(t, "policy that nobody set", must(s.Policy(t.Context(), tenant.ID))(t), myodai.DefaultPolicy())
		ok(t, s.SetPolicy(t.Context(), "", myodai.Policy{Verification: myodai.VerifyEither, Addresses: myodai.AddressesOne}))
		list := must(myodai.ParseSenderList("example.com"))(t)
		own := myodai.Policy{Verification: myodai.VerifyBoth, Senders: &list}
		e := event(tenant.ID, myodai.EventPolicyChanged, t0)
		ok(t, s.SetPolicy(t.Context(), tenant.ID, own, e))
		same(t, "what was said", must(s.OwnPolicy(t.Context(), tenant.ID))(t), own)

		want := myodai.DefaultPolicy()
		want.Verification, want.Addresses = myodai.VerifyEither, myodai.AddressesOne
		same(t, "another tenant's policy", must(s.Policy(t.Context(), other.ID))(t), want)
		same(t, "the platform's policy", must(s.Policy(t.Context(), ""))(t), want)
		want.Verification, want.Senders = myodai.VerifyBoth, &list
		same(t, "the tenant's policy", must(s.Policy(t.Context(), tenant.ID))(t), want)

		ok(t, s.SetPolicy(t.Context(), tenant.ID, myodai.Policy{}))
		want.Verification, want.Senders = myodai.VerifyEither, nil
		same(t, "the tenant's policy when it says nothing anymore", must(s.Policy(t.Context(), tenant.ID))(t), want)
		wantCode(t, s.SetPolicy(t.Context(), "ten_00000000000000000000000000", own), myodai.CodeNotFound)
	})
}
