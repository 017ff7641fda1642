package store_test

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func newSender(tenant myodai.TenantID, label string, a myodai.Address) myodai.SenderAddress {
	return myodai.SenderAddress{
		ID: myodai.NewID[myodai.SenderID](t0, rand.Reader), TenantID: tenant, Label: label, Address: a, Name: "Größe",
		ReplyTo: rcpt("answers", "example.org"), CreatedAt: t0, ChangedAt: t0,
	}
}

func ask(a myodai.SenderAddress, at time.Time) myodai.Confirmation {
	id := myodai.NewID[myodai.RequestID](at, rand.Reader)
	return myodai.Confirmation{
		ID: id, TenantID: a.TenantID, SenderID: a.ID, Address: a.Address, TokenHash: sha256.Sum256([]byte(id)), Code: "12345678",
		AskedFrom: "192.0.2.1", AskedAt: at, ExpiresAt: at.Add(24 * time.Hour),
	}
}

// ending answers a confirmation so.
func ending(e myodai.ConfirmationEnding, at time.Time) func(myodai.Confirmation) (myodai.Confirmation, []myodai.Event, error) {
	return func(c myodai.Confirmation) (myodai.Confirmation, []myodai.Event, error) {
		c.Ending, c.EndedAt = e, at
		return c, []myodai.Event{event(c.TenantID, myodai.EventSenderConfirmed, at)}, nil
	}
}

func TestSenders(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant, other := newTenant(t, s), newTenant(t, s)
		a := newSender(tenant.ID, "sales", rcpt("sales", "example.com"))
		ok(t, s.CreateSender(t.Context(), a, true, event(tenant.ID, myodai.EventSenderRegistered, t0)))
		same(t, "sender", must(s.SenderAddress(t.Context(), tenant.ID, a.ID))(t), a)
		ok(t, s.CreateSender(t.Context(), newSender(other.ID, "sales", a.Address), false)) // T14: it says nothing
		for why, b := range map[string]myodai.SenderAddress{
			"the label":                   newSender(tenant.ID, "sales", rcpt("b", "example.com")),
			"the address":                 newSender(tenant.ID, "b", a.Address),
			"the address in another case": newSender(tenant.ID, "b", rcpt("SALES", "example.com")),
		} {
			if err := s.CreateSender(t.Context(), b, false); code(err) != myodai.CodeConflict {
				t.Errorf("%s again: %v", why, err)
			}
		}
		if err := s.CreateSender(t.Context(), newSender(tenant.ID, "b", rcpt("b", "example.com")), true); code(err) != myodai.CodeConflict { // E2
			t.Errorf("a second one where one is allowed: %v", err)
		}
		b := newSender(tenant.ID, "b", rcpt("b", "example.com"))
		ok(t, s.CreateSender(t.Context(), b, false))
		if n := len(every(t, func(p myodai.Page) ([]myodai.SenderAddress, string, error) {
			return s.SenderAddresses(t.Context(), tenant.ID, p)
		})); n != 2 {
			t.Errorf("%d are listed, want 2", n)
		}
		changed, err := s.UpdateSender(t.Context(), tenant.ID, b.ID, func(was myodai.SenderAddress) (myodai.SenderAddress, []myodai.Event, error) {
			was.Address, was.ReplyTo, was.TenantID = rcpt("c", "example.com"), myodai.Address{}, other.ID
			return was, nil, nil
		})
		ok(t, err)
		same(t, "changed", must(s.SenderAddress(t.Context(), tenant.ID, b.ID))(t), changed)
		_, err = s.UpdateSender(t.Context(), tenant.ID, b.ID, func(was myodai.SenderAddress) (myodai.SenderAddress, []myodai.Event, error) {
			was.Label = "sales"
			return was, nil, nil
		})
		wantCode(t, err, myodai.CodeConflict)
		ok(t, s.DeleteSender(t.Context(), tenant.ID, b.ID, event(tenant.ID, myodai.EventSenderDeleted, t0)))
		_, err = s.SenderAddress(t.Context(), tenant.ID, b.ID)
		wantCode(t, err, myodai.CodeNotFound)
		wantCode(t, s.DeleteSender(t.Context(), other.ID, a.ID, event(other.ID, myodai.EventSenderDeleted, t0)), myodai.CodeNotFound)
	})
}

