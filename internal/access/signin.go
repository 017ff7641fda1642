package access

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// errSignIn is the one answer to everything that does not sign in (T67).
var errSignIn = myodai.Refuse(myodai.CodeUnauthorized, "", "the address and the password do not belong together; check both, or have a new password sent")

// SignIn begins a session with a password. When the member has a second factor
// the session is half of one: SecondFactor or PasskeySignIn makes it whole.
//
// before is the token that the browser had until now, "" for none; it stops
// working, so nobody can have planted it (T69).
func (s *Service) SignIn(ctx context.Context, email, password string, from Client, before string) (SignedIn, error) {
	now := time.Now()
	account := strings.ToLower(email)
	if !s.limits.account.open(account, now) || !s.limits.network.open(from.Network, now) {
		return SignedIn{}, errThrottled
	}
	var m myodai.Member
	address, err := myodai.ParseAddress(email)
	if err == nil {
		m, err = s.people.MemberByEmail(ctx, address)
	}
	if err != nil && !isCode(err, myodai.CodeNotFound) && !isCode(err, myodai.CodeInvalid) {
		return SignedIn{}, err
	}
	// For an address that nobody has, the member is zero, and so is the password:
	// verifying it takes as long as verifying any.
	right, stale, err := s.passwords.verify(ctx, m.Password, password)
	if err != nil {
		return SignedIn{}, err
	}
	if !right {
		s.limits.account.take(account, now)
		s.limits.network.take(from.Network, now)
		s.refused(m, from, "password")
		return SignedIn{}, errSignIn
	}
	if err := s.admitPassword(ctx, m); err != nil {
		return SignedIn{}, err
	}
	if stale {
		s.rehash(m, password)
	}
	return s.begin(ctx, m, from, before, begun{half: m.SecondFactor(), with: "password"})
}

// admitPassword says whether the member may come with a password. Those who can
// mend a provider that is broken always may.
func (s *Service) admitPassword(ctx context.Context, m myodai.Member) error {
	if err := s.admitMember(ctx, m); err != nil {
		return err
	}
	rules, err := s.people.SignInRules(ctx, m.TenantID)
	if err != nil {
		return err
	}
	if rules.ProviderOnly && rules.Issuer != "" && !May(m.Role, ActionSignIn) {
		return myodai.Refuse(myodai.CodeForbidden, "", "in this tenant one signs in at the company's own sign-in; use the link from your invitation")
	}
	return nil
}

// begun is how a session began.
type begun struct {
	half     bool
	provider bool
	with     string // for the audit trail
}

// begin makes the session, in place of the one the browser had.
func (s *Service) begin(ctx context.Context, m myodai.Member, from Client, before string, how begun) (SignedIn, error) {
	now := time.Now()
	var instead myodai.SessionID
	if len(before) == tokenLength {
		old, err := s.people.SessionBySecret(ctx, hashToken(before))
		if err == nil {
			instead = old.ID
		} else if !isCode(err, myodai.CodeNotFound) {
			return SignedIn{}, err
		}
	}
	v, token := s.newSession(now, m, from)
	v.Half, v.Provider = how.half, how.provider
	var entries []myodai.AuditEntry
	if !how.half {
		by := By{Actor: actorOf(m), Client: from}
		entries = append(entries, s.audit(now, by, m.TenantID, "sign-in", string(m.ID), map[string]string{"with": how.with}))
	}
	if err := s.people.CreateSession(ctx, v, instead, entries...); err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Token: token, Session: v, Member: m}, nil
}

// refused notes a refused sign-in of somebody there is. It is written aside,
// because writing takes a time that would tell whether there is somebody (T67).
func (s *Service) refused(m myodai.Member, from Client, with string) {
	if m.ID == "" {
		return
	}
	by := By{Actor: myodai.AuditActor{Kind: myodai.AuditStranger}, Client: from}
	entry := s.audit(time.Now(), by, m.TenantID, "refuse-sign-in", string(m.ID), map[string]string{"with": with, "member": m.Email.String()})
	s.aside("record a refused sign-in", func(ctx context.Context) error { return s.people.RecordAudit(ctx, entry) })
}

