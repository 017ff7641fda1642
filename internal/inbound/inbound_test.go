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
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
	"github.com/myodai/myodai/internal/inbound"
)

// shelf is a store in memory: what the engine asks for, and nothing else.
type shelf struct {
	domains    map[string]myodai.Domain
	deliveries map[myodai.DeliveryID]myodai.Delivery

	returned     []myodai.Returned
	events       []myodai.Event
	suppressions []myodai.Suppression
	asked        int   // for domains
	fault        error // of the database, when not nil
}

func (s *shelf) DomainByToken(_ context.Context, token string) (myodai.Domain, error) {
	s.asked++
	if s.fault != nil {
		return myodai.Domain{}, s.fault
	}
	d, ok := s.domains[token]
	if !ok {
		return d, myodai.Refuse(myodai.CodeNotFound, "domain", "there is no such domain")
	}
	return d, nil
}

func (s *shelf) RecordReturned(_ context.Context, r myodai.Returned,
	change func(myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error),
) error {
	if s.fault != nil {
		return s.fault
	}
	d, ok := s.deliveries[r.DeliveryID]
	if r.DeliveryID != "" && !ok {
		return myodai.Refuse(myodai.CodeNotFound, "delivery", "there is no such delivery")
	}
	if _, _, _, err := change(d); err != nil { // as when a database runs the transaction again
		return err
	}
	after, events, suppression, err := change(d)
	if err != nil {
		return err
	}
	if ok {
		s.deliveries[r.DeliveryID] = after
	}
	s.events = append(s.events, events...)
	if suppression != nil {
		s.suppressions = append(s.suppressions, *suppression)
	}
	if r.TenantID == "" {
		r.TenantID = d.TenantID
	}
	s.returned = append(s.returned, r)
	return nil
}

func (s *shelf) kinds() (kinds []myodai.EventKind) {
	for _, e := range s.events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

const (
	zone       = myodai.Name("plat.example")
	bounceHost = myodai.Name("bounce.customer.example")
	token      = "abcdefghijklmnopqrstuvw234"
)

var returnKey = sha256.Sum256([]byte("a key for tests"))

// room is a service with one delivery to taro@example.net, delivered, and one
// verified domain.
func room(t *testing.T) (*inbound.Service, *shelf, myodai.Delivery, *inbound.Options) {
	t.Helper()
	d := delivery(myodai.DeliveryDelivered, 1)
	d.ID = myodai.NewID[myodai.DeliveryID](time.Now(), rand.Reader)
	d.ReturnPath = bounce.MintReturnPath(returnKey, d.ID, bounceHost)
	s := &shelf{
		domains: map[string]myodai.Domain{
			token: {ID: "dom_a", TenantID: "ten_a", Name: "customer.example", State: myodai.DomainVerified, Token: token},
		},
		deliveries: map[myodai.DeliveryID]myodai.Delivery{d.ID: d},
	}
	o := inbound.Options{Store: s, Random: rand.Reader, ReturnKey: returnKey, Zone: zone, MailHost: "mail.operator.example"}
	return inbound.New(o), s, d, &o
}

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

func TestAccepts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, store, d, o := room(t)
		o.Postmaster = func(context.Context, myodai.Address, string, []byte) error { return nil }
		withPostmaster := inbound.New(*o)
		suspended := store.domains[token]
		suspended.State = myodai.DomainSuspended
		store.domains[strings.Repeat("b", 26)] = suspended
		pending := store.domains[token]
		pending.State = myodai.DomainPending
		store.domains[strings.Repeat("c", 26)] = pending
		atRisk := store.domains[token]
		atRisk.State = myodai.DomainAtRisk
		store.domains[strings.Repeat("d", 26)] = atRisk

		at := func(local string, host myodai.Name) myodai.Address { return myodai.Address{Local: local, Domain: host} }
		for _, tt := range []struct {
			name string
			s    *inbound.Service
			to   myodai.Address
			want bool
		}{
			{"return path", s, d.ReturnPath, true},
			{"return path in capitals", s, at(strings.ToUpper(d.ReturnPath.Local), bounceHost), true},
			{"return path, a character changed", s, at(d.ReturnPath.Local[:54]+"z", bounceHost), false},
			{"report address", s, at(token, "dmarc.plat.example"), true},
			{"report address in capitals", s, at(strings.ToUpper(token), "dmarc.plat.example"), true},
			{"report address of a domain at risk", s, at(strings.Repeat("d", 26), "dmarc.plat.example"), true},
			{"report address of a suspended domain", s, at(strings.Repeat("b", 26), "dmarc.plat.example"), false},
			{"report address of a pending domain", s, at(strings.Repeat("c", 26), "dmarc.plat.example"), false},
			{"report address of nobody", s, at(strings.Repeat("e", 26), "dmarc.plat.example"), false},
			{"report address elsewhere", s, at(token, "plat.example"), false},
			{"token too short", s, at(token[1:], "dmarc.plat.example"), false},
			{"postmaster at the mail host", withPostmaster, at("postmaster", "mail.operator.example"), true},
			{"Postmaster without a host", withPostmaster, at("Postmaster", ""), true},
			{"abuse in the zone", withPostmaster, at("abuse", "plat.example"), true},
			{"abuse at the report host", withPostmaster, at("abuse", "dmarc.plat.example"), true},
			{"postmaster at a tenant's bounce host", withPostmaster, at("postmaster", bounceHost), false},
			{"postmaster somewhere else", withPostmaster, at("postmaster", "example.net"), false},
			{"postmaster at a name that only ends like ours", withPostmaster, at("postmaster", "notplat.example"), false},
			{"postmaster when nobody reads it", s, at("postmaster", "plat.example"), false},
			{"info", withPostmaster, at("info", "plat.example"), false},
		} {
			if err := tt.s.Accepts(t.Context(), tt.to); (err == nil) != tt.want || (err != nil && !isNotFound(err)) {
				t.Errorf("%s: Accepts(%v) = %v, want accepted %v", tt.name, tt.to, err, tt.want)
			}
		}
	})
}