// E3, F4, T12, T14: whoever reads the mail confirms it, for one tenant only, and
// exactly that address.
func TestConfirmSender(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant, other := newTenant(t, s), newTenant(t, s)
		mine, theirs := newSender(tenant.ID, "a", rcpt("a", "example.com")), newSender(other.ID, "a", rcpt("A", "example.com"))
		for _, a := range []myodai.SenderAddress{mine, theirs} {
			ok(t, s.CreateSender(t.Context(), a, false))
		}
		first, second := ask(mine, t0), ask(theirs, t0)
		ok(t, s.AddConfirmation(t.Context(), first, event(tenant.ID, myodai.EventSenderAsked, t0)))
		ok(t, s.AddConfirmation(t.Context(), second))
		same(t, "confirmation", must(s.ConfirmationByToken(t.Context(), first.TokenHash))(t), first)
		same(t, "the last", must(s.LastConfirmation(t.Context(), tenant.ID, mine.ID))(t), first)

		// A wrong code is counted, although it is refused.
		wrong := errors.New("wrong code")
		_, err := s.AnswerConfirmation(t.Context(), first.TokenHash, func(c myodai.Confirmation) (myodai.Confirmation, []myodai.Event, error) {
			c.Tries++
			return c, nil, wrong
		})
		if err != wrong || must(s.ConfirmationByToken(t.Context(), first.TokenHash))(t).Tries != 1 {
			t.Errorf("a wrong code: %v", err)
		}
		must(s.AnswerConfirmation(t.Context(), first.TokenHash, ending(myodai.ConfirmationConfirmed, t0)))(t)
		if a := must(s.ConfirmedSender(t.Context(), tenant.ID, mine.Address))(t); !a.ConfirmedAt.Equal(t0) {
			t.Errorf("confirmed: %+v", a)
		}
		for _, a := range []myodai.Address{rcpt("A", "example.com"), rcpt("a+b", "example.com"), rcpt("a", "x.example.com"), rcpt("b", "example.com")} {
			_, err := s.ConfirmedSender(t.Context(), tenant.ID, a)
			wantCode(t, err, myodai.CodeNotFound)
		}
		_, err = s.AnswerConfirmation(t.Context(), second.TokenHash, ending(myodai.ConfirmationConfirmed, t0))
		wantCode(t, err, myodai.CodeConflict)
		if c := must(s.ConfirmationByToken(t.Context(), second.TokenHash))(t); c.Ending != "" {
			t.Errorf("a refused confirmation has ended: %+v", c)
		}
		_, err = s.ConfirmedSender(t.Context(), other.ID, mine.Address)
		wantCode(t, err, myodai.CodeNotFound)

		// Gone on one side, it can be had on the other.
		ok(t, s.DeleteSender(t.Context(), tenant.ID, mine.ID, event(tenant.ID, myodai.EventSenderDeleted, t0)))
		must(s.AnswerConfirmation(t.Context(), second.TokenHash, ending(myodai.ConfirmationConfirmed, t0)))(t)
		_, err = s.ConfirmationByToken(t.Context(), sha256.Sum256([]byte("guessed")))
		wantCode(t, err, myodai.CodeNotFound)
	})
}

