package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/myodai/myodai"
)

const (
	providerLife = 10 * time.Minute // to come back from a provider
	providerTime = 15 * time.Second // for a provider to answer
	maxProvider  = 1 << 20          // octets of an answer of theirs
)

// callbackPath is where providers send browsers back to.
const callbackPath = "/sign-in/provider/callback"

// CallbackURL is what a provider has to know of us.
func (s *Service) CallbackURL() string { return s.base + callbackPath }

// ProviderLink is where the members of a tenant begin to sign in at their
// provider; tenant "" is the platform.
func (s *Service) ProviderLink(tenant myodai.TenantID) string {
	if tenant == "" {
		return s.base + "/sign-in/provider"
	}
	return s.base + "/sign-in/provider?tenant=" + url.QueryEscape(string(tenant))
}

// remembered is what has to be known when the browser comes back.
type remembered struct {
	Verifier string   `json:"verifier"` // PKCE (RFC 7636)
	Nonce    string   `json:"nonce"`
	Browser  [32]byte `json:"browser"` // hash of what the same browser has in a cookie
	Return   string   `json:"return"`
}

// Begun is a sign-in at a provider that has begun.
type Begun struct {
	URL     string // to send the browser to
	Browser string // for a cookie of this browser, so that no other finishes it
}

// BeginProvider begins a sign-in at the provider of a tenant, or of the platform
// operators. back is the page to end at.
func (s *Service) BeginProvider(ctx context.Context, tenant myodai.TenantID, back string, from Client) (Begun, error) {
	now := time.Now()
	if !s.limits.requests.take(from.Network, now) {
		return Begun{}, errThrottled
	}
	rules, err := s.people.SignInRules(ctx, tenant)
	if err != nil {
		return Begun{}, err
	}
	ctx, cancel := s.reach(ctx)
	defer cancel()
	_, config, err := s.provider(ctx, rules)
	if err != nil {
		return Begun{}, err
	}
	t, state := s.ticket(now, myodai.TicketOIDC, tenant, providerLife)
	browser, hash := s.newToken()
	nonce, _ := s.newToken()
	verifier, _ := s.newToken()
	if t.Data, err = json.Marshal(remembered{verifier, nonce, hash, back}); err != nil {
		return Begun{}, fmt.Errorf("write sign-in at a provider: %w", err)
	}
	if err := s.people.CreateTicket(ctx, t); err != nil {
		return Begun{}, err
	}
	return Begun{Browser: browser, URL: config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))}, nil
}

// errProvider refuses what a provider did not vouch for, or nobody knows here.
var (
	errNoProvider = myodai.Refuse(myodai.CodeNotFound, "", "nobody signs in this way here")
	errProvider   = myodai.Refuse(myodai.CodeUnauthorized, "", "the sign-in at your company was not finished; begin it again")
	errNobody     = myodai.Refuse(myodai.CodeUnauthorized, "", "your company knows you, and nobody has invited this address here yet; ask an administrator")
)

// reach bounds what a provider is asked, in time and in size.
func (s *Service) reach(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, providerTime)
	client := &http.Client{
		Transport:     bounded{s.outward},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return oidc.ClientContext(ctx, client), cancel
}

// bounded cuts answers short.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxProvider), resp.Body}
	}
	return resp, err
}

// provider learns from a provider where and how to ask it.
func (s *Service) provider(ctx context.Context, rules myodai.SignInRules) (*oidc.Provider, *oauth2.Config, error) {
	if rules.Issuer == "" || s.outward == nil {
		return nil, nil, errNoProvider
	}
	p, err := oidc.NewProvider(ctx, rules.Issuer)
	if err != nil {
		return nil, nil, away(rules.Issuer, err)
	}
	return p, &oauth2.Config{
		ClientID: rules.ClientID, ClientSecret: rules.ClientSecret, Endpoint: p.Endpoint(), RedirectURL: s.CallbackURL(),
		Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}, nil
}

// away says that a provider does not answer as one. Its words may be hostile, so
// only their beginning is told.
func away(issuer string, err error) error {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, err.Error())
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "")
	}
	return myodai.Refuse(myodai.CodeUnavailable, "issuer", "the provider %s does not answer as an OpenID Connect provider: %s", issuer, text)
}

// claims are what we read of an ID token.
type claims struct {
	Email    string `json:"email"`
	Verified any    `json:"email_verified"` // true, and by some providers "true"
}

func (c claims) verified() bool { return c.Verified == true || c.Verified == "true" }

