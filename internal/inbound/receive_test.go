package inbound_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
	"github.com/myodai/myodai/internal/inbound"
)

func isNotFound(err error) bool {
	refusal, ok := errors.AsType[*myodai.Error](err)
	return ok && refusal.Code == myodai.CodeNotFound && refusal.Message != ""
}

func notification(final, action, status string) []byte {
	return []byte(strings.Join([]string{
		"From: MAILER-DAEMON@mx.example.net",
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b",
		"", "--b", "Content-Type: message/delivery-status", "",
		"Reporting-MTA: dns; mx.example.net", "",
		"Final-Recipient: rfc822; " + final,
		"Action: " + action,
		"Status: " + status,
		"Remote-MTA: dns; mail.example.net",
		"Diagnostic-Code: smtp; 550 " + status + " User unknown",
		"", "--b--", "",
	}, "\r\n"))
}

func prose(said string) []byte {
	return []byte("From: MAILER-DAEMON@mx.example.net\r\nSubject: failure notice\r\n\r\n" +
		"Hi. This is the qmail-send program at mx.example.net.\r\n\r\n" + said + "\r\n")
}

func TestReceive(t *testing.T) {
	const taro = "taro@example.net"
	for _, tt := range []struct {
		name   string
		raw    []byte
		kind   myodai.ReturnedKind
		state  myodai.DeliveryState
		events []myodai.EventKind
	}{
		{"no such user", notification(taro, "failed", "5.1.1"), myodai.ReturnedBounce, myodai.DeliveryBounced,
			[]myodai.EventKind{myodai.EventMessageBounced, myodai.EventSuppressionAdded}},
		{"mailbox full", notification(taro, "failed", "5.2.2"), myodai.ReturnedBounce, myodai.DeliveryBounced,
			[]myodai.EventKind{myodai.EventMessageBounced}},
		{"delayed", notification(taro, "delayed", "4.2.2"), myodai.ReturnedBounce, myodai.DeliveryDelivered, nil},
		{"about somebody else (T41)", notification("hanako@example.net", "failed", "5.1.1"), myodai.ReturnedBounce, myodai.DeliveryDelivered, nil},
		{"vacation", []byte("Auto-Submitted: auto-replied\r\n\r\nAway.\r\n"), myodai.ReturnedAutoReply, myodai.DeliveryDelivered, nil},
		{"bounce in prose", prose("<taro@example.net>:\r\n550 5.1.1 no such user"), myodai.ReturnedBounce, myodai.DeliveryBounced,
			[]myodai.EventKind{myodai.EventMessageBounced, myodai.EventSuppressionAdded}},
		{"bounce in prose, without a code (T41)", prose("<taro@example.net>:\r\nno such user"), myodai.ReturnedBounce, myodai.DeliveryBounced,
			[]myodai.EventKind{myodai.EventMessageBounced}},
		{"bounce in prose about somebody else (T41)", prose("<hanako@example.net>:\r\n550 5.1.1 no such user"), myodai.ReturnedBounce, myodai.DeliveryDelivered, nil},
		{"a person who writes of bounces", []byte("Subject: failure\r\n\r\n550 5.1.1 <taro@example.net> unknown\r\n"), myodai.ReturnedAutoReply, myodai.DeliveryDelivered, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, store, d, _ := room(t)
			if err := s.Receive(t.Context(), d.ReturnPath, "192.0.2.1", tt.raw); err != nil {
				t.Fatal(err)
			}
			if len(store.returned) != 1 {
				t.Fatalf("returned = %v, want one", store.returned)
			}
			r := store.returned[0]
			if r.Kind != tt.kind || r.DeliveryID != d.ID || r.Remote != "192.0.2.1" || !bytes.Equal(r.Raw, tt.raw) || r.ReceivedAt.IsZero() {
				t.Errorf("returned = %+v, want it as it came, of kind %s", r, tt.kind)
			}
			if got := store.deliveries[d.ID].State; got != tt.state {
				t.Errorf("state = %s, want %s", got, tt.state)
			}
			if got := store.kinds(); !slices.Equal(got, tt.events) {
				t.Errorf("events = %v, want %v", got, tt.events)
			}
			if suppressed := slices.Contains(tt.events, myodai.EventSuppressionAdded); suppressed != (len(store.suppressions) == 1) {
				t.Errorf("suppressions = %+v, want some: %v", store.suppressions, suppressed)
			}
		})
	}
}

func TestReceiveWritesWhatHappened(t *testing.T) {
	s, store, d, _ := room(t)
	if err := s.Receive(t.Context(), d.ReturnPath, "192.0.2.1", notification("TARO@EXAMPLE.NET", "failed", "5.1.1")); err != nil {
		t.Fatal(err)
	}
	after := store.deliveries[d.ID]
	if o := after.Last; o.Kind != myodai.OutcomePermanent || o.Code != 550 || o.Enhanced != "5.1.1" || o.Host != "mail.example.net" || o.At.IsZero() {
		t.Errorf("last outcome = %+v, want the refusal", o)
	}
	if after.LeaseOwner != "" || !after.LeasedUntil.IsZero() {
		t.Errorf("lease = %q until %v, want none", after.LeaseOwner, after.LeasedUntil)
	}
	e := store.events[0]
	if e.TenantID != d.TenantID || e.MessageID != d.MessageID || e.DeliveryID != d.ID || e.ID == "" || e.At.IsZero() ||
		e.Data["class"] != "recipient" || e.Data["recipient"] != "Taro@example.net" || e.Data["enhanced"] != "5.1.1" {
		t.Errorf("event = %+v", e)
	}
	p := store.suppressions[0]
	if p.TenantID != d.TenantID || p.Address != d.Recipient || p.Reason != myodai.SuppressionBounced ||
		p.MessageID != d.MessageID || p.Evidence != "550 5.1.1 User unknown" || p.ID == "" {
		t.Errorf("suppression = %+v", p)
	}
}