// T11: nobody's mailbox is filled by asking, whoever asks and at once or not,
// and who says no is left in peace.
func TestAddressesAreAskedSeldom(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		victim := rcpt("ceo", "example.com")
		var wait sync.WaitGroup
		var mu sync.Mutex
		asked := 0
		for i := range 8 {
			a := newSender(newTenant(t, s).ID, fmt.Sprintf("a%d", i), victim)
			ok(t, s.CreateSender(t.Context(), a, false))
			wait.Go(func() {
				err := s.AddConfirmation(t.Context(), ask(a, t0))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					asked++
				} else if code(err) != myodai.CodeLimited {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if asked != myodai.MaxConfirmationMails {
			t.Errorf("%d mails in a day, want %d", asked, myodai.MaxConfirmationMails)
		}
		a := newSender(newTenant(t, s).ID, "late", victim)
		ok(t, s.CreateSender(t.Context(), a, false))
		later := t0.Add(25 * time.Hour)
		c := ask(a, later)
		ok(t, s.AddConfirmation(t.Context(), c))
		must(s.AnswerConfirmation(t.Context(), c.TokenHash, ending(myodai.ConfirmationDenied, later)))(t)
		wantCode(t, s.AddConfirmation(t.Context(), ask(a, later.Add(29*24*time.Hour))), myodai.CodeLimited)
		ok(t, s.AddConfirmation(t.Context(), ask(a, later.Add(31*24*time.Hour))))

		// What was asked before a new question, or a new address, opens nothing.
		b := newSender(newTenant(t, s).ID, "b", rcpt("b", "example.com"))
		ok(t, s.CreateSender(t.Context(), b, false))
		old, fresh := ask(b, t0), ask(b, t0.Add(time.Hour))
		ok(t, s.AddConfirmation(t.Context(), old))
		ok(t, s.AddConfirmation(t.Context(), fresh))
		if c := must(s.ConfirmationByToken(t.Context(), old.TokenHash))(t); c.Ending != myodai.ConfirmationReplaced {
			t.Errorf("the old question: %+v", c)
		}
		must(s.UpdateSender(t.Context(), b.TenantID, b.ID, func(a myodai.SenderAddress) (myodai.SenderAddress, []myodai.Event, error) {
			a.Address.Local, a.ChangedAt = "c", t0.Add(time.Hour)
			return a, nil, nil
		}))(t)
		if c := must(s.ConfirmationByToken(t.Context(), fresh.TokenHash))(t); c.Ending != myodai.ConfirmationReplaced {
			t.Errorf("the question about the old address: %+v", c)
		}
		n := must(s.ExpireConfirmations(t.Context(), later.Add(100*24*time.Hour), 100, func(c myodai.Confirmation) myodai.Event {
			return event(c.TenantID, myodai.EventSenderExpired, later)
		}))(t)
		if n != 4 {
			t.Errorf("%d expire, want the 4 that are open", n)
		}
	})
}

// A9, F6: what is held waits, goes once, and is given up when its time is over.
func TestHeld(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant, other := newTenant(t, s), newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		hold := func(local string) myodai.Accepted {
			a := letter(d, t0, rcpt("a", "example.net"), rcpt("b", "example.net"))
			a.Message.Basis, a.Message.DomainID, a.Message.From.Local = "", "", local
			for i := range a.Deliveries {
				a.Deliveries[i].State, a.Deliveries[i].Route, a.Deliveries[i].ReturnPath = myodai.DeliveryHeld, "", myodai.Address{}
			}
			a.Deliveries[1].State, a.Unsigned = myodai.DeliverySuppressed, true
			accept(t, s, a)
			return a
		}
		a, b := hold("a"), hold("b")
		if due, _ := claim(t, s, "n1", 9, t0.Add(time.Hour)); len(due) > 0 {
			t.Errorf("held mail is attempted: %+v", due)
		}
		list, _, err := s.Held(t.Context(), tenant.ID, myodai.Page{})
		ok(t, err)
		if theirs, _, _ := s.Held(t.Context(), other.ID, myodai.Page{}); len(list) != 2 || len(theirs) != 0 {
			t.Errorf("held: %d, a neighbor's %d", len(list), len(theirs))
		}
		authors := must(s.HeldAuthors(t.Context(), myodai.HeldAuthor{}, 10))(t)
		same(t, "the rest of the authors", must(s.HeldAuthors(t.Context(), authors[0], 10))(t), authors[1:])
		if len(authors) != 2 || authors[0].From.Local != "a" {
			t.Fatalf("authors: %+v", authors)
		}
		messages := must(s.HeldMessages(t.Context(), authors[0], 10))(t)
		same(t, "messages of the first", messages, []myodai.Message{a.Message})

		r := myodai.Released{Message: a.Message, Body: []byte("DKIM-Signature: x\r\nSubject: x\r\n\r\nHello\r\n"), Deliveries: a.Deliveries[:1]}
		r.Message.Basis, r.Message.DomainID, r.Message.From.Local, r.Message.Size = myodai.BasisDomain, d.ID, "z", 40
		r.Deliveries[0].State, r.Deliveries[0].Route, r.Deliveries[0].ReturnPath = myodai.DeliveryAccepted, myodai.RouteNormal, rcpt("b-x", "mail.example.com")
		r.Deliveries[0].DueAt = t0.Add(time.Hour)
		r.Events = []myodai.Event{event(tenant.ID, myodai.EventMessageReleased, t0)}
		ok(t, s.Release(t.Context(), r))
		wantCode(t, s.Release(t.Context(), r), myodai.CodeConflict)
		same(t, "message released", must(s.Message(t.Context(), tenant.ID, a.Message.ID))(t), r.Message)
		body, signed, err := s.Body(t.Context(), tenant.ID, a.Message.ID)
		ok(t, err)
		same(t, "body released", string(body), string(r.Body))
		_, held, err := s.Body(t.Context(), tenant.ID, b.Message.ID)
		if err != nil || !signed || held {
			t.Errorf("what was released is signed: %t; what is held: %t, %v", signed, held, err)
		}
		same(t, "delivery released", must(s.Delivery(t.Context(), tenant.ID, a.Deliveries[0].ID))(t), r.Deliveries[0])
		same(t, "suppressed delivery", must(s.Delivery(t.Context(), tenant.ID, a.Deliveries[1].ID))(t).State, myodai.DeliverySuppressed)
		if due, _ := claim(t, s, "n1", 9, t0.Add(time.Hour)); len(due) != 1 || due[0].Route != myodai.RouteNormal {
			t.Errorf("due: %+v", due)
		}
		tell := func(d myodai.Delivery) myodai.Event { return event(d.TenantID, myodai.EventMessageExpired, t0) }
		if n := must(s.ExpireHeld(t.Context(), t0.Add(time.Hour), 10, tell))(t); n != 0 {
			t.Errorf("%d expire early", n)
		}
		if n := must(s.ExpireHeld(t.Context(), b.Message.ExpiresAt, 10, tell))(t); n != 1 {
			t.Errorf("%d expire, want 1", n)
		}
		same(t, "delivery given up", must(s.Delivery(t.Context(), tenant.ID, b.Deliveries[0].ID))(t).State, myodai.DeliveryExpired)
	})
}

