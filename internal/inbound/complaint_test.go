package inbound_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
	"github.com/myodai/myodai/internal/inbound"
)

// complaint is a feedback report about a mail with that return path, "" for
// none, to that recipient.
func complaint(kind, returnPath, recipient string) []byte {
	return []byte(strings.Join([]string{
		"From: fbl@isp.example", "Content-Type: multipart/report; report-type=feedback-report; boundary=b",
		"", "--b", "Content-Type: message/feedback-report", "",
		"Feedback-Type: " + kind, "User-Agent: FBL/1.0", "Source-IP: 192.0.2.10", "Original-Rcpt-To: " + recipient,
		"", "--b", "Content-Type: message/rfc822", "", "Return-Path: <" + returnPath + ">", "Subject: Hello", "", "Hi", "--b--", "",
	}, "\r\n"))
}

// abuseDesk is room with people at the postmaster's addresses.
func abuseDesk(t *testing.T) (*inbound.Service, *shelf, myodai.Delivery, *int) {
	t.Helper()
	_, store, d, o := room(t)
	handed := 0
	o.Postmaster = func(context.Context, myodai.Address, string, []byte) error { handed++; return nil }
	return inbound.New(*o), store, d, &handed
}

var (
	desk     = myodai.Address{Local: "abuse", Domain: zone}
	complain = []myodai.EventKind{myodai.EventMessageComplained, myodai.EventSuppressionAdded}
)

// Threat T43: a complaint counts by a return path of ours that verifies, and for
// that delivery's own recipient alone.
func TestReceiveComplaint(t *testing.T) {
	const taro = "taro@example.net"
	foreign := func(d myodai.Delivery) string {
		return bounce.MintReturnPath(sha256.Sum256([]byte("guess")), d.ID, bounceHost).String()
	}
	other := func(myodai.Delivery) string {
		id := myodai.NewID[myodai.DeliveryID](time.Now(), rand.Reader)
		return bounce.MintReturnPath(returnKey, id, bounceHost).String()
	}
	own := func(d myodai.Delivery) string { return d.ReturnPath.String() }
	none := func(myodai.Delivery) string { return "" }
	for _, tt := range []struct {
		name    string
		atDesk  bool // or else at the return path
		kind    string
		path    func(myodai.Delivery) string
		to      string
		counts  bool
		handed  bool // to people
		keptFor bool // the delivery
	}{
		{"at the desk", true, "abuse", own, taro, true, false, true},
		{"at the return path", false, "abuse", none, taro, true, false, true},
		{"at the return path, which it repeats", false, "abuse", own, taro, true, false, true},
		{"phishing", true, "fraud", own, taro, true, false, true},
		{"recipient blackened", true, "abuse", own, "5e3c9bd0@example.net", true, false, true},
		{"taken back", true, "not-spam", own, taro, false, true, false},
		{"taken back at the return path", false, "not-spam", none, taro, false, false, true},
		{"failed authentication", true, "auth-failure", own, taro, false, true, false},
		{"recipient elsewhere", true, "abuse", own, "taro@example.org", false, false, true},
		{"no return path", true, "abuse", none, taro, false, true, false},
		{"forged return path", true, "abuse", foreign, taro, false, true, false},
		{"return path of a delivery that is gone", true, "abuse", other, taro, false, true, false},
		{"return path of another delivery at this one's", false, "abuse", other, taro, false, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, store, d, handed := abuseDesk(t)
			to := d.ReturnPath
			if tt.atDesk {
				to = desk
			}
			if err := s.Receive(t.Context(), to, "192.0.2.1", complaint(tt.kind, tt.path(d), tt.to)); err != nil {
				t.Fatal(err)
			}
			var want []myodai.EventKind
			if tt.counts {
				want = complain
			}
			if got := store.kinds(); !slices.Equal(got, want) || len(store.suppressions) != len(want)/2 {
				t.Errorf("events %v, suppressions %+v; want %v", got, store.suppressions, want)
			}
			if store.deliveries[d.ID] != d {
				t.Errorf("delivery = %+v, want it as it was", store.deliveries[d.ID])
			}
			if (*handed == 1) != tt.handed || (len(store.returned) == 1) != tt.keptFor {
				t.Errorf("handed to people %d times, kept %d; want %v, %v", *handed, len(store.returned), tt.handed, tt.keptFor)
			}
		})
	}
}

func TestReceiveComplaintWritesWhatHappened(t *testing.T) {
	s, store, d, _ := abuseDesk(t)
	raw := complaint("abuse", d.ReturnPath.String(), "taro@example.net")
	for range 3 { // a replay changes nothing (T43)
		if err := s.Receive(t.Context(), desk, "192.0.2.1", raw); err != nil {
			t.Fatal(err)
		}
	}
	if len(store.returned) != 3 || len(store.events) != 2 || len(store.suppressions) != 1 {
		t.Fatalf("%d returned, events %v, %d suppressions; want 3, two events, one", len(store.returned), store.kinds(), len(store.suppressions))
	}
	r, e, p := store.returned[0], store.events[0], store.suppressions[0]
	if r.Kind != myodai.ReturnedComplaint || r.DeliveryID != d.ID || string(r.Raw) != string(raw) {
		t.Errorf("returned = %+v", r)
	}
	if e.TenantID != d.TenantID || e.DeliveryID != d.ID || e.MessageID != d.MessageID || e.Data["recipient"] != d.Recipient.String() ||
		e.Data["feedback_type"] != "abuse" || e.Data["user_agent"] != "FBL/1.0" || e.Data["source_ip"] != "192.0.2.10" || e.Data["returned"] != string(r.ID) {
		t.Errorf("event = %+v", e)
	}
	if p.TenantID != d.TenantID || p.Address != d.Recipient || p.Reason != myodai.SuppressionComplained || p.MessageID != d.MessageID ||
		p.Evidence != "feedback report (abuse) from 192.0.2.1 by FBL/1.0" {
		t.Errorf("suppression = %+v", p)
	}
}

// Nobody complains about what cannot have arrived.
func TestComplains(t *testing.T) {
	c := bounce.Complaint{Type: bounce.FeedbackAbuse}
	for _, tt := range []struct {
		state    myodai.DeliveryState
		attempts int
		want     bool
	}{
		{myodai.DeliveryDelivered, 1, true},
		{myodai.DeliveryDeferred, 2, true},
		{myodai.DeliveryAccepted, 1, true},
		{myodai.DeliveryAccepted, 0, false},
		{myodai.DeliveryBounced, 1, false},
		{myodai.DeliveryExpired, 9, false},
		{myodai.DeliverySuppressed, 0, false},
	} {
		if got := inbound.Complains(delivery(tt.state, tt.attempts), c); got != tt.want {
			t.Errorf("%s after %d attempts: Complains = %v, want %v", tt.state, tt.attempts, got, tt.want)
		}
	}
}

// A fault leaves the complaint with its sender, and nothing is handed to people.
func TestReceiveComplaintReportsFaults(t *testing.T) {
	s, store, d, handed := abuseDesk(t)
	store.fault = context.DeadlineExceeded
	err := s.Receive(t.Context(), desk, "192.0.2.1", complaint("abuse", d.ReturnPath.String(), "taro@example.net"))
	if err == nil || isNotFound(err) || *handed != 0 {
		t.Errorf("Receive = %v, handed over %d times; want the fault", err, *handed)
	}
}
