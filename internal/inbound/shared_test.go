package inbound_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
	"github.com/myodai/myodai/internal/inbound"
)

// shared is room with a message to taro, hanako and jiro at example.net, who share
// a return path, and to taro at example.org, who has one of his own.
func shared(t *testing.T) (*inbound.Service, *shelf, myodai.Address) {
	t.Helper()
	_, store, sample, o := room(t)
	clear(store.deliveries)
	var path myodai.Address
	for _, to := range []string{"taro@example.net", "hanako@example.net", "jiro@example.net", "taro@example.org"} {
		d := sample
		d.ID = myodai.NewID[myodai.DeliveryID](time.Now(), rand.Reader)
		d.Recipient, _ = myodai.ParseAddress(to)
		if path.IsZero() {
			path = bounce.MintSharedReturnPath(returnKey, d.ID, bounceHost)
		}
		if d.ReturnPath = path; d.Recipient.Domain != "example.net" {
			d.ReturnPath = bounce.MintReturnPath(returnKey, d.ID, bounceHost)
		}
		store.deliveries[d.ID] = d
	}
	return inbound.New(*o), store, path
}

// bouncedOf lists whose delivery has bounced, in order.
func (s *shelf) bouncedOf() string {
	var list []string
	for _, d := range s.deliveries {
		if d.State == myodai.DeliveryBounced {
			list = append(list, d.Recipient.Local)
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func dsnOf(blocks ...string) []byte {
	text := "From: MAILER-DAEMON@mx.example.net\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n"
	for _, block := range blocks {
		text += "\r\n" + block + "\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n"
	}
	return []byte(text + "\r\n--b--\r\n")
}

// Threat T41: at a shared return path a bounce is about those recipients that it
// names and that share it, and about nobody else.
func TestSharedReturnPath(t *testing.T) {
	for _, tt := range []struct {
		name    string
		raw     []byte
		bounced string
		events  int // message.bounced and suppression.added of each, or message.unmatched
	}{
		{"one of them", dsnOf("Final-Recipient: rfc822; hanako@example.net"), "hanako", 2},
		{"in other case", dsnOf("Final-Recipient: rfc822; HANAKO@Example.NET"), "hanako", 2},
		{"two of them", dsnOf("Final-Recipient: rfc822; jiro@example.net", "Final-Recipient: rfc822; taro@example.net"), "jiro taro", 4},
		{"one of them and a stranger", dsnOf("Final-Recipient: rfc822; jiro@example.net", "Final-Recipient: rfc822; saburo@example.net"), "jiro", 2},
		{"by the original recipient alone", dsnOf("Final-Recipient: x400; c=jp; a=x\r\nOriginal-Recipient: rfc822;jiro@example.net"), "jiro", 2},
		{"forwarded", dsnOf("Final-Recipient: rfc822; j@example.com\r\nOriginal-Recipient: rfc822;jiro@example.net"), "", 1},
		{"a stranger", dsnOf("Final-Recipient: rfc822; saburo@example.net"), "", 1},
		{"another recipient of the message", dsnOf("Final-Recipient: rfc822; taro@example.org"), "", 1},
		{"a part of an address", dsnOf("Final-Recipient: rfc822; aro@example.net"), "", 1},
		{"in prose", prose("<hanako@example.net>:\r\n550 5.1.1 no such user"), "hanako", 2},
		{"in prose, a stranger", prose("<saburo@example.net>:\r\n550 5.1.1 no such user"), "", 1},
		{"an automatic answer", []byte("Auto-Submitted: auto-replied\r\n\r\nhanako@example.net is away.\r\n"), "", 0},
		{"a delay", notification("hanako@example.net", "delayed", "4.2.2"), "", 0},
	} {
		s, store, path := shared(t)
		check := func() {
			t.Helper()
			if got := store.bouncedOf(); got != tt.bounced || len(store.events) != tt.events {
				t.Errorf("%s: bounced %q, want %q; events %v, want %d", tt.name, got, tt.bounced, store.kinds(), tt.events)
			}
		}
		if err := s.Receive(t.Context(), path, "192.0.2.1", tt.raw); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		check()
		if len(store.suppressions) != len(strings.Fields(tt.bounced)) || len(store.returned) == 0 {
			t.Errorf("%s: suppressions %v, kept %d", tt.name, store.suppressions, len(store.returned))
		}
		if tt.events != 1 { // the store keeps the event of the second one
			if err := s.Receive(t.Context(), path, "192.0.2.1", tt.raw); err != nil {
				t.Errorf("%s, again: %v", tt.name, err)
			}
			check()
		} else if e := store.events[0]; e.Kind != myodai.EventMessageUnmatched || e.TenantID != "ten_a" || e.MessageID == "" || e.DeliveryID != "" ||
			fmt.Sprint(e.Data["domain"], e.Data["kind"], e.Data["remote"]) != "example.netbounce192.0.2.1" {
			t.Errorf("%s: event %+v", tt.name, e)
		}
	}
}

// A shared return path that is forged, or an own one written as if it were shared,
// leads nowhere (T41).
func TestForgedSharedReturnPath(t *testing.T) {
	s, store, path := shared(t)
	for name, local := range map[string]string{
		"another key": bounce.MintSharedReturnPath(sha256.Sum256([]byte("guess")), firstOf(store), bounceHost).Local,
		"an own one":  "b" + path.Local[1:],
		"of an own":   "s" + bounce.MintReturnPath(returnKey, firstOf(store), bounceHost).Local[1:],
	} {
		to := myodai.Address{Local: local, Domain: bounceHost}
		if err := s.Receive(t.Context(), to, "192.0.2.1", notification("hanako@example.net", "failed", "5.1.1")); !isNotFound(err) {
			t.Errorf("%s: Receive = %v, want a refusal", name, err)
		}
	}
	if len(store.returned) != 0 || len(store.events) != 0 {
		t.Errorf("returned %v, events %v", store.returned, store.kinds())
	}
}

func firstOf(s *shelf) myodai.DeliveryID {
	for id := range s.deliveries {
		return id
	}
	return ""
}

// Threat T43: where several share a return path, a complaint counts for the one
// recipient whom it names.
func TestComplaintAtSharedReturnPath(t *testing.T) {
	for _, tt := range []struct {
		name, recipient string
		counts          string
	}{
		{"one of them", "hanako@example.net", "hanako"},
		{"blackened", "5e3c9bd0@example.net", ""},
		{"blackened as a whole", "redacted", ""},
		{"nobody", "", ""},
		{"a stranger", "saburo@example.net", ""},
		{"another recipient of the message", "taro@example.org", ""},
		{"two of them", "hanako@example.net\r\nOriginal-Rcpt-To: jiro@example.net", ""},
	} {
		for _, atDesk := range []bool{true, false} {
			_, store, path := shared(t)
			_, _, _, o := room(t)
			o.Store, o.Postmaster = store, func(context.Context, myodai.Address, string, []byte) error { return errors.New("for nobody") }
			s, to := inbound.New(*o), path
			if atDesk {
				to = desk
			}
			if err := s.Receive(t.Context(), to, "192.0.2.1", complaint("abuse", path.String(), tt.recipient)); err != nil {
				t.Fatal(err)
			}
			want := []myodai.EventKind{myodai.EventMessageUnmatched}
			if tt.counts != "" {
				want = complain
			}
			if got := store.kinds(); !slices.Equal(got, want) || len(store.suppressions) != len(want)-1 {
				t.Errorf("%s, at the desk %t: %v, want %v", tt.name, atDesk, got, want)
			}
			if tt.counts != "" && store.suppressions[0].Address.Local != tt.counts {
				t.Errorf("%s: suppressed %v", tt.name, store.suppressions)
			}
		}
	}
}
