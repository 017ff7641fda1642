package senders_test

import (
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/senders"
)

// E3, E4, F4, T14: a domain may be several tenants', and an address of it is one's:
// whoever was verified with it first, by mail or by the domain. Who has proved
// nothing learns nothing.
func TestAddressBelongsToOne(t *testing.T) {
	taken := func(refusal *myodai.Error) bool {
		return refusal != nil && refusal.Code == myodai.CodeConflict && strings.Contains(refusal.Message, "belongs to another account")
	}
	for name, p := range map[string]myodai.Verification{"by the domain": myodai.VerifyDomain, "by either": myodai.VerifyEither} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, myodai.Policy{Verification: p})
			a, b := r.tenant("Plan A"), r.tenant("Plan B")
			r.verify(a, "acme.example")
			r.verify(b, "acme.example")
			if got, refusal := r.register(a, "sales", "sales@acme.example"); refusal != nil || !got.Verified() {
				t.Fatalf("the first: %+v, %v", got, refusal)
			}
			if _, refusal := r.register(b, "sales", "SALES@acme.example"); !taken(refusal) {
				t.Errorf("the same address: %v", refusal)
			}
			got, refusal := r.register(b, "marketing", "marketing@acme.example") // E4
			if refusal != nil || !got.Verified() {
				t.Fatalf("another address: %+v, %v", got, refusal)
			}
			address := "sales@acme.example"
			if _, err := r.Change(t.Context(), b, got.Sender.ID, senders.Registration{Address: &address}); !taken(r.refusal(err)) {
				t.Errorf("changed to the same: %v", err)
			}
			if o, err := r.Outlook(t.Context(), b.Tenant, address); err != nil || !taken(o.Refused) {
				t.Errorf("outlook: %+v, %v", o, err)
			}
			if o, err := r.Outlook(t.Context(), r.tenant("Stranger").Tenant, address); err != nil || taken(o.Refused) { // T14
				t.Errorf("a stranger learns: %+v, %v", o.Refused, err)
			}
		})
	}
}

// E3: one by mail and one by the domain do not share an address either.
func TestAddressBelongsToOneHoweverProved(t *testing.T) {
	r := newRoom(t, myodai.Policy{Verification: myodai.VerifyEither})
	byMail, byDomain := r.tenant("By mail"), r.tenant("By domain")
	mine, _ := r.register(byMail, "a", "sales@acme.example")
	r.verify(byDomain, "acme.example")
	if got, refusal := r.register(byDomain, "a", "sales@acme.example"); refusal != nil || !got.Verified() {
		t.Fatalf("asked for, and not confirmed, it is in nobody's way: %v", refusal)
	}
	if refusal := r.confirm(byMail); refusal == nil || refusal.Code != myodai.CodeConflict {
		t.Errorf("confirmed after that: %v", refusal)
	}
	if got, err := r.Sender(t.Context(), byMail.Tenant, mine.Sender.ID); err != nil || got.Verified() {
		t.Errorf("%+v, %v", got, err)
	}
	other, _ := r.register(byMail, "b", "info@acme.example")
	if refusal := r.confirm(byMail); refusal != nil {
		t.Fatal(refusal)
	}
	if _, refusal := r.register(byDomain, "b", "info@acme.example"); refusal == nil || refusal.Code != myodai.CodeConflict {
		t.Errorf("registered by the domain after it was confirmed: %v", refusal)
	}
	// Later claims to a domain take nothing away from who was first.
	r.verify(byMail, "acme.example")
	if got, err := r.Sender(t.Context(), byMail.Tenant, mine.Sender.ID); err != nil || !got.Verified() {
		t.Errorf("the one that was registered first: %+v, %v", got.Outlook.Refused, err)
	}
	if got, err := r.Sender(t.Context(), byMail.Tenant, other.Sender.ID); err != nil || !got.Verified() {
		t.Errorf("the one that is confirmed: %+v, %v", got.Outlook.Refused, err)
	}
}