// rehash writes a password down again that was hashed at a lower cost.
func (s *Service) rehash(m myodai.Member, password string) {
	s.aside("hash a password anew", func(ctx context.Context) error {
		phc, err := s.passwords.hash(ctx, password)
		if err != nil {
			return err
		}
		_, err = s.people.UpdateMember(ctx, m.TenantID, m.ID, time.Now(), func(now myodai.Member, _ int) (myodai.MemberChange, error) {
			if now.Password == m.Password {
				now.Password = phc
			}
			return myodai.MemberChange{Member: now}, nil
		})
		return err
	})
}

// SecondFactor makes a half session whole with a code of an authenticator app or
// a recovery code. The token is replaced.
func (s *Service) SecondFactor(ctx context.Context, token, code string, from Client) (SignedIn, error) {
	a, err := s.visit(ctx, token)
	if err != nil {
		return SignedIn{}, err
	}
	if !a.Session.Half {
		return SignedIn{}, errSession
	}
	with, err := s.proveCode(ctx, a.Member, code, from)
	if err != nil {
		return SignedIn{}, err
	}
	return s.begin(ctx, a.Member, from, token, begun{with: "password, " + with})
}

// proveCode takes a code from a member, who cannot use it again, and says what
// kind of code it was.
func (s *Service) proveCode(ctx context.Context, m myodai.Member, code string, from Client) (with string, err error) {
	now := time.Now()
	if !s.limits.codes.open(string(m.ID), now) || !s.limits.network.open(from.Network, now) {
		return "", errThrottled
	}
	wrong := myodai.Refuse(myodai.CodeUnauthorized, "code", "the code is not right, or was used already; wait for the next one")
	_, err = s.people.UpdateMember(ctx, m.TenantID, m.ID, now, func(m myodai.Member, _ int) (myodai.MemberChange, error) {
		if step, ok := totpMatch(m.TOTP, code, now, m.TOTPStep); ok {
			with, m.TOTPStep = "code", step
			return myodai.MemberChange{Member: m}, nil
		}
		at := slices.Index(m.Recovery, hashRecovery(code))
		if at < 0 {
			return myodai.MemberChange{}, wrong
		}
		with = "recovery code"
		m.Recovery = slices.Delete(slices.Clone(m.Recovery), at, at+1)
		return myodai.MemberChange{Member: m}, nil
	})
	if isCode(err, myodai.CodeUnauthorized) {
		s.limits.codes.take(string(m.ID), now)
		s.limits.network.take(from.Network, now)
		s.refused(m, from, "code")
	}
	return with, err
}

// Confirm takes a fresh proof of who the actor is: their password, or a code of
// the authenticator app. The token is replaced.
func (s *Service) Confirm(ctx context.Context, a Actor, token, proof string, from Client) (SignedIn, error) {
	now := time.Now()
	account := strings.ToLower(a.Member.Email.String())
	if !s.limits.account.open(account, now) || !s.limits.network.open(from.Network, now) {
		return SignedIn{}, errThrottled
	}
	right, _, err := s.passwords.verify(ctx, a.Member.Password, proof)
	if err != nil {
		return SignedIn{}, err
	}
	with := "password"
	if !right && a.Member.SecondFactor() && len(proof) <= 40 {
		if with, err = s.proveCode(ctx, a.Member, proof, from); err == nil {
			right = true
		} else if !isCode(err, myodai.CodeUnauthorized) {
			return SignedIn{}, err
		}
	}
	if !right {
		s.limits.account.take(account, now)
		s.refused(a.Member, from, "confirmation")
		return SignedIn{}, myodai.Refuse(myodai.CodeUnauthorized, "proof", "that is neither your password nor a code that works now")
	}
	return s.begin(ctx, a.Member, from, token, begun{provider: a.Session.Provider, with: "confirmed by " + with})
}