// Threat T34: no way of writing a foreign address makes us take mail for it.
func TestAcceptsNoRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, store, d, o := room(t)
		o.Postmaster = func(context.Context, myodai.Address, string, []byte) error { return nil }
		s := inbound.New(*o)
		for _, host := range []myodai.Name{"victim.example", zone, "mail.operator.example", "dmarc.plat.example", bounceHost, "customer.example", ""} {
			for _, local := range []string{
				"user", "user%victim.example", "user@victim.example", "victim.example!user", "@relay.example:user", "root",
				"postmaster%victim.example", "postmaster@victim.example", "postmaster ", " postmaster", "postmaster+x", "abuse.",
				"mailer-daemon", "b-", "b-x-y", d.ReturnPath.Local + "%victim.example", d.ReturnPath.Local + "@victim.example",
				token + "+x", token + "%victim.example", "\x00", "|id", "/dev/null",
			} {
				to := myodai.Address{Local: local, Domain: host}
				if err := s.Accepts(t.Context(), to); !isNotFound(err) {
					t.Errorf("Accepts(%q at %q) = %v, want a refusal", local, host, err)
				}
			}
		}
		if store.asked != 0 {
			t.Errorf("the store was asked %d times for what cannot be a token, want 0", store.asked)
		}
	})
}

func TestAcceptsUntilTheReturnPathIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, d, _ := room(t)
		time.Sleep(bounce.ReturnPathLife)
		if err := s.Accepts(t.Context(), d.ReturnPath); err != nil {
			t.Errorf("Accepts after 30 days = %v, want accepted", err)
		}
		time.Sleep(time.Second)
		if err := s.Accepts(t.Context(), d.ReturnPath); !isNotFound(err) {
			t.Errorf("Accepts after more = %v, want a refusal", err)
		}
	})
}

func TestAcceptsTellsFaultsFromRefusals(t *testing.T) {
	s, store, _, _ := room(t)
	store.fault = errors.New("database away")
	err := s.Accepts(t.Context(), myodai.Address{Local: token, Domain: "dmarc.plat.example"})
	if err == nil || isNotFound(err) {
		t.Errorf("Accepts without a database = %v, want a fault", err)
	}
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
		{"bounce in prose", []byte("Subject: failure\r\n\r\n550 5.1.1 <taro@example.net> unknown\r\n"), myodai.ReturnedAutoReply, myodai.DeliveryDelivered, nil},
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
