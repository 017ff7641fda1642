package access

import (
	"context"
	"errors"
	"time"

	"github.com/myodai/myodai"
)

// How long a session lasts (T69): idle, and however busy it is. Half of one
// waits only for a code to be typed.
const (
	idleLife    = 12 * time.Hour
	sessionLife = 7 * 24 * time.Hour
	halfLife    = 10 * time.Minute
	// seenEvery is how exactly it is known when a session was used last.
	seenEvery = time.Minute
)

// maxAgent bounds what is kept of what a browser says it is, in octets.
const maxAgent = 300

// SignedIn is what a sign-in led to.
type SignedIn struct {
	Token   string // of the session: into the cookie, and nowhere else
	Session myodai.Session
	Member  myodai.Member
}

// newSession makes a session of a member, from now on.
func (s *Service) newSession(now time.Time, m myodai.Member, from Client) (v myodai.Session, token string) {
	token, hash := s.newToken()
	if len(from.Agent) > maxAgent {
		from.Agent = from.Agent[:maxAgent]
	}
	return myodai.Session{
		ID: myodai.NewID[myodai.SessionID](now, s.random), TenantID: m.TenantID, MemberID: m.ID, SecretHash: hash,
		Address: from.Address, Agent: from.Agent, CreatedAt: now, SeenAt: now, ConfirmedAt: now, ExpiresAt: now.Add(sessionLife),
	}, token
}

// errSession is the one answer to every session that does not work.
var errSession = myodai.Refuse(myodai.CodeUnauthorized, "", "sign in first")

// Session finds out who is signed in with the token of a cookie. It asks the
// store each time, so a session that ended anywhere has ended everywhere (P31).
//
// It refuses with CodeUnauthorized what is no session, or only half of one, and
// with CodeForbidden members of a tenant that is suspended.
func (s *Service) Session(ctx context.Context, token string) (Actor, error) {
	a, err := s.visit(ctx, token)
	if err == nil && a.Session.Half {
		return Actor{}, errSession
	}
	return a, err
}

// visit finds a session, also half of one.
func (s *Service) visit(ctx context.Context, token string) (Actor, error) {
	now := time.Now()
	if len(token) != tokenLength {
		return Actor{}, errSession
	}
	v, err := s.people.SessionBySecret(ctx, hashToken(token))
	if isCode(err, myodai.CodeNotFound) || err == nil && over(v, now) {
		return Actor{}, errSession
	}
	if err != nil {
		return Actor{}, err
	}
	m, err := s.people.Member(ctx, v.TenantID, v.MemberID)
	if isCode(err, myodai.CodeNotFound) {
		return Actor{}, errSession
	}
	if err != nil {
		return Actor{}, err
	}
	if err := s.admitMember(ctx, m); err != nil {
		return Actor{}, err
	}
	rules, err := s.people.SignInRules(ctx, m.TenantID)
	if err != nil {
		return Actor{}, err
	}
	if !v.Half && now.Sub(v.SeenAt) >= seenEvery {
		if err := s.people.SeeSession(ctx, v.ID, now); err != nil {
			return Actor{}, err
		}
		v.SeenAt = now
	}
	a := Actor{Member: m, Session: v, Tenant: m.TenantID, Role: m.Role, Operator: m.Role == myodai.RoleOperator}
	if rules.SecondFactor && !m.SecondFactor() && !v.Provider {
		a.Enroll, a.Role, a.Operator = true, "", false
	}
	return a, nil
}

// over reports whether a session has ended by itself.
func over(v myodai.Session, now time.Time) bool {
	if v.Half {
		return now.Sub(v.CreatedAt) >= halfLife
	}
	return !now.Before(v.ExpiresAt) || now.Sub(v.SeenAt) >= idleLife
}

// admitMember refuses members of a tenant that is suspended.
func (s *Service) admitMember(ctx context.Context, m myodai.Member) error {
	if m.TenantID == "" {
		return nil
	}
	t, err := s.store.Tenant(ctx, m.TenantID)
	if err == nil && t.State != myodai.TenantActive {
		return myodai.Refuse(myodai.CodeForbidden, "", "this tenant is suspended; only the platform operator can resume it")
	}
	return err
}

// HalfSession finds who has given a password and not yet a second factor.
func (s *Service) HalfSession(ctx context.Context, token string) (myodai.Member, error) {
	a, err := s.visit(ctx, token)
	if err == nil && !a.Session.Half {
		return myodai.Member{}, errSession
	}
	return a.Member, err
}

// SignOut ends the session of a token. One that has ended already is fine.
func (s *Service) SignOut(ctx context.Context, token string, from Client) error {
	a, err := s.visit(ctx, token)
	if isCode(err, myodai.CodeUnauthorized) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.endSession(ctx, a, a.Session.ID, "sign-out", from)
}

func (s *Service) endSession(ctx context.Context, a Actor, id myodai.SessionID, operation string, from Client) error {
	now := time.Now()
	return s.people.EndSession(ctx, a.Tenant, a.Member.ID, id, s.audit(now, a.By(from), a.Tenant, operation, string(id), nil))
}

// OwnSessions lists the sessions of the actor that are not over, newest first.
func (s *Service) OwnSessions(ctx context.Context, a Actor) ([]myodai.Session, error) {
	list, err := s.people.Sessions(ctx, a.Tenant, a.Member.ID)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	open := []myodai.Session{}
	for _, v := range list {
		if !v.Half && !over(v, now) {
			open = append(open, v)
		}
	}
	return open, nil
}

// EndSession ends one of the actor's own sessions.
func (s *Service) EndSession(ctx context.Context, a Actor, id myodai.SessionID, from Client) error {
	return s.endSession(ctx, a, id, "end-session", from)
}

// EndOtherSessions signs the actor out everywhere else.
func (s *Service) EndOtherSessions(ctx context.Context, a Actor, from Client) error {
	now := time.Now()
	return s.people.EndSessions(ctx, a.Tenant, a.Member.ID, a.Session.ID, s.audit(now, a.By(from), a.Tenant, "end-other-sessions", string(a.Member.ID), nil))
}

// isCode reports whether err is a refusal with the code.
func isCode(err error, code myodai.Code) bool {
	refusal, ok := errors.AsType[*myodai.Error](err)
	return ok && refusal.Code == code
}
