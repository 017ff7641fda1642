package access

import (
	"context"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// How long the links in mails to members work.
const (
	resetLife = time.Hour
	emailLife = 24 * time.Hour
)

// folded is an address as it is compared.
func folded(a myodai.Address) string { return strings.ToLower(a.String()) }

// RequestReset sends a link to set a new password to whoever signs in with the
// address. The answer is the same, and takes as long, when there is nobody (T67).
func (s *Service) RequestReset(ctx context.Context, email string, from Client) error {
	now := time.Now()
	address, err := parseEmail(email)
	if err != nil {
		return err
	}
	if !s.limits.requests.take(from.Network, now) {
		return errThrottled
	}
	if !s.limits.mail.take("reset "+folded(address), now) {
		return nil // they have had three today
	}
	s.aside("send a link to set a new password", func(ctx context.Context) error {
		m, err := s.people.MemberByEmail(ctx, address)
		if isCode(err, myodai.CodeNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.sendReset(ctx, m, now)
	})
	return nil
}

func (s *Service) sendReset(ctx context.Context, m myodai.Member, now time.Time) error {
	t, token := s.ticket(now, myodai.TicketReset, m.TenantID, resetLife)
	t.MemberID, t.Email = m.ID, m.Email
	if err := s.people.CreateTicket(ctx, t); err != nil {
		return err
	}
	return s.post(ctx, m.Email, m.Language, resetLetter, "/reset/"+token, "{address}", m.Email.String())
}

// ResetTicket finds what a link to set a new password is for.
func (s *Service) ResetTicket(ctx context.Context, token string) (myodai.Ticket, error) {
	return s.present(ctx, myodai.TicketReset, token)
}

// Reset sets a new password and ends every session. Who has a second factor still
// needs it to sign in.
func (s *Service) Reset(ctx context.Context, token, password string, from Client) error {
	t, err := s.ResetTicket(ctx, token)
	if err != nil {
		return err
	}
	if err := CheckPassword(password, t.Email); err != nil {
		return err
	}
	phc, err := s.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	now := time.Now()
	m, err := s.people.UpdateMember(ctx, t.TenantID, t.MemberID, now, func(m myodai.Member, _ int) (myodai.MemberChange, error) {
		if m.Email != t.Email { // it was sent to an address they have left since
			return myodai.MemberChange{}, errTicket
		}
		m.Password = phc
		return myodai.MemberChange{Member: m, EndSessions: true, Spends: t.ID, Audit: []myodai.AuditEntry{
			s.audit(now, By{Actor: actorOf(m), Client: from}, m.TenantID, "reset-password", string(m.ID), nil),
		}}, nil
	})
	if err != nil {
		return err
	}
	s.tell(m, changedPassword)
	return nil
}
