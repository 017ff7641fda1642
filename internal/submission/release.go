package submission

import (
	"context"
	"fmt"
	"time"

	"github.com/myodai/myodai"
)

// Holds is what submission needs of the store to release what is held.
type Holds interface {
	// Message returns a message; CodeNotFound when there is none.
	Message(ctx context.Context, tenant myodai.TenantID, id myodai.MessageID) (myodai.Message, error)
	// Body is a message as it is stored, and whether that is with signatures.
	Body(ctx context.Context, tenant myodai.TenantID, id myodai.MessageID) (octets []byte, signed bool, err error)
	// HeldAuthors lists, in a fixed order, authors behind a given one whose mail is held.
	HeldAuthors(ctx context.Context, after myodai.HeldAuthor, max int) ([]myodai.HeldAuthor, error)
	// HeldMessages lists messages of an author that are held, oldest first.
	HeldMessages(ctx context.Context, a myodai.HeldAuthor, max int) ([]myodai.Message, error)
	// Release writes everything or nothing; CodeConflict when nothing is held anymore.
	Release(ctx context.Context, r myodai.Released) error
	// ExpireHeld gives up what was held until now.
	ExpireHeld(ctx context.Context, now time.Time, max int, event func(myodai.Delivery) myodai.Event) (int, error)
}

// Release sends a held message on its way. Without a rule that is the way of its
// class, and it is refused with CodeForbidden while its author is not verified;
// with one, normal or platform, it goes that way all the same, which is for the
// operator to say. It refuses with CodeConflict what is not held.
func (e *Engine) Release(ctx context.Context, tenant myodai.TenantID, id myodai.MessageID, rule myodai.UnverifiedRule) (myodai.Message, error) {
	m, err := e.o.Holds.Message(ctx, tenant, id)
	if err != nil {
		return m, faultOr("release", err)
	}
	policy, err := e.policy(ctx, tenant)
	if err != nil {
		return m, fmt.Errorf("release: %w", err)
	}
	class, err := policy.Class(m.Class)
	if err != nil { // the class was taken away meanwhile
		if class, err = policy.Class(""); err != nil {
			return m, err
		}
	}
	if class.Unverified = rule; rule == "" {
		class.Unverified = myodai.UnverifiedRefuse
	}
	way, err := e.way(ctx, tenant, policy, class, m.From)
	switch {
	case err != nil:
		return m, err
	case way.Fate != FateSend:
		return m, myodai.Refuse(myodai.CodeForbidden, "", "the message stays held: %s", way.Lacking)
	}
	return e.release(ctx, m, way, rule)
}

// release signs a held message and sends it the way that was decided.
func (e *Engine) release(ctx context.Context, m myodai.Message, w Way, rule myodai.UnverifiedRule) (myodai.Message, error) {
	all, err := e.o.Store.Deliveries(ctx, m.TenantID, m.ID)
	if err != nil {
		return m, fmt.Errorf("release: %w", err)
	}
	body, _, err := e.o.Holds.Body(ctx, m.TenantID, m.ID)
	if err != nil {
		return m, fmt.Errorf("release: %w", err)
	}
	if m.Basis != "" {
		return m, myodai.Refuse(myodai.CodeConflict, "", "the message is not held")
	}
	author, now := m.From, time.Now()
	finished, domain, signed, err := e.finish(ctx, m, body, w)
	if err != nil {
		return m, faultOr("release", err)
	}
	wire, err := e.sign(ctx, finished, domain, now)
	if err != nil {
		return m, faultOr("release", err)
	}
	signed.Size = int64(len(wire))
	r := myodai.Released{Message: signed, Body: wire, Events: []myodai.Event{{
		ID: myodai.NewID[myodai.EventID](now, e.o.Random), TenantID: m.TenantID, Kind: myodai.EventMessageReleased, At: now,
		DomainID: signed.DomainID, MessageID: m.ID, Data: map[string]any{
			"from": author.String(), "sent_from": signed.From.String(), "route": string(w.Route), "basis": string(signed.Basis), "rule": string(rule),
		},
	}}}
	for _, d := range all {
		if d.State == myodai.DeliveryHeld && d.Hold == "" {
			d.DueAt = now
			r.Deliveries = append(r.Deliveries, d)
		}
	}
	e.direct(r.Deliveries, w, domain)
	if err := e.o.Holds.Release(ctx, r); err != nil {
		return m, faultOr("release", err)
	}
	e.o.Wake()
	return signed, nil
}

// How often held mail is looked through, and how much of it at a time.
const (
	holdPause   = 5 * time.Second
	holdAuthors = 100
	holdBatch   = 100
)

// Run releases held mail whose author has become verified, and gives up what
// has been held for too long, until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	tick := time.NewTicker(holdPause)
	defer tick.Stop()
	var at myodai.HeldAuthor
	failing := false
	for {
		next, err := e.reviewHeld(ctx, at)
		if err != nil && ctx.Err() == nil && !failing {
			e.o.Log.ErrorContext(ctx, "look through held mail", "err", err)
		}
		at, failing = next, err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// reviewHeld looks at the authors behind one, and says behind which to go on.
func (e *Engine) reviewHeld(ctx context.Context, after myodai.HeldAuthor) (next myodai.HeldAuthor, err error) {
	now := time.Now()
	_, err = e.o.Holds.ExpireHeld(ctx, now, holdBatch, func(d myodai.Delivery) myodai.Event {
		return myodai.Event{
			ID: myodai.NewID[myodai.EventID](now, e.o.Random), TenantID: d.TenantID, Kind: myodai.EventMessageExpired, At: now,
			MessageID: d.MessageID, DeliveryID: d.ID, Data: map[string]any{"recipient": d.Recipient.String(), "text": "held until its time was over"},
		}
	})
	if err != nil {
		return after, err
	}
	authors, err := e.o.Holds.HeldAuthors(ctx, after, holdAuthors)
	if err != nil {
		return after, err
	}
	for _, a := range authors {
		if err := e.releaseAll(ctx, a); err != nil {
			return a, err
		}
	}
	if len(authors) < holdAuthors {
		return myodai.HeldAuthor{}, nil
	}
	return authors[len(authors)-1], nil
}

// releaseAll releases what is held of one author, when that may go.
func (e *Engine) releaseAll(ctx context.Context, a myodai.HeldAuthor) error {
	list, err := e.o.Holds.HeldMessages(ctx, a, holdBatch)
	if err != nil {
		return err
	}
	for _, m := range list {
		_, err := e.Release(ctx, m.TenantID, m.ID, "")
		switch refusal := refusalOf(err); {
		case refusal != nil && refusal.Code == myodai.CodeForbidden:
			return nil // not yet; and what holds for one message of an author, holds for all
		case refusal == nil && err != nil:
			return err
		}
	}
	return nil
}
