package access

import (
	"context"
	"crypto/hmac"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// Store is what access needs of the store.
type Store interface {
	CreateTenant(ctx context.Context, t myodai.Tenant, events ...myodai.Event) error
	Tenant(ctx context.Context, id myodai.TenantID) (myodai.Tenant, error)
	UpdateTenant(ctx context.Context, id myodai.TenantID,
		change func(myodai.Tenant) (myodai.Tenant, []myodai.Event, error)) (myodai.Tenant, error)
	CreateCredential(ctx context.Context, c myodai.Credential, events ...myodai.Event) error
	CredentialBySecret(ctx context.Context, hash [32]byte) (myodai.Credential, error)
	Credentials(ctx context.Context, tenant myodai.TenantID, page myodai.Page) ([]myodai.Credential, string, error)
	RevokeCredential(ctx context.Context, tenant myodai.TenantID, id myodai.CredentialID, now time.Time,
		events ...myodai.Event) (myodai.Credential, error)
}

// Options are what a Service is made of. Store and Random are needed; for people
// to sign in, People, Send and BaseURL, too.
type Options struct {
	Store    Store
	People   People
	Random   io.Reader // of secrets and ids; must not fail
	BaseURL  string    // where browsers reach us, such as https://mail.example.com
	Platform string    // what the platform is called; "" means Myodai
	// Send hands over a mail that the platform writes itself.
	Send func(context.Context, myodai.OwnMail) (myodai.MessageID, error)
	// Outward reaches OpenID Connect providers; nil: there are none.
	Outward http.RoundTripper
	Cost    Cost         // of passwords; the zero value means DefaultCost
	Log     *slog.Logger // nil: nothing is logged
}

// Service makes and recognizes credentials, and signs people in.
type Service struct {
	store     Store
	people    People
	random    io.Reader
	base      string
	platform  string
	send      func(context.Context, myodai.OwnMail) (myodai.MessageID, error)
	outward   http.RoundTripper
	log       *slog.Logger
	known     cache
	passwords *passwords
	limits    throttles
	asides    chan struct{}
	working   sync.WaitGroup
}

// New makes a service.
func New(o Options) *Service {
	s := &Service{
		store: o.Store, people: o.People, random: o.Random, base: strings.TrimSuffix(o.BaseURL, "/"), send: o.Send, outward: o.Outward, log: o.Log,
		platform: o.Platform, passwords: newPasswords(o.Random, o.Cost), limits: newThrottles(), asides: make(chan struct{}, maxAside),
	}
	if o.Cost == (Cost{}) {
		s.passwords.cost = DefaultCost
	}
	if s.platform == "" {
		s.platform = "Myodai"
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// may refuses what by may not do in the tenant, "" for the platform.
func (by By) may(action Action, tenant myodai.TenantID) error {
	if by.Role != myodai.RoleOperator && by.Tenant != tenant || !May(by.Role, action) {
		return myodai.Refuse(myodai.CodeForbidden, "", "your role does not allow this; ask an administrator")
	}
	return nil
}

// errUnknown is the one answer to every secret that does not work.
var errUnknown = myodai.Refuse(myodai.CodeUnauthorized, "",
	"the key is not valid; it may be mistyped or revoked, and a new one can be created")

// Authenticate finds the credential with the given secret. It must be of one of
// the given kinds, not revoked, and its tenant must be active.
//
// It refuses with CodeUnauthorized what is no working secret, and with
// CodeForbidden what works, but not here.
func (s *Service) Authenticate(ctx context.Context, secret string, kinds ...myodai.CredentialKind) (myodai.Credential, error) {
	// The checksum spares the store from guesses and typing errors. That takes
	// a different time, and tells only what anybody can compute.
	if !WellFormed(secret) {
		return myodai.Credential{}, errUnknown
	}
	who, err := s.recognize(ctx, secret)
	if err != nil {
		return myodai.Credential{}, err
	}
	return who.credential, who.admit(kinds)
}

// Login is Authenticate for SMTP: the user name is the credential's id and the
// password its secret. Only credentials of kind smtp are let in.
func (s *Service) Login(ctx context.Context, user, password string) (myodai.Credential, error) {
	c, err := s.Authenticate(ctx, password, myodai.CredentialSMTP)
	if err != nil {
		return myodai.Credential{}, err
	}
	if user != string(c.ID) {
		return myodai.Credential{}, errUnknown
	}
	return c, nil
}

// bearer is a recognized credential with the state its tenant had then.
type bearer struct {
	credential myodai.Credential
	state      myodai.TenantState // active for the operator
}

// admit says whether the bearer may enter by a door for the given kinds.
func (b bearer) admit(kinds []myodai.CredentialKind) error {
	admitted := false
	for _, kind := range kinds {
		admitted = admitted || b.credential.Kind == kind
	}
	if !admitted {
		return myodai.Refuse(myodai.CodeForbidden, "",
			"this key is of kind %s, which is not accepted here; create one of kind %s", b.credential.Kind, kinds[0])
	}
	if b.state != myodai.TenantActive {
		return myodai.Refuse(myodai.CodeForbidden, "",
			"this tenant is suspended; only the platform operator can resume it")
	}
	return nil
}

// recognize finds who has the secret, in memory or in the store.
func (s *Service) recognize(ctx context.Context, secret string) (bearer, error) {
	now := time.Now()
	hash := HashSecret(secret)
	if who, ok := s.known.get(hash, now); ok {
		return who, nil
	}
	c, err := s.store.CredentialBySecret(ctx, hash)
	refusal, _ := errors.AsType[*myodai.Error](err)
	absent := refusal != nil && refusal.Code == myodai.CodeNotFound
	if absent || err == nil && (c.Revoked() || !hmac.Equal(c.SecretHash[:], hash[:])) {
		return bearer{}, errUnknown
	}
	if err != nil {
		return bearer{}, err
	}
	who := bearer{credential: c, state: myodai.TenantActive}
	if c.Kind != myodai.CredentialOperator {
		t, err := s.store.Tenant(ctx, c.TenantID)
		if err != nil {
			return bearer{}, err
		}
		who.state = t.State
	}
	s.known.put(hash, who, now)
	return who, nil
}
