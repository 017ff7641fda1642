package inbound_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/inbound"
)

// wishes knows one address to unsubscribe at, and notes who wrote to it.
type wishes struct {
	address myodai.Address
	of      myodai.DeliveryID
	heard   []myodai.DeliveryID
	broken  error
}

func (w *wishes) ReadMail(a myodai.Address, _ time.Time) (myodai.DeliveryID, bool) {
	return w.of, a == w.address
}

func (w *wishes) UnsubscribeMail(_ context.Context, id myodai.DeliveryID, _ time.Time) error {
	if w.broken == nil {
		w.heard = append(w.heard, id)
	}
	return w.broken
}

// T44: whoever writes to the address in List-Unsubscribe unsubscribes, whatever
// they write; a report about it, or a mail to any other address, does not.
func TestUnsubscribeByMail(t *testing.T) {
	_, _, d, o := room(t)
	w := &wishes{address: myodai.Address{Local: "u-token", Domain: d.ReturnPath.Domain}, of: d.ID}
	o.Unsubscribes = w
	s := inbound.New(*o)
	if err := s.Accepts(t.Context(), w.address); err != nil {
		t.Fatal(err)
	}
	if err := s.Accepts(t.Context(), myodai.Address{Local: "u-other", Domain: d.ReturnPath.Domain}); !isNotFound(err) {
		t.Errorf("another address: %v", err)
	}
	for _, tt := range []struct {
		name string
		raw  string
		want int
	}{
		{"by hand", "From: a@example.net\r\nSubject: unsubscribe\r\n\r\n", 1},
		{"by a mailbox provider", "From: a@example.net\r\nAuto-Submitted: auto-generated\r\nSubject: unsubscribe\r\n\r\nThis was sent for a@example.net.\r\n", 1},
		{"a notification", string(notification(d.Recipient.String(), "failed", "5.1.1")), 0},
	} {
		w.heard = nil
		if err := s.Receive(t.Context(), w.address, "192.0.2.1", []byte(tt.raw)); err != nil || len(w.heard) != tt.want {
			t.Errorf("%s: %d wishes, %v", tt.name, len(w.heard), err)
		}
	}
	w.broken = errors.New("the disk is full")
	if err := s.Receive(t.Context(), w.address, "192.0.2.1", []byte("Subject: unsubscribe\r\n\r\n")); !errors.Is(err, w.broken) {
		t.Errorf("a fault: %v", err)
	}
}
