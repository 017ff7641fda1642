package store_test

import (
	"bytes"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func TestAccept(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		a := letter(d, t0, rcpt("a", "example.net"), rcpt(`odd "quotes"\ `, "example.net"), rcpt("ö", "xn--nxasmq6b.example"))
		a.Deliveries[2].State = myodai.DeliverySuppressed
		a.Deliveries[2].Last = myodai.Outcome{Kind: myodai.OutcomePermanent, Text: "on the suppression list", At: t0}
		m, repeated, err := s.Accept(t.Context(), a)
		if err != nil || repeated {
			t.Fatalf("Accept: repeated %t, error %v", repeated, err)
		}
		same(t, "returned", m, a.Message)
		same(t, "message", must(s.Message(t.Context(), tenant.ID, a.Message.ID))(t), a.Message)
		same(t, "body", bodyOf(t, s, tenant.ID, a.Message.ID), a.Body)
		got := map[myodai.DeliveryID]myodai.Delivery{}
		for _, delivery := range must(s.Deliveries(t.Context(), tenant.ID, a.Message.ID))(t) {
			got[delivery.ID] = delivery
		}
		for _, want := range a.Deliveries {
			same(t, "delivery to "+want.Recipient.String(), got[want.ID], want)
			same(t, "delivery by id", must(s.Delivery(t.Context(), tenant.ID, want.ID))(t), want)
		}
		events, _, err := s.Events(t.Context(), tenant.ID, myodai.Page{Limit: 200})
		ok(t, err)
		for _, want := range a.Events {
			found := false
			for _, e := range events {
				if e.ID == want.ID {
					found = true
					same(t, "event", e, want)
				}
			}
			if !found {
				t.Errorf("event %s is missing", want.ID)
			}
		}

		another := letter(d, t0, rcpt("a", "example.net"))
		accept(t, s, another)
		for _, m := range []myodai.Message{a.Message, another.Message} { // of the second, the rest is known already
			same(t, "what is sent", must(s.Sending(t.Context(), m.ID))(t), myodai.Sending{
				Message: myodai.Message{ID: m.ID, TenantID: m.TenantID, DomainID: m.DomainID, SenderID: m.SenderID, Basis: m.Basis, Class: m.Class, From: m.From},
				Domain:  myodai.Domain{ID: d.ID, TenantID: d.TenantID, Name: d.Name, State: d.State},
				Tenant:  myodai.Tenant{ID: tenant.ID, State: tenant.State},
			})
		}
		_, err = s.Sending(t.Context(), "msg_none")
		wantCode(t, err, myodai.CodeNotFound)
	})
}

// A message cannot be accepted for another tenant's domain, whatever the edge
// believes (T63).
func TestAcceptForForeignDomain(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant, other := newTenant(t, s), newTenant(t, s)
		a := letter(newDomain(t, s, tenant.ID, "example.com"), t0, rcpt("a", "example.net"))
		a.Message.TenantID = other.ID
		_, _, err := s.Accept(t.Context(), a)
		wantCode(t, err, myodai.CodeNotFound)
	})
}

func TestBodyComesBackWhole(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		const chunk = 256 << 10
		for _, size := range []int{1, chunk - 1, chunk, chunk + 1, 2 * chunk, 3*chunk + 7} {
			a := letter(d, t0, rcpt("a", "example.net"))
			a.Body = make([]byte, size)
			_, _ = rand.Read(a.Body) // never fails; NULs and invalid UTF-8 among it
			accept(t, s, a)
			if got := bodyOf(t, s, d.TenantID, a.Message.ID); !bytes.Equal(got, a.Body) {
				t.Errorf("of a body of %d octets %d others came back", size, len(got))
			}
		}
	})
}

func TestManyRecipients(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		var list []myodai.Address
		for range 1000 { // more than one statement takes
			list = append(list, rcpt(rand.Text(), "example.net"))
		}
		a := letter(d, t0, list...)
		accept(t, s, a)
		if n := len(must(s.Deliveries(t.Context(), d.TenantID, a.Message.ID))(t)); n != len(list) {
			t.Errorf("%d deliveries, want %d", n, len(list))
		}
	})
}