// FinishProvider begins a session when the browser comes back from the provider
// with a code. browser is what the same browser has in its cookie.
//
// It finds the member by issuer and subject. Before there is a member with them,
// it finds one of the same tenant by the address that the provider has verified,
// so a provider never speaks for another tenant's members.
func (s *Service) FinishProvider(ctx context.Context, state, code, browser string, from Client, before string) (in SignedIn, back string, err error) {
	t, err := s.present(ctx, myodai.TicketOIDC, state)
	if isCode(err, myodai.CodeNotFound) {
		return in, "", errProvider
	}
	if err != nil {
		return in, "", err
	}
	var r remembered
	if err := json.Unmarshal(t.Data, &r); err != nil {
		return in, "", fmt.Errorf("read sign-in at a provider: %w", err)
	}
	if !same(browser, r.Browser[:]) {
		return in, "", errProvider
	}
	if err := s.people.SpendTicket(ctx, t.ID, time.Now()); err != nil {
		return in, "", err
	}
	rules, err := s.people.SignInRules(ctx, t.TenantID)
	if err != nil {
		return in, "", err
	}
	subject, c, err := s.exchange(ctx, rules, code, r)
	if err != nil {
		return in, "", err
	}
	m, err := s.vouchedFor(ctx, t.TenantID, subject, c)
	if err != nil {
		return in, "", err
	}
	if err := s.admitMember(ctx, m); err != nil {
		return in, "", err
	}
	in, err = s.begin(ctx, m, from, before, begun{provider: true, with: "provider " + rules.Issuer})
	return in, r.Return, err
}

// exchange turns a code into who the provider says it is.
func (s *Service) exchange(ctx context.Context, rules myodai.SignInRules, code string, r remembered) (subject string, c claims, err error) {
	ctx, cancel := s.reach(ctx)
	defer cancel()
	p, config, err := s.provider(ctx, rules)
	if err != nil {
		return "", c, err
	}
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(r.Verifier))
	if err != nil {
		if _, refused := errors.AsType[*oauth2.RetrieveError](err); refused {
			return "", c, errProvider
		}
		return "", c, away(rules.Issuer, err)
	}
	raw, _ := token.Extra("id_token").(string)
	verified, err := p.Verifier(&oidc.Config{ClientID: rules.ClientID}).Verify(ctx, raw)
	if err != nil || verified.Nonce != r.Nonce || verified.Subject == "" {
		return "", c, errProvider
	}
	if err := verified.Claims(&c); err != nil {
		return "", c, errProvider
	}
	return verified.Issuer + " " + verified.Subject, c, nil
}

// vouchedFor finds the member of whom a provider speaks.
func (s *Service) vouchedFor(ctx context.Context, tenant myodai.TenantID, subject string, c claims) (myodai.Member, error) {
	m, err := s.people.MemberBySubject(ctx, tenant, subject)
	if !isCode(err, myodai.CodeNotFound) {
		return m, err
	}
	email, err := myodai.ParseAddress(c.Email)
	if err != nil || !c.verified() {
		return m, errNobody
	}
	m, err = s.people.MemberByEmail(ctx, email)
	if isCode(err, myodai.CodeNotFound) || err == nil && (m.TenantID != tenant || m.Subject != "") {
		return m, errNobody
	}
	if err != nil {
		return m, err
	}
	return s.people.UpdateMember(ctx, tenant, m.ID, time.Now(), func(m myodai.Member, _ int) (myodai.MemberChange, error) {
		if m.Subject != "" {
			return myodai.MemberChange{}, errNobody
		}
		m.Subject = subject
		return myodai.MemberChange{Member: m}, nil
	})
}

// SignInRules are how the members of a tenant sign in, without the secret.
func (s *Service) SignInRules(ctx context.Context, tenant myodai.TenantID) (myodai.SignInRules, error) {
	r, err := s.people.SignInRules(ctx, tenant)
	r.ClientSecret = ""
	return r, err
}

// SetSignInRules says how the members of a tenant sign in, or the platform
// operators. A provider is asked first whether it is one. A client secret of ""
// stays the one there is, for the same provider and client.
func (s *Service) SetSignInRules(ctx context.Context, by By, r myodai.SignInRules) error {
	if err := by.may(ActionSignIn, r.TenantID); err != nil {
		return err
	}
	before, err := s.people.SignInRules(ctx, r.TenantID)
	if err != nil {
		return err
	}
	if r.Issuer == "" {
		r.ClientID, r.ClientSecret, r.ProviderOnly = "", "", false
	} else if err := s.checkProvider(ctx, &r, before); err != nil {
		return err
	}
	r.ChangedAt = time.Now()
	return s.people.SetSignInRules(ctx, r, s.audit(r.ChangedAt, by, r.TenantID, "set-sign-in-rules", "", map[string]string{
		"second_factor": fmt.Sprint(r.SecondFactor), "issuer": r.Issuer, "client_id": r.ClientID, "provider_only": fmt.Sprint(r.ProviderOnly),
	}))
}

func (s *Service) checkProvider(ctx context.Context, r *myodai.SignInRules, before myodai.SignInRules) error {
	u, err := url.Parse(r.Issuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || len(r.Issuer) > 500 {
		return myodai.Refuse(myodai.CodeInvalid, "issuer", "the issuer is an address such as https://id.example.com, without a query")
	}
	if r.ClientID == "" || len(r.ClientID) > 500 || !plainLine(r.ClientID, 500) {
		return myodai.Refuse(myodai.CodeInvalid, "client_id", "the client id that the provider gave is needed")
	}
	if len(r.ClientSecret) > 1000 {
		return myodai.Refuse(myodai.CodeInvalid, "client_secret", "a client secret has at most %d characters", 1000)
	}
	if r.ClientSecret == "" && r.Issuer == before.Issuer && r.ClientID == before.ClientID {
		r.ClientSecret = before.ClientSecret
	}
	ctx, cancel := s.reach(ctx)
	defer cancel()
	_, _, err = s.provider(ctx, *r)
	return err
}
