package access

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/myodai/myodai"
)

const (
	challengeLife = 5 * time.Minute
	maxPasskeys   = 20
)

// Challenge is what a browser gives to its authenticator, and the token with
// which the answer comes back.
type Challenge struct {
	Token   string          `json:"token"`
	Options json.RawMessage `json:"options"` // as PublicKeyCredential.parse…OptionsFromJSON takes them
}

// relying is us as authenticators know us. A passkey is bound to the host name in
// our base URL, and always asks who holds it, so it is two factors in one.
func (s *Service) relying() (*webauthn.WebAuthn, error) {
	base, err := url.Parse(s.base)
	if err != nil || base.Hostname() == "" {
		return nil, fmt.Errorf("passkeys need a base URL, not %q", s.base)
	}
	return webauthn.New(&webauthn.Config{
		RPID: base.Hostname(), RPDisplayName: s.platform, RPOrigins: []string{base.Scheme + "://" + base.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
	})
}

// holder is a member as the library wants one.
type holder struct{ m myodai.Member }

// WebAuthnID is what the authenticator keeps: it tells us later who came.
func (h holder) WebAuthnID() []byte { return []byte(h.m.ID) }

// WebAuthnName is what the authenticator lists.
func (h holder) WebAuthnName() string { return h.m.Email.String() }

// WebAuthnDisplayName is how the authenticator may call them.
func (h holder) WebAuthnDisplayName() string {
	if h.m.Name != "" {
		return h.m.Name
	}
	return h.m.Email.String()
}

// WebAuthnCredentials are the member's passkeys.
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	var list []webauthn.Credential
	for _, p := range h.m.Passkeys {
		var c webauthn.Credential
		if json.Unmarshal(p.Data, &c) == nil { // we wrote it
			list = append(list, c)
		}
	}
	return list
}

// challenge keeps what the answer is checked against.
func (s *Service) challenge(ctx context.Context, tenant myodai.TenantID, member myodai.MemberID, options any, data *webauthn.SessionData) (Challenge, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return Challenge{}, fmt.Errorf("write passkey options: %w", err)
	}
	t, token := s.ticket(time.Now(), myodai.TicketPasskey, tenant, challengeLife)
	t.MemberID = member
	if t.Data, err = json.Marshal(data); err != nil {
		return Challenge{}, fmt.Errorf("write passkey challenge: %w", err)
	}
	return Challenge{Token: token, Options: text}, s.people.CreateTicket(ctx, t)
}

// answered takes up the challenge of a token; nobody comes with it twice.
func (s *Service) answered(ctx context.Context, token string) (t myodai.Ticket, data webauthn.SessionData, err error) {
	if t, err = s.present(ctx, myodai.TicketPasskey, token); err != nil {
		return t, data, errPasskey
	}
	if err := s.people.SpendTicket(ctx, t.ID, time.Now()); err != nil {
		return t, data, err
	}
	if err := json.Unmarshal(t.Data, &data); err != nil {
		return t, data, fmt.Errorf("read passkey challenge: %w", err)
	}
	return t, data, nil
}

// errPasskey is the one answer to every passkey that does not work.
var errPasskey = myodai.Refuse(myodai.CodeUnauthorized, "", "this passkey does not work here; try again, or sign in with the password")

// BeginPasskeySignIn asks for any passkey of ours.
func (s *Service) BeginPasskeySignIn(ctx context.Context, from Client) (Challenge, error) {
	if !s.limits.requests.take(from.Network, time.Now()) {
		return Challenge{}, errThrottled
	}
	rp, err := s.relying()
	if err != nil {
		return Challenge{}, err
	}
	options, data, err := rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Challenge{}, fmt.Errorf("ask for a passkey: %w", err)
	}
	return s.challenge(ctx, "", "", options.Response, data)
}