// D11: a confirmed address is handed out when its domain is to be looked at, to one
// node, and what was seen is kept. E3: the same address elsewhere counts where it
// is proved.
func TestSenderLooks(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant, other, third := newTenant(t, s), newTenant(t, s), newTenant(t, s)
		mine, theirs := newSender(tenant.ID, "a", rcpt("a", "www.example.com")), newSender(other.ID, "a", rcpt("A", "www.example.com"))
		ok(t, s.CreateSender(t.Context(), mine, false))
		ok(t, s.CreateSender(t.Context(), theirs, false))
		due := func(now time.Time) []myodai.SenderAddress {
			t.Helper()
			return must(s.ClaimSenderLooks(t.Context(), 10, now, now.Add(time.Minute)))(t)
		}
		rivals := func() []myodai.SenderAddress { return must(s.SenderRivals(t.Context(), third.ID, mine.Address))(t) }
		if n := len(due(t0.AddDate(1, 0, 0))) + len(rivals()); n != 0 {
			t.Errorf("%d before anything is proved", n)
		}
		newDomain(t, s, other.ID, "example.com")
		c := ask(mine, t0)
		ok(t, s.AddConfirmation(t.Context(), c))
		must(s.AnswerConfirmation(t.Context(), c.TokenHash, ending(myodai.ConfirmationConfirmed, t0)))(t)
		if list := rivals(); len(list) != 2 || list[0].ID != mine.ID || list[1].ID != theirs.ID {
			t.Errorf("rivals: %+v", list)
		}
		if list := must(s.SenderRivals(t.Context(), tenant.ID, mine.Address))(t); len(list) != 1 || list[0].ID != theirs.ID {
			t.Errorf("rivals of the first: %+v", list)
		}
		if n := len(due(t0.Add(myodai.SenderLookPause - 1))); n != 0 {
			t.Errorf("%d are due early", n)
		}
		at := t0.Add(myodai.SenderLookPause)
		if list := due(at); len(list) != 1 || list[0].ID != mine.ID {
			t.Errorf("due: %+v", list)
		}
		if n := len(due(at)); n != 0 {
			t.Errorf("%d are handed out twice", n)
		}
		look := myodai.SenderLook{At: at.Add(time.Hour), Policy: "reject", AtRiskAt: at, RefusedAt: at}
		must(s.UpdateSender(t.Context(), tenant.ID, mine.ID, func(a myodai.SenderAddress) (myodai.SenderAddress, []myodai.Event, error) {
			a.Look = look
			return a, nil, nil
		}))(t)
		same(t, "what was seen", must(s.ConfirmedSender(t.Context(), tenant.ID, mine.Address))(t).Look, look)
	})
}
