package submission_test

import (
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// D14, F8: what becomes of a suppressed recipient is what the request says, or
// else the message, or else the policy; and in every case the record says since
// when and why.
func TestSuppressedRules(t *testing.T) {
	since := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	because := "suppressed since 2026-10-01, because it bounced: 550 no such user"
	for _, tt := range []struct {
		name            string
		policy, request myodai.SuppressedRule
		field           string
		state           myodai.DeliveryState // "" for refused
		notify          bool
		record          string
	}{
		{"policy drops", "drop", "", "", myodai.DeliverySuppressed, false, "accepted, not sent: " + because},
		{"policy refuses", "refuse", "", "", "", false, because},
		{"policy holds", "hold", "", "", myodai.DeliveryHeld, false, "accepted, held: " + because},
		{"policy answers", "bounce", "", "", myodai.DeliverySuppressed, true, "accepted, not sent: " + because},
		{"request over policy", "drop", "bounce", "", myodai.DeliverySuppressed, true, "accepted, not sent: " + because},
		{"message over policy", "drop", "", "hold", myodai.DeliveryHeld, false, "accepted, held: " + because},
		{"message and request differ", "drop", "hold", "refuse", "", false, "leave one out"},
		{"nonsense", "drop", "", "shred", "", false, "not one of"},
	} {
		l := newLedger()
		l.publish(l.domains[0].ID, "example.com", "s1", myodai.KeyRSA)
		l.policy.Suppressed = tt.policy
		r := request(hello)
		if tt.field != "" {
			r = request("X-Myodai-Suppressed: " + tt.field + "\r\n" + hello)
		}
		r.Suppressed, r.Recipients = tt.request, addresses("gone@one.example", "b@two.example")
		l.suppressed[r.Recipients[0]] = myodai.Suppression{
			ID: "sup_1", TenantID: shop, Address: r.Recipients[0], Reason: myodai.SuppressionBounced, Evidence: "550 no such user", CreatedAt: since,
		}
		got, err := engine(l).Submit(t.Context(), r)
		if tt.state == "" {
			if err == nil || !strings.Contains(err.Error(), tt.record) || len(l.accepted) != 0 {
				t.Errorf("%s: %v, want a refusal that says %q", tt.name, err, tt.record)
			}
			if tt.policy == "refuse" && (len(l.events) != 1 || l.events[0].Data["because"] != because) {
				t.Errorf("%s: on record are %v", tt.name, l.events)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		d := got.Deliveries[0]
		if d.State != tt.state || d.Notify != tt.notify || d.Last.Text != tt.record || got.Deliveries[1].State != myodai.DeliveryAccepted {
			t.Errorf("%s: %+v", tt.name, d)
		}
		if strings.Contains(string(l.accepted[0].Body), "X-Myodai") {
			t.Errorf("%s: the field that speaks to us goes on", tt.name)
		}
	}
}

// One message goes through when an entry may be probed, and the next is held back
// again.
func TestProbeGoesThroughOnce(t *testing.T) {
	l := newLedger()
	l.publish(l.domains[0].ID, "example.com", "s1", myodai.KeyRSA)
	r := request(hello)
	r.Recipients = addresses("gone@one.example")
	l.suppressed[r.Recipients[0]] = myodai.Suppression{
		ID: "sup_1", TenantID: shop, Address: r.Recipients[0], Reason: myodai.SuppressionBounced,
	}.Suppress(time.Now().Add(-2*myodai.ProbeAfter), myodai.ProbeAfter)
	e := engine(l)
	for n, want := range []myodai.DeliveryState{myodai.DeliveryAccepted, myodai.DeliverySuppressed} {
		got, err := e.Submit(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if d := got.Deliveries[0]; d.State != want || (d.Probe != "") != (n == 0) {
			t.Errorf("mail %d: %+v, want it %s", n+1, d, want)
		}
	}
}

// D9: where the policy requires an audit nothing is accepted before one has
// passed for the class.
func TestGateBeforeTheFirstSend(t *testing.T) {
	l := newLedger()
	l.publish(l.domains[0].ID, "example.com", "s1", myodai.KeyRSA)
	l.policy.AuditRequired = myodai.SwitchOn
	e := engine(l)
	for _, tt := range []struct {
		name   string
		passed myodai.ClassName
		open   bool
	}{{"none", "none", false}, {"of another class", myodai.ClassMarketing, false}, {"of the class", myodai.ClassTransactional, true}, {"of all", "", true}} {
		l.audited = map[myodai.ClassName]bool{tt.passed: true}
		if _, err := e.Submit(t.Context(), request(hello)); (err == nil) != tt.open {
			t.Errorf("audit %s: %v", tt.name, err)
		}
	}
}