func TestSecondNotificationIsKeptAndChangesNothing(t *testing.T) {
	s, store, d, _ := room(t)
	for range 3 {
		if err := s.Receive(t.Context(), d.ReturnPath, "192.0.2.1", notification("taro@example.net", "failed", "5.1.1")); err != nil {
			t.Fatal(err)
		}
	}
	if len(store.returned) != 3 || len(store.events) != 2 || len(store.suppressions) != 1 {
		t.Errorf("%d returned, events %v, %d suppressions; want 3 returned, two events, one suppression",
			len(store.returned), store.kinds(), len(store.suppressions))
	}
}

// Threat T41: a notification to one delivery's return path never acts on
// another delivery or another recipient.
func TestForgedNotificationsSuppressNobody(t *testing.T) {
	s, store, d, _ := room(t)
	other := d
	other.ID = myodai.NewID[myodai.DeliveryID](time.Now(), rand.Reader)
	other.Recipient = myodai.Address{Local: "hanako", Domain: "example.net"}
	store.deliveries[other.ID] = other
	for _, forged := range []myodai.Address{
		bounce.MintReturnPath(sha256.Sum256([]byte("guess")), other.ID, bounceHost),
		{Local: "b-" + string(other.ID)[4:] + d.ReturnPath.Local[28:], Domain: bounceHost},
	} {
		if err := s.Receive(t.Context(), forged, "192.0.2.1", notification("hanako@example.net", "failed", "5.1.1")); !isNotFound(err) {
			t.Errorf("Receive at %v = %v, want a refusal", forged, err)
		}
	}
	if err := s.Receive(t.Context(), d.ReturnPath, "192.0.2.1", notification("hanako@example.net", "failed", "5.1.1")); err != nil {
		t.Fatal(err)
	}
	if len(store.suppressions) != 0 || len(store.events) != 0 || store.deliveries[other.ID] != other {
		t.Errorf("suppressions %v, events %v, delivery %+v; want nothing changed", store.suppressions, store.kinds(), store.deliveries[other.ID])
	}
}

func TestReceiveReport(t *testing.T) {
	s, store, _, _ := room(t)
	to := myodai.Address{Local: token, Domain: "dmarc.plat.example"}
	if err := s.Receive(t.Context(), to, "192.0.2.1", []byte("Subject: Report Domain: customer.example\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if len(store.returned) != 1 || store.returned[0].Kind != myodai.ReturnedReport || store.returned[0].DomainID != "dom_a" ||
		store.returned[0].TenantID != "ten_a" || store.returned[0].DeliveryID != "" {
		t.Errorf("returned = %+v, want one report of dom_a", store.returned)
	}
	if got := store.kinds(); !slices.Equal(got, []myodai.EventKind{myodai.EventReportReceived}) || store.events[0].DomainID != "dom_a" || store.events[0].TenantID != "ten_a" {
		t.Errorf("events = %+v, want report.received of dom_a", store.events)
	}
}

func TestReceivePostmaster(t *testing.T) {
	_, store, _, o := room(t)
	var got []string
	away := errors.New("disk full")
	fail := false
	o.Postmaster = func(_ context.Context, to myodai.Address, remote string, raw []byte) error {
		got = append(got, to.String()+" "+remote+" "+string(raw))
		if fail {
			return away
		}
		return nil
	}
	s := inbound.New(*o)
	to := myodai.Address{Local: "postmaster", Domain: zone}
	if err := s.Receive(t.Context(), to, "192.0.2.1", []byte("x\r\n")); err != nil {
		t.Fatal(err)
	}
	fail = true
	if err := s.Receive(t.Context(), to, "192.0.2.1", []byte("y\r\n")); !errors.Is(err, away) {
		t.Errorf("Receive = %v, want the fault, so that nothing is lost", err)
	}
	if want := []string{"postmaster@plat.example 192.0.2.1 x\r\n", "postmaster@plat.example 192.0.2.1 y\r\n"}; !slices.Equal(got, want) {
		t.Errorf("postmaster got %q, want %q", got, want)
	}
	if len(store.returned) != 0 {
		t.Errorf("returned = %v, want none", store.returned)
	}
}

// A fault leaves the mail with its sender: nothing is acknowledged that is not
// written (P01).
func TestReceiveReportsFaults(t *testing.T) {
	s, store, d, _ := room(t)
	store.fault = errors.New("database away")
	err := s.Receive(t.Context(), d.ReturnPath, "192.0.2.1", notification("taro@example.net", "failed", "5.1.1"))
	if !errors.Is(err, store.fault) {
		t.Errorf("Receive = %v, want the fault", err)
	}
	delete(store.deliveries, d.ID)
	store.fault = nil
	if err := s.Receive(t.Context(), d.ReturnPath, "192.0.2.1", nil); !isNotFound(err) {
		t.Errorf("Receive for a delivery that is gone = %v, want a refusal", err)
	}
}