func TestIdempotencyKey(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		other := newDomain(t, s, newTenant(t, s).ID, "example.com")
		first := letter(d, t0, rcpt("a", "example.net"))
		first.IdempotencyKey, first.RequestHash = "order-1", [32]byte{1}
		accept(t, s, first)
		for _, tt := range []struct {
			name     string
			domain   myodai.Domain
			key      string
			hash     byte
			after    time.Duration
			repeated bool
			code     myodai.Code
		}{
			{"the same at once", d, "order-1", 1, 0, true, ""},
			{"another request", d, "order-1", 2, 0, false, myodai.CodeConflict},
			{"another key", d, "order-2", 1, 0, false, ""},
			{"a key in another case", d, "Order-1", 1, 0, false, ""},
			{"another tenant", other, "order-1", 2, 0, false, ""},
			{"no key", d, "", 1, 0, false, ""},
			{"another tenant, after a day", other, "order-1", 4, 24 * time.Hour, false, ""},
			{"the same, just within a day", d, "order-1", 1, 24*time.Hour - time.Microsecond, true, ""},
			{"another request, just within a day", d, "order-1", 2, 24*time.Hour - time.Microsecond, false, myodai.CodeConflict},
			{"another request, after a day", d, "order-1", 3, 24 * time.Hour, false, ""},
			{"the first request, which is another now", d, "order-1", 1, 24 * time.Hour, false, myodai.CodeConflict},
		} {
			t.Run(tt.name, func(t *testing.T) {
				a := letter(tt.domain, t0.Add(tt.after), rcpt("a", "example.net"))
				a.IdempotencyKey, a.RequestHash = tt.key, [32]byte{tt.hash}
				m, repeated, err := s.Accept(t.Context(), a)
				if repeated != tt.repeated || code(err) != tt.code || (err != nil && tt.code == "") {
					t.Fatalf("repeated %t, error %v", repeated, err)
				}
				_, reading := s.Message(t.Context(), tt.domain.TenantID, a.Message.ID)
				switch {
				case tt.code != "" || tt.repeated:
					wantCode(t, reading, myodai.CodeNotFound) // nothing of it was written
				case reading != nil:
					t.Error(reading)
				}
				if tt.repeated {
					same(t, "message of then", m, first.Message)
				}
			})
		}
	})
}

// P05: of a hundred equal requests at once one is taken, and all answers name
// the same message.
func TestHundredEqualRequestsAtOnce(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		nodes := []*store.Store{open(t, url), open(t, url)}
		must(nodes[0].Migrate(t.Context()))(t)
		d := newDomain(t, nodes[0], newTenant(t, nodes[0]).ID, "example.com")
		var mu sync.Mutex
		answers, written := map[myodai.MessageID]int{}, 0
		var all sync.WaitGroup
		for i := range 100 {
			a := letter(d, t0.Add(time.Duration(i)), rcpt("a", "example.net"))
			a.IdempotencyKey, a.RequestHash = "order-1", [32]byte{1}
			all.Go(func() {
				m, repeated, err := nodes[i%2].Accept(t.Context(), a)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				answers[m.ID]++
				if !repeated {
					written++
				}
			})
		}
		all.Wait()
		messages := every(t, func(p myodai.Page) ([]myodai.Message, string, error) {
			return nodes[0].Messages(t.Context(), d.TenantID, p)
		})
		if len(messages) != 1 || len(answers) != 1 || written != 1 {
			t.Fatalf("%d messages, %d different answers, %d not repeated; want 1 of each", len(messages), len(answers), written)
		}
		if answers[messages[0].ID] != 100 {
			t.Errorf("the answers name %v", answers)
		}
	})
}

func TestMessagesAreListedNewestFirst(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		var want []myodai.Message
		for i := range 5 {
			a := letter(d, t0.Add(time.Duration(i)*time.Second), rcpt("a", "example.net"))
			accept(t, s, a)
			want = append([]myodai.Message{a.Message}, want...)
		}
		same(t, "messages", every(t, func(p myodai.Page) ([]myodai.Message, string, error) {
			return s.Messages(t.Context(), d.TenantID, p)
		}), want)
	})
}

// Bodies come from memory or from the database, the same ones, and to nobody but
// their tenant.
func TestBodyInMemory(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant, other := newTenant(t, s), newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		var list []myodai.Accepted
		for i := range 100 { // more than memory holds
			a := letter(d, t0, rcpt("a", "example.net"))
			a.Body = bytes.Repeat([]byte{byte(i)}, 60<<10)
			accept(t, s, a)
			list = append(list, a)
		}
		for _, a := range list {
			if got := bodyOf(t, s, tenant.ID, a.Message.ID); !bytes.Equal(got, a.Body) {
				t.Errorf("the body of %s is another", a.Message.ID)
			}
			wantCode(t, noBody(t, s, other.ID, a.Message.ID), myodai.CodeNotFound)
		}
	})
}
