package submission_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/submission"
)

// late is an engine whose mail to example.net would wait for its site.
func late(l *ledger) *submission.Engine {
	l.tenants[myodai.PlatformTenant] = myodai.TenantActive
	l.domains = append(l.domains, myodai.Domain{
		ID: myodai.PlatformDomain, TenantID: myodai.PlatformTenant, Name: "plat.example", State: myodai.DomainVerified, ReturnPath: "plat.example",
	})
	return submission.New(submission.Options{
		Store: l, Suppressions: l, Random: rand.Reader, ReturnKey: returnKey, MailHost: "mx.plat.example",
		Own: submission.Mailbox{Name: "Plat", Address: addresses("no-reply@plat.example")[0]},
		Waits: func(d myodai.Delivery) bool {
			return myodai.ScheduledQueueOf(d) == myodai.ScheduledQueue{TenantID: shop, Class: d.Class, Route: myodai.RouteDelivery, Domain: "example.net"}
		},
	})
}

// Mail that will wait for its site anyway is accepted unsigned; all other mail is
// signed before it is accepted.
func TestAcceptedUnsigned(t *testing.T) {
	one, two := addresses("a@example.net"), addresses("a@example.net", "b@example.net")
	for _, tt := range []struct {
		name       string
		change     func(l *ledger)
		recipients []myodai.Address
		signed     string // what a receiver says of what was accepted
	}{
		{"to a site that takes nothing", func(*ledger) {}, one, ""},
		{"to another site", func(*ledger) {}, addresses("a@example.org"), "example.com pass, plat.example pass"},
		{"with two recipients", func(*ledger) {}, two, "example.com pass, plat.example pass"},
		{"with a recipient that may be probed", func(l *ledger) {
			l.suppressed[one[0]] = myodai.Suppression{TenantID: shop, Address: one[0], ProbeAfter: time.Hour, ProbeAt: time.Unix(1, 0)}
		}, one, "example.com pass, plat.example pass"},
		{"while its author is not verified", func(l *ledger) {
			l.domains[0].State = myodai.DomainPending
			l.policy.Classes = []myodai.Class{{Name: "transactional", Unverified: myodai.UnverifiedHold}}
		}, one, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLedger()
			tt.change(l)
			r := request(hello)
			r.Recipients = tt.recipients
			got, err := late(l).Submit(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			a := l.accepted[0]
			if said := l.verify(a.Body, time.Now()); said != tt.signed || a.Unsigned != (tt.signed == "") || got.Message.Size != int64(len(a.Body)) {
				t.Errorf("a receiver says %q; unsigned: %t; %d octets of %d", said, a.Unsigned, got.Message.Size, len(a.Body))
			}
		})
	}
}

// What was accepted unsigned is signed when it is sent: with the keys of then, for
// the time of then, by whom it rests on.
func TestSignedLater(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(l *ledger) // before it is accepted
		later  func(l *ledger) // before it is sent
		domain int             // it rests on, of the ledger's
		want   string
	}{
		{"as it was", func(*ledger) {}, func(*ledger) {}, 0, "example.com pass, plat.example pass"},
		{"the key was rotated meanwhile", func(*ledger) {}, func(l *ledger) {
			delete(l.signers, l.domains[0].ID)
			delete(l.published, "e1._domainkey.example.com")
			l.publish(l.domains[0].ID, "example.com", "s2", myodai.KeyRSA)
		}, 0, "example.com pass, plat.example pass"},
		{"in the platform's name", func(l *ledger) {
			l.domains[0].State = myodai.DomainPending
			l.policy.Classes = []myodai.Class{{Name: "transactional", Unverified: myodai.UnverifiedPlatform}}
		}, func(*ledger) {}, 6, "plat.example pass"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLedger()
				tt.change(l)
				e := late(l)
				if _, err := e.Submit(t.Context(), request(hello)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(4 * 24 * time.Hour)
				tt.later(l)
				a := l.accepted[0]
				before := bytes.Clone(a.Body)
				signatures, err := e.Sign(t.Context(), myodai.Sending{Message: a.Message, Domain: l.domains[tt.domain]}, a.Body)
				if err != nil || !a.Unsigned || !bytes.Equal(a.Body, before) {
					t.Fatalf("unsigned: %t; %v", a.Unsigned, err)
				}
				for _, at := range []time.Duration{0, 6 * 24 * time.Hour} {
					if said := l.verify(slices.Concat(signatures, a.Body), time.Now().Add(at)); said != tt.want {
						t.Errorf("after %v a receiver says %q", at, said)
					}
				}
			})
		})
	}
}

// A domain that may send and has no key is a fault, before mail is accepted and
// before it is sent; and nobody signs with a key of somebody else (P23).
func TestNothingToSignWith(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(l *ledger)
	}{
		{"no key", func(l *ledger) { delete(l.signers, l.domains[0].ID) }},
		{"a key of somebody else", func(l *ledger) { l.signers[l.domains[0].ID][0].Domain = "rival.example" }},
		{"keys that cannot be read", func(l *ledger) { l.brokenAt = "Signers" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLedger()
			tt.change(l)
			e := late(l)
			_, err := e.Submit(t.Context(), request(hello))
			_, later := e.Sign(t.Context(), myodai.Sending{Domain: l.domains[0]}, []byte(hello))
			for _, err := range []error{err, later} {
				if _, refused := errors.AsType[*myodai.Error](err); err == nil || refused {
					t.Errorf("error %v, want a fault", err)
				}
			}
			if len(l.accepted) > 0 {
				t.Error("it was accepted all the same")
			}
		})
	}
}
