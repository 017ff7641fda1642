package senders

import (
	"context"
	"crypto/subtle"
	"strings"
	"time"
	"unicode"

	"github.com/myodai/myodai"
)

// Question is what the page behind the link shows before anything is pressed.
type Question struct {
	Tenant       string // made inert
	Address      myodai.Address
	Via          myodai.Name // that would be shown beside the author; "" for none
	ExpiresAt    time.Time
	Confirmation myodai.Confirmation
}

// Look shows the question that a link belongs to, and changes nothing (T10). A
// token we did not send, or that is old, is refused with CodeNotFound.
func (s *Service) Look(ctx context.Context, token string) (Question, error) {
	c, err := s.o.Store.ConfirmationByToken(ctx, hashToken(token))
	if err != nil {
		return Question{}, err
	}
	tenant, err := s.o.Store.Tenant(ctx, c.TenantID)
	if err != nil {
		return Question{}, err
	}
	o, err := s.outlook(ctx, c.TenantID, c.Address, myodai.SenderAddress{})
	return Question{Tenant: inert(tenant.Name), Address: c.Address, Via: o.Via, ExpiresAt: c.ExpiresAt, Confirmation: c}, err
}

// Confirm agrees to the question that a token belongs to. Beside the token it
// takes the session of the tenant that asked (session, "" for none) or the code
// that the tenant was shown (T10).
//
// It refuses with CodeForbidden a wrong code, of which there may be ten; with
// CodeConflict a question that is answered or whose time is over, and an address
// that is another account's (E3); with CodeInvalid an address that has become
// one that mail cannot be sent from.
func (s *Service) Confirm(ctx context.Context, token string, session myodai.TenantID, code string) (myodai.Confirmation, error) {
	sum := hashToken(token)
	before, err := s.o.Store.ConfirmationByToken(ctx, sum)
	if err != nil {
		return before, err
	}
	sender, err := s.o.Store.SenderAddress(ctx, before.TenantID, before.SenderID)
	if err != nil && !isNotFound(err) {
		return before, err
	}
	o, err := s.outlook(ctx, before.TenantID, before.Address, sender)
	if err != nil {
		return before, err
	}
	taken, err := s.taken(ctx, before.TenantID, myodai.SenderAddress{}, before.Address)
	if err != nil {
		return before, err
	}
	now := time.Now()
	return s.o.Store.AnswerConfirmation(ctx, sum, func(c myodai.Confirmation) (myodai.Confirmation, []myodai.Event, error) {
		if err := over(c, now); err != nil {
			return c, nil, err
		}
		if session != c.TenantID && !sameCode(code, c.Code) {
			c, err := wrongCode(c, now)
			return c, nil, err
		}
		if o.Refused != nil {
			return c, nil, o.Refused
		}
		if taken {
			return c, nil, isTaken(c.Address)
		}
		c.Ending, c.EndedAt = myodai.ConfirmationConfirmed, now
		return c, []myodai.Event{s.event(sender, myodai.EventSenderConfirmed, now, nil)}, nil
	})
}

// sameCode compares a typed code in constant time. Digits may be full-width, and
// spaces and hyphens, with which people group them, do not count.
func sameCode(typed, code string) bool {
	typed = strings.Map(func(c rune) rune {
		switch {
		case c >= '０' && c <= '９':
			return c - '０' + '0'
		case unicode.IsSpace(c) || c == '-':
			return -1
		}
		return c
	}, typed)
	return subtle.ConstantTimeCompare([]byte(typed), []byte(code)) == 1
}

// wrongCode counts a wrong code, and ends the question after too many.
func wrongCode(c myodai.Confirmation, now time.Time) (myodai.Confirmation, error) {
	c.Tries++
	if c.Tries >= myodai.MaxConfirmationTries {
		c.Ending, c.EndedAt = myodai.ConfirmationExpired, now
		return c, myodai.Refuse(myodai.CodeForbidden, "code", "the code was wrong too often; have the confirmation mail sent again")
	}
	return c, myodai.Refuse(myodai.CodeForbidden, "code",
		"the code is not right; it is shown where the address was registered, and has %d digits", codeDigits)
}

// over refuses a question that cannot be answered anymore.
func over(c myodai.Confirmation, now time.Time) error {
	if c.Open(now) {
		return nil
	}
	switch c.Ending {
	case myodai.ConfirmationConfirmed:
		return myodai.Refuse(myodai.CodeConflict, "", "%s is confirmed already; nothing is left to do", c.Address)
	case myodai.ConfirmationDenied:
		return myodai.Refuse(myodai.CodeConflict, "", "somebody has said that they did not ask for this; the link opens nothing anymore")
	case myodai.ConfirmationReplaced:
		return myodai.Refuse(myodai.CodeConflict, "", "a later mail has replaced this link; use the newest one")
	}
	return myodai.Refuse(myodai.CodeConflict, "", "the time of this link is over; have the confirmation mail sent again")
}

// Deny says "this was not me": the question ends, and the address is not asked
// again for 30 days, by anybody (T11). The token alone is enough for it.
func (s *Service) Deny(ctx context.Context, token string) (myodai.Confirmation, error) {
	sum := hashToken(token)
	before, err := s.o.Store.ConfirmationByToken(ctx, sum)
	if err != nil {
		return before, err
	}
	sender := myodai.SenderAddress{ID: before.SenderID, TenantID: before.TenantID, Address: before.Address}
	now := time.Now()
	return s.o.Store.AnswerConfirmation(ctx, sum, func(c myodai.Confirmation) (myodai.Confirmation, []myodai.Event, error) {
		if err := over(c, now); err != nil {
			return c, nil, err
		}
		c.Ending, c.EndedAt = myodai.ConfirmationDenied, now
		return c, []myodai.Event{s.event(sender, myodai.EventSenderDenied, now, nil)}, nil
	})
}

// How often questions that nobody answered are ended, and how many at a time.
const expirePause, expireBatch = 30 * time.Second, 500

// Run ends questions whose time is over, and looks again at what confirmed
// addresses rest on, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(expirePause)
	defer tick.Stop()
	failing := false
	for {
		now := time.Now()
		_, err := s.o.Store.ExpireConfirmations(ctx, now, expireBatch, func(c myodai.Confirmation) myodai.Event {
			return s.event(myodai.SenderAddress{ID: c.SenderID, TenantID: c.TenantID, Address: c.Address}, myodai.EventSenderExpired, now, nil)
		})
		for more := lookBatch; err == nil && more == lookBatch; {
			more, err = s.lookAgain(ctx, now)
		}
		if err != nil && ctx.Err() == nil && !failing {
			s.o.Log.ErrorContext(ctx, "look after sender addresses", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
