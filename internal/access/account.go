package access

import (
	"context"
	"crypto/hmac"
	"time"

	"github.com/myodai/myodai"
)

// UpdateProfile changes what the actor says of themselves.
func (s *Service) UpdateProfile(ctx context.Context, a Actor, p Profile, from Client) error {
	if err := p.check(); err != nil {
		return err
	}
	_, err := s.change(ctx, a, "update-profile", from, false, func(m myodai.Member) (myodai.Member, error) {
		m.Name = p.Name
		m.Language, _ = parseLanguage(p.Language) // it was checked
		return m, nil
	})
	return err
}

// change changes the actor's own account. When what they sign in with changes,
// every session of theirs ends and this one goes on under a new token (T69).
func (s *Service) change(ctx context.Context, a Actor, operation string, from Client, anew bool,
	do func(myodai.Member) (myodai.Member, error)) (SignedIn, error) {
	now := time.Now()
	out := SignedIn{Session: a.Session}
	v, token := s.newSession(now, a.Member, from)
	v.ConfirmedAt, v.ExpiresAt, v.Provider = a.Session.ConfirmedAt, a.Session.ExpiresAt, a.Session.Provider
	if anew {
		out.Session, out.Token = v, token
	}
	var err error
	out.Member, err = s.people.UpdateMember(ctx, a.Tenant, a.Member.ID, now, func(m myodai.Member, _ int) (myodai.MemberChange, error) {
		m, err := do(m)
		c := myodai.MemberChange{Member: m, EndSessions: anew, Audit: []myodai.AuditEntry{
			s.audit(now, a.By(from), a.Tenant, operation, string(m.ID), nil),
		}}
		if anew {
			c.NewSession = &v
		}
		return c, err
	})
	return out, err
}

// ChangePassword sets a new password of the actor, who has confirmed.
func (s *Service) ChangePassword(ctx context.Context, a Actor, password string, from Client) (SignedIn, error) {
	if err := a.needConfirmed(time.Now()); err != nil {
		return SignedIn{}, err
	}
	if err := CheckPassword(password, a.Member.Email); err != nil {
		return SignedIn{}, err
	}
	phc, err := s.passwords.hash(ctx, password)
	if err != nil {
		return SignedIn{}, err
	}
	in, err := s.change(ctx, a, "change-password", from, true, func(m myodai.Member) (myodai.Member, error) {
		m.Password = phc
		return m, nil
	})
	if err == nil {
		s.tell(in.Member, changedPassword)
	}
	return in, err
}

// ChangeEmail sends a link to an address that the actor, who has confirmed, wants
// to sign in with from now on. Until it is opened the old one holds.
func (s *Service) ChangeEmail(ctx context.Context, a Actor, email string, from Client) error {
	now := time.Now()
	if err := a.needConfirmed(now); err != nil {
		return err
	}
	address, err := parseEmail(email)
	if err != nil {
		return err
	}
	if !s.limits.mail.take("email "+folded(address), now) || !s.limits.requests.take("email "+string(a.Member.ID), now) {
		return errThrottled
	}
	t, token := s.ticket(now, myodai.TicketEmail, a.Tenant, emailLife)
	t.MemberID, t.Email = a.Member.ID, address
	err = s.people.CreateTicket(ctx, t, s.audit(now, a.By(from), a.Tenant, "request-email", string(a.Member.ID), map[string]string{"email": address.String()}))
	if err != nil {
		return err
	}
	return s.post(ctx, address, a.Member.Language, emailLetter, "/account/email/"+token, "{address}", address.String())
}

// EmailTicket finds what a link to confirm an address is for.
func (s *Service) EmailTicket(ctx context.Context, token string) (myodai.Ticket, error) {
	return s.present(ctx, myodai.TicketEmail, token)
}

// ConfirmEmail takes on the address that a link was sent to. The old one is told.
func (s *Service) ConfirmEmail(ctx context.Context, token string, from Client) error {
	t, err := s.EmailTicket(ctx, token)
	if err != nil {
		return err
	}
	now := time.Now()
	var before myodai.Member
	_, err = s.people.UpdateMember(ctx, t.TenantID, t.MemberID, now, func(m myodai.Member, _ int) (myodai.MemberChange, error) {
		before = m
		entry := s.audit(now, By{Actor: actorOf(m), Client: from}, m.TenantID, "change-email", string(m.ID),
			map[string]string{"from": m.Email.String(), "to": t.Email.String()})
		m.Email = t.Email
		return myodai.MemberChange{Member: m, Spends: t.ID, Audit: []myodai.AuditEntry{entry}}, nil
	})
	if err == nil {
		s.tell(before, changedEmail)
	}
	return err
}

