package senders

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// Ask sends the mail that asks to confirm a sender address, again if need be:
// then the link of the earlier one opens nothing anymore. It refuses with
// CodeLimited when the address was asked too often, by whomever (T11), and with
// CodeConflict when there is nothing to confirm.
func (s *Service) Ask(ctx context.Context, who Asking, id myodai.SenderID) (Registered, error) {
	r, err := s.Sender(ctx, who.Tenant, id)
	switch {
	case err != nil:
		return r, err
	case r.Sender.Confirmed():
		return r, myodai.Refuse(myodai.CodeConflict, "", "%s is confirmed already", r.Sender.Address)
	case r.Outlook.Refused != nil:
		return r, r.Outlook.Refused
	}
	r.Asked, err = s.ask(ctx, who, r)
	return r, err
}

// askIfNeeded asks where policy wants the address confirmed. That it cannot be
// asked now undoes nothing.
func (s *Service) askIfNeeded(ctx context.Context, who Asking, r Registered) (Registered, error) {
	if !r.Outlook.Confirm || r.Sender.Confirmed() {
		return r, nil
	}
	c, err := s.ask(ctx, who, r)
	if refusal, ok := errors.AsType[*myodai.Error](err); ok {
		r.NotAsked = refusal
		return r, nil
	}
	r.Asked = c
	return r, err
}

// ask notes the question and sends it. The note comes first, because it is what
// keeps mailboxes from being filled.
func (s *Service) ask(ctx context.Context, who Asking, r Registered) (myodai.Confirmation, error) {
	p, err := s.o.Store.Policy(ctx, who.Tenant)
	if err != nil {
		return myodai.Confirmation{}, err
	}
	tenant, err := s.o.Store.Tenant(ctx, who.Tenant)
	if err != nil {
		return myodai.Confirmation{}, err
	}
	now := time.Now()
	token, code := newToken(s.o.Random), newCode(s.o.Random)
	c := myodai.Confirmation{
		ID: myodai.NewID[myodai.RequestID](now, s.o.Random), TenantID: who.Tenant, SenderID: r.Sender.ID, Address: r.Sender.Address,
		TokenHash: hashToken(token), Code: code, AskedFrom: who.From, AskedAt: now, ExpiresAt: now.Add(time.Duration(p.ConfirmationLife)),
	}
	err = s.o.Store.AddConfirmation(ctx, c, s.event(r.Sender, myodai.EventSenderAsked, now, map[string]any{
		"expires_at": c.ExpiresAt.UTC().Format(time.RFC3339), "asked_from": who.From,
	}))
	if err != nil {
		return myodai.Confirmation{}, err
	}
	_, err = s.o.Send(ctx, myodai.OwnMail{
		To: c.Address, Subject: p.ConfirmationSubject,
		Text: letter{
			Tenant: inert(tenant.Name), Platform: s.o.Platform, Address: c.Address.String(), From: who.From, Via: string(r.Outlook.Via),
			Link: strings.TrimSuffix(s.o.BaseURL, "/") + "/confirm/" + token, Until: c.ExpiresAt, Life: time.Duration(p.ConfirmationLife),
		}.text(),
	})
	if err != nil {
		return c, fmt.Errorf("send the question: %w", err)
	}
	return c, nil
}

// The parts of a question that are secrets: 160 bits in the link, 26 in the code
// that alone opens nothing (T13).
const tokenOctets, codeDigits = 20, 8

var tokenText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

func newToken(random io.Reader) string {
	var b [tokenOctets]byte
	draw(random, b[:])
	return tokenText.EncodeToString(b[:])
}

func hashToken(token string) [32]byte { return sha256.Sum256([]byte("myodai confirmation " + token)) }

// newCode draws eight digits, all equally likely.
func newCode(random io.Reader) string {
	const codes = 100_000_000
	for {
		var b [4]byte
		draw(random, b[:])
		if n := binary.BigEndian.Uint32(b[:]); n < codes*(1<<32/codes) {
			return fmt.Sprintf("%0*d", codeDigits, n%codes)
		}
	}
}

func draw(random io.Reader, b []byte) {
	if _, err := io.ReadFull(random, b); err != nil {
		panic("senders: no randomness: " + err.Error())
	}
}

// isNotFound reports whether err refuses because something is not there.
func isNotFound(err error) bool {
	refusal, ok := errors.AsType[*myodai.Error](err)
	return ok && refusal.Code == myodai.CodeNotFound
}
