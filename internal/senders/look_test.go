package senders_test

import (
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/submission"
)

// D11, T12: an address that was confirmed while its domain had no policy is looked
// at again. When the domain begins to ask for reject, the address is at risk, and
// an hour later nothing is sent from it, with the reason; when the record is taken
// back, or the domain verified, mail goes again. That nobody answers says nothing.
func TestConfirmedAddressesAreLookedAtAgain(t *testing.T) {
	r := newRoom(t, myodai.Policy{Verification: myodai.VerifyEither})
	acme := r.tenant("Acme")
	s, refusal := r.register(acme, "sales", "sales@firm.example")
	if refusal != nil || r.confirm(acme) != nil {
		t.Fatalf("registered: %+v, %v", s, refusal)
	}
	now := time.Now()
	look := func(after time.Duration, txt string, want int) {
		t.Helper()
		r.dmarc["_dmarc.firm.example"] = txt
		now = now.Add(after)
		if n, err := r.LookAgain(t.Context(), now); err != nil || n != want {
			t.Fatalf("%d were looked at, %v; want %d", n, err, want)
		}
	}
	is := func(what string, verified, atRisk bool, fate submission.Fate, says string) {
		t.Helper()
		got, err := r.Sender(t.Context(), acme.Tenant, s.Sender.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, way, err := submission.New(submission.Options{Store: r.store, Addresses: r.store}).Explain(t.Context(), acme.Tenant, "", s.Sender.Address)
		if err != nil || got.Verified() != verified || got.AtRisk() != atRisk || way.Fate != fate || !strings.Contains(way.Lacking, says) {
			t.Errorf("%s: verified %t, at risk %t, %s, lacking %q, %v", what, got.Verified(), got.AtRisk(), way.Fate, way.Lacking, err)
		}
	}
	const reject = "v=DMARC1; p=reject"
	look(time.Hour, "", 0)
	look(6*time.Hour, "v=DMARC1; p=none", 1)
	is("with p=none", true, false, submission.FateSend, "")
	look(6*time.Hour, reject, 1)
	is("when reject begins", true, true, submission.FateSend, "")
	look(time.Hour, "?", 1)
	r.dmarc["_dmarc.firm.example"] = reject
	is("when nobody answers", true, true, submission.FateSend, "")
	look(time.Hour, reject, 1)
	is("an hour later", false, false, submission.FateRefuse, "firm.example asks receivers by DMARC (p=reject)")
	look(time.Hour, "v=DMARC1; p=none", 1)
	is("taken back", true, false, submission.FateSend, "")
	look(6*time.Hour, reject, 1)
	look(time.Hour, reject, 1)
	is("refused again", false, false, submission.FateRefuse, "p=reject")
	r.verify(acme, "firm.example")
	is("its domain verified", true, false, submission.FateSend, "")
	look(time.Hour, reject, 1)

	events, _, err := r.store.Events(t.Context(), acme.Tenant, myodai.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range events {
		if strings.HasPrefix(string(e.Kind), "sender.") {
			kinds = append(kinds, strings.TrimPrefix(string(e.Kind), "sender."))
		}
	}
	if got := strings.Join(kinds, " "); got != "registered asked confirmed at_risk refused recovered at_risk refused recovered" {
		t.Errorf("events %s", got)
	}
}