// NewTOTP makes a secret for an authenticator app, in base 32. Nothing is kept
// before EnableTOTP has seen a code made with it.
func (s *Service) NewTOTP() string {
	var b [totpOctets]byte
	if _, err := s.random.Read(b[:]); err != nil {
		panic("access: no randomness: " + err.Error())
	}
	return totpBase32.EncodeToString(b[:])
}

// EnableTOTP takes an authenticator app as second factor of the actor, who has
// confirmed, and returns recovery codes when they had no second factor before.
func (s *Service) EnableTOTP(ctx context.Context, a Actor, secret, code string, from Client) (in SignedIn, recovery []string, err error) {
	now := time.Now()
	if err := a.needConfirmed(now); err != nil {
		return in, nil, err
	}
	raw, err := totpBase32.DecodeString(secret)
	if err != nil || len(raw) != totpOctets {
		return in, nil, myodai.Refuse(myodai.CodeInvalid, "code", "begin again: the picture on the page has expired")
	}
	if !s.limits.codes.open("new "+string(a.Member.ID), now) {
		return in, nil, errThrottled
	}
	step, ok := totpMatch(raw, code, now, 0)
	if !ok {
		s.limits.codes.take("new "+string(a.Member.ID), now)
		return in, nil, myodai.Refuse(myodai.CodeInvalid, "code", "the code does not match; check the clock of the device and type the code it shows now")
	}
	codes, hashes := newRecovery(s.random)
	in, err = s.change(ctx, a, "enable-totp", from, true, func(m myodai.Member) (myodai.Member, error) {
		recovery = nil
		if len(m.Recovery) == 0 {
			m.Recovery, recovery = hashes, codes
		}
		m.TOTP, m.TOTPStep = raw, step
		return m, nil
	})
	if err == nil {
		s.tell(in.Member, changedFactors)
	}
	return in, recovery, err
}

// DisableTOTP takes the authenticator app of the actor, who has confirmed, away.
func (s *Service) DisableTOTP(ctx context.Context, a Actor, from Client) (SignedIn, error) {
	return s.lessFactors(ctx, a, "disable-totp", from, func(m myodai.Member) (myodai.Member, error) {
		m.TOTP, m.TOTPStep = nil, 0
		return m, nil
	})
}

// lessFactors takes a second factor away. Recovery codes stand in for a second
// factor, so they go with the last one.
func (s *Service) lessFactors(ctx context.Context, a Actor, operation string, from Client,
	do func(myodai.Member) (myodai.Member, error)) (SignedIn, error) {
	if err := a.needConfirmed(time.Now()); err != nil {
		return SignedIn{}, err
	}
	in, err := s.change(ctx, a, operation, from, true, func(m myodai.Member) (myodai.Member, error) {
		m, err := do(m)
		if !m.SecondFactor() {
			m.Recovery = nil
		}
		return m, err
	})
	if err == nil {
		s.tell(in.Member, changedFactors)
	}
	return in, err
}

// RenewRecovery replaces the recovery codes of the actor, who has confirmed.
func (s *Service) RenewRecovery(ctx context.Context, a Actor, from Client) ([]string, error) {
	if err := a.needConfirmed(time.Now()); err != nil {
		return nil, err
	}
	codes, hashes := newRecovery(s.random)
	_, err := s.change(ctx, a, "renew-recovery-codes", from, false, func(m myodai.Member) (myodai.Member, error) {
		if !m.SecondFactor() {
			return m, myodai.Refuse(myodai.CodeConflict, "", "recovery codes stand in for a second factor; set one up first")
		}
		m.Recovery = hashes
		return m, nil
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// same reports whether a secret of a browser is the one that was kept.
func same(secret string, hash []byte) bool {
	sum := hashToken(secret)
	return hmac.Equal(sum[:], hash)
}