// PasskeySignIn begins a session with a passkey's answer. It takes the place of
// half a session, too, and is a fresh proof of who one is.
func (s *Service) PasskeySignIn(ctx context.Context, token string, response []byte, from Client, before string) (SignedIn, error) {
	now := time.Now()
	if !s.limits.network.open(from.Network, now) {
		return SignedIn{}, errThrottled
	}
	_, data, err := s.answered(ctx, token)
	if err != nil {
		return SignedIn{}, err
	}
	rp, err := s.relying()
	if err != nil {
		return SignedIn{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBody(bytes.NewReader(response))
	if err != nil {
		return SignedIn{}, errPasskey
	}
	var m myodai.Member
	var fault error
	credential, err := rp.ValidateDiscoverableLogin(func(_, handle []byte) (webauthn.User, error) {
		m, fault = s.people.MemberOfAnyTenant(ctx, myodai.MemberID(handle))
		return holder{m}, fault
	}, data, parsed)
	if fault != nil && !isCode(fault, myodai.CodeNotFound) {
		return SignedIn{}, fault
	}
	if err != nil || credential.Authenticator.CloneWarning {
		s.limits.network.take(from.Network, now)
		s.refused(m, from, "passkey")
		return SignedIn{}, errPasskey
	}
	if err := s.admitPassword(ctx, m); err != nil {
		return SignedIn{}, err
	}
	if m, err = s.usedPasskey(ctx, m, credential, now); err != nil {
		return SignedIn{}, err
	}
	return s.begin(ctx, m, from, before, begun{with: "passkey"})
}

// usedPasskey keeps the passkey's counter and when it was used.
func (s *Service) usedPasskey(ctx context.Context, m myodai.Member, c *webauthn.Credential, now time.Time) (myodai.Member, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return m, fmt.Errorf("write passkey: %w", err)
	}
	id := passkeyID(c)
	return s.people.UpdateMember(ctx, m.TenantID, m.ID, now, func(m myodai.Member, _ int) (myodai.MemberChange, error) {
		at := slices.IndexFunc(m.Passkeys, func(p myodai.Passkey) bool { return p.ID == id })
		if at < 0 {
			return myodai.MemberChange{}, errPasskey // taken away meanwhile
		}
		m.Passkeys = slices.Clone(m.Passkeys)
		m.Passkeys[at].Data, m.Passkeys[at].UsedAt = text, now.UTC().Truncate(time.Second)
		return myodai.MemberChange{Member: m}, nil
	})
}

func passkeyID(c *webauthn.Credential) string { return base64.RawURLEncoding.EncodeToString(c.ID) }

// BeginPasskey asks an authenticator for a new passkey of the actor, who has
// confirmed.
func (s *Service) BeginPasskey(ctx context.Context, a Actor) (Challenge, error) {
	if err := a.needConfirmed(time.Now()); err != nil {
		return Challenge{}, err
	}
	rp, err := s.relying()
	if err != nil {
		return Challenge{}, err
	}
	user := holder{a.Member}
	options, data, err := rp.BeginRegistration(user,
		webauthn.WithExclusions(webauthn.Credentials(user.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return Challenge{}, fmt.Errorf("ask for a new passkey: %w", err)
	}
	return s.challenge(ctx, a.Tenant, a.Member.ID, options.Response, data)
}

// AddPasskey takes a new passkey of the actor, who has confirmed, and returns
// recovery codes when they had no second factor before.
func (s *Service) AddPasskey(ctx context.Context, a Actor, token string, response []byte, name string, from Client) (in SignedIn, recovery []string, err error) {
	now := time.Now()
	if err := a.needConfirmed(now); err != nil {
		return in, nil, err
	}
	if !plainLine(name, maxLabel) {
		return in, nil, myodai.Refuse(myodai.CodeInvalid, "name", "a name is plain text on one line, of at most %d characters", maxLabel)
	}
	t, data, err := s.answered(ctx, token)
	if err != nil {
		return in, nil, err
	}
	if t.MemberID != a.Member.ID {
		return in, nil, errPasskey
	}
	rp, err := s.relying()
	if err != nil {
		return in, nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBody(bytes.NewReader(response))
	if err != nil {
		return in, nil, errPasskey
	}
	credential, err := rp.CreateCredential(holder{a.Member}, data, parsed)
	if err != nil {
		return in, nil, errPasskey
	}
	text, err := json.Marshal(credential)
	if err != nil {
		return in, nil, fmt.Errorf("write passkey: %w", err)
	}
	codes, hashes := newRecovery(s.random)
	in, err = s.change(ctx, a, "add-passkey", from, true, func(m myodai.Member) (myodai.Member, error) {
		recovery = nil
		if len(m.Passkeys) >= maxPasskeys {
			return m, myodai.Refuse(myodai.CodeConflict, "", "there are %d passkeys already; remove one first", maxPasskeys)
		}
		if len(m.Recovery) == 0 {
			m.Recovery, recovery = hashes, codes
		}
		m.Passkeys = append(slices.Clone(m.Passkeys), myodai.Passkey{
			ID: passkeyID(credential), Name: name, Data: text, CreatedAt: now.UTC().Truncate(time.Second),
		})
		return m, nil
	})
	if err == nil {
		s.tell(in.Member, changedFactors)
	}
	return in, recovery, err
}

// RemovePasskey takes a passkey of the actor, who has confirmed, away.
func (s *Service) RemovePasskey(ctx context.Context, a Actor, id string, from Client) (SignedIn, error) {
	return s.lessFactors(ctx, a, "remove-passkey", from, func(m myodai.Member) (myodai.Member, error) {
		at := slices.IndexFunc(m.Passkeys, func(p myodai.Passkey) bool { return p.ID == id })
		if at < 0 {
			return m, myodai.Refuse(myodai.CodeNotFound, "", "there is no such passkey")
		}
		m.Passkeys = slices.Delete(slices.Clone(m.Passkeys), at, at+1)
		return m, nil
	})
}
