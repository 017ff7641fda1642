package inbound_test

import (
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
	"github.com/myodai/myodai/internal/inbound"
)

var now = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

func delivery(state myodai.DeliveryState, attempts int) myodai.Delivery {
	return myodai.Delivery{
		ID: "dlv_01kak9zz000000000000000001", TenantID: "ten_a", MessageID: "msg_a",
		Recipient: myodai.Address{Local: "Taro", Domain: "example.net"},
		State:     state, Attempts: attempts,
		LeaseOwner: "node-1", LeasedUntil: now.Add(time.Minute),
	}
}

func says(final string, action bounce.Action, status string) bounce.Recipient {
	return bounce.Recipient{Final: final, Action: action, Status: status, RemoteMTA: "mx.example.net"}
}

func TestDecide(t *testing.T) {
	const taro = "taro@example.net"
	gone := says(taro, bounce.ActionFailed, "5.1.1")
	for _, tt := range []struct {
		name       string
		state      myodai.DeliveryState
		attempts   int
		recipients []bounce.Recipient
		bounced    bool
		suppress   bool
	}{
		{"delivered, then refused", myodai.DeliveryDelivered, 1, []bounce.Recipient{gone}, true, true},
		{"attempt whose end was lost", myodai.DeliveryAccepted, 1, []bounce.Recipient{gone}, true, true},
		{"deferred, though one server took it", myodai.DeliveryDeferred, 3, []bounce.Recipient{gone}, true, true},
		{"never attempted", myodai.DeliveryAccepted, 0, []bounce.Recipient{gone}, false, false},
		{"bounced before", myodai.DeliveryBounced, 1, []bounce.Recipient{gone}, false, false},
		{"expired before", myodai.DeliveryExpired, 9, []bounce.Recipient{gone}, false, false},
		{"suppressed, never sent", myodai.DeliverySuppressed, 0, []bounce.Recipient{gone}, false, false},

		{"mailbox full", myodai.DeliveryDelivered, 1, []bounce.Recipient{says(taro, bounce.ActionFailed, "5.2.2")}, true, false},
		{"refused for policy", myodai.DeliveryDelivered, 1, []bounce.Recipient{says(taro, bounce.ActionFailed, "5.7.1")}, true, false},
		{"given up after days", myodai.DeliveryDelivered, 1, []bounce.Recipient{says(taro, bounce.ActionFailed, "4.4.7")}, true, false},
		{"no code at all", myodai.DeliveryDelivered, 1, []bounce.Recipient{says(taro, bounce.ActionFailed, "")}, true, false},

		{"delayed", myodai.DeliveryDelivered, 1, []bounce.Recipient{says(taro, bounce.ActionDelayed, "5.1.1")}, false, false},
		{"delivered on", myodai.DeliveryDelivered, 1, []bounce.Recipient{says(taro, bounce.ActionDelivered, "2.0.0")}, false, false},
		{"relayed", myodai.DeliveryDelivered, 1, []bounce.Recipient{says(taro, bounce.ActionRelayed, "2.0.0")}, false, false},
		{"expanded", myodai.DeliveryDelivered, 1, []bounce.Recipient{says(taro, bounce.ActionExpanded, "2.0.0")}, false, false},

		{"another recipient (T41)", myodai.DeliveryDelivered, 1, []bounce.Recipient{says("hanako@example.net", bounce.ActionFailed, "5.1.1")}, false, false},
		{"forwarded from ours (T41)", myodai.DeliveryDelivered, 1, []bounce.Recipient{
			{Final: "x@example.org", Original: taro, Action: bounce.ActionFailed, Status: "5.1.1"}}, false, false},
		{"ours among others", myodai.DeliveryDelivered, 1, []bounce.Recipient{says("hanako@example.net", bounce.ActionFailed, "5.7.1"), gone}, true, true},
		{"ours delayed, another failed", myodai.DeliveryDelivered, 1, []bounce.Recipient{
			says(taro, bounce.ActionDelayed, "4.2.2"), says("hanako@example.net", bounce.ActionFailed, "5.1.1")}, false, false},
		{"no report", myodai.DeliveryDelivered, 1, nil, false, false},
	} {
		got := inbound.Decide(delivery(tt.state, tt.attempts), bounce.Report{Recipients: tt.recipients}, now)
		if got.Bounced != tt.bounced || got.Suppress != tt.suppress {
			t.Errorf("%s: Decide = %+v, want bounced %v, suppress %v", tt.name, got, tt.bounced, tt.suppress)
		}
		if got.Bounced != (got.Outcome.Kind == myodai.OutcomePermanent) || got.Bounced != (got.Class != "") {
			t.Errorf("%s: Decide = %+v, want an outcome and a class with a bounce and only then", tt.name, got)
		}
	}
}

// RFC 3461: what the server that took the mail was asked to tell goes on to the
// sender, and nothing else.
func TestTells(t *testing.T) {
	const taro = "taro@example.net"
	for _, tt := range []struct {
		name   string
		asked  bool // the server
		notify myodai.Notify
		final  string
		action bounce.Action
		want   myodai.NoticeKind
	}{
		{"delivered", true, "success,failure", taro, bounce.ActionDelivered, myodai.NoticeDelivered},
		{"relayed", true, "success", taro, bounce.ActionRelayed, myodai.NoticeRelayed},
		{"expanded", true, "success", taro, bounce.ActionExpanded, myodai.NoticeRelayed},
		{"delayed", true, "delay", taro, bounce.ActionDelayed, myodai.NoticeDelayed},
		{"delivered, and nobody wants to know", true, "failure", taro, bounce.ActionDelivered, ""},
		{"delayed, and nobody wants to know", true, "success", taro, bounce.ActionDelayed, ""},
		{"delivered, and nobody asked the server", false, "success", taro, bounce.ActionDelivered, ""},
		{"somebody else (T41)", true, "success", "hanako@example.net", bounce.ActionDelivered, ""},
		{"failed, which Decide is for", true, "success,failure,delay", taro, bounce.ActionFailed, ""},
	} {
		d := delivery(myodai.DeliveryDelivered, 1)
		d.Terms.Notify, d.Last.DSN = tt.notify, tt.asked
		report := bounce.Report{Recipients: []bounce.Recipient{{Final: tt.final, Action: tt.action}}}
		if got := inbound.Tells(d, report); got != tt.want {
			t.Errorf("%s: Tells = %q, want %q", tt.name, got, tt.want)
		}
	}
}
