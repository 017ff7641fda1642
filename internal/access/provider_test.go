package access_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

// identity is a small OpenID Connect provider. It answers like a good one, and
// lies where a test says so.
type identity struct {
	t      *testing.T
	server *httptest.Server
	key    *rsa.PrivateKey
	mu     sync.Mutex
	grants map[string]url.Values // of the authorization request, by code
	claims map[string]any        // over those of a good token
	other  *rsa.PrivateKey       // signs in place of key
}

func newIdentity(t *testing.T) *identity {
	t.Helper()
	p := &identity{t: t, grants: map[string]url.Values{}}
	var err error
	if p.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	p.server = httptest.NewTLSServer(mux)
	t.Cleanup(p.server.Close)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		p.answer(w, map[string]any{
			"issuer": p.server.URL, "authorization_endpoint": p.server.URL + "/authorize", "token_endpoint": p.server.URL + "/token",
			"jwks_uri": p.server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		p.answer(w, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": encode(p.key.N.Bytes()), "e": encode(big.NewInt(int64(p.key.E)).Bytes()),
		}}})
	})
	mux.HandleFunc("POST /token", p.token)
	return p
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (p *identity) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Error(err)
	}
}

// authorize is what the provider does when a browser comes: it signs somebody in
// and sends the browser back with a code.
func (p *identity) authorize(address string) (state, code string) {
	p.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		p.t.Fatal(err)
	}
	q := u.Query()
	if !strings.HasPrefix(address, p.server.URL+"/authorize?") || q.Get("response_type") != "code" || q.Get("redirect_uri") != base+"/sign-in/provider/callback" ||
		q.Get("code_challenge_method") != "S256" || !slices.Contains(strings.Fields(q.Get("scope")), "openid") {
		p.t.Errorf("the browser is sent to %s", address)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	code = encode([]byte(q.Get("state")))[:20]
	p.grants[code] = q
	return q.Get("state"), code
}

// token exchanges a code, once, for who proves that they asked for it.
func (p *identity) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q, ok := p.grants[r.PostFormValue("code")]
	delete(p.grants, r.PostFormValue("code"))
	user, secret, _ := r.BasicAuth()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || user != "myodai" || secret != "hush" || encode(sum[:]) != q.Get("code_challenge") {
		w.WriteHeader(http.StatusBadRequest)
		p.answer(w, map[string]any{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{
		"iss": p.server.URL, "aud": "myodai", "sub": "7", "nonce": q.Get("nonce"), "email": "aiko@acme.example", "email_verified": true,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	for name, value := range p.claims {
		claims[name] = value
	}
	key := p.key
	if p.other != nil {
		key = p.other
	}
	header, _ := json.Marshal(map[string]any{"alg": "RS256", "kid": "1"})
	body, err := json.Marshal(claims)
	if err != nil {
		p.t.Error(err)
	}
	signed := encode(header) + "." + encode(body)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		p.t.Error(err)
	}
	p.answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": signed + "." + encode(signature)})
}

// officeWithProvider is a house whose tenant has a provider.
func officeWithProvider(t *testing.T) (*house, *identity, access.Actor) {
	t.Helper()
	p := newIdentity(t)
	h := newHouseReaching(t, p.server.Client().Transport)
	_, owner := h.join(h.tenant.ID, "aiko@acme.example", myodai.RoleOwner)
	h.must(h.access.SetSignInRules(t.Context(), owner.By(phone), myodai.SignInRules{
		TenantID: h.tenant.ID, Issuer: p.server.URL, ClientID: "myodai", ClientSecret: "hush",
	}))
	return h, p, owner
}

func (h *house) byProvider(p *identity, tenant myodai.TenantID) (access.SignedIn, error) {
	h.t.Helper()
	begun, err := h.access.BeginProvider(h.t.Context(), tenant, "/domains", phone)
	h.must(err)
	state, code := p.authorize(begun.URL)
	in, back, err := h.access.FinishProvider(h.t.Context(), state, code, begun.Browser, phone, "")
	if err == nil && back != "/domains" {
		h.t.Errorf("it ends at %q", back)
	}
	return in, err
}

func TestSignInAtAProvider(t *testing.T) {
	h, p, owner := officeWithProvider(t)
	ctx := t.Context()
	in, err := h.byProvider(p, h.tenant.ID)
	h.must(err)
	a := h.actor(in.Token)
	if a.Member.ID != owner.Member.ID || !a.Session.Provider || a.Member.Subject != p.server.URL+" 7" {
		t.Errorf("signed in as %+v", a.Member)
	}
	// From now on the subject counts, and no address that it is given.
	p.claims = map[string]any{"email": "other@acme.example"}
	in, err = h.byProvider(p, h.tenant.ID)
	h.must(err)
	if in.Member.ID != owner.Member.ID {
		t.Errorf("with another address: %+v", in.Member)
	}
	p.claims = map[string]any{"sub": "8"} // somebody else with her address
	_, err = h.byProvider(p, h.tenant.ID)
	h.want(err, myodai.CodeUnauthorized)

	rules, err := h.access.SignInRules(ctx, h.tenant.ID)
	h.must(err)
	if rules.ClientSecret != "" {
		t.Error("the client secret is shown")
	}
	rules.ProviderOnly = true // and no new secret: the old one stays
	h.must(h.access.SetSignInRules(ctx, owner.By(phone), rules))
	h.join(h.tenant.ID, "ben@acme.example", myodai.RoleMember)
	_, err = h.access.SignIn(ctx, "ben@acme.example", password, phone, "")
	h.want(err, myodai.CodeForbidden)
	_, err = h.access.SignIn(ctx, "aiko@acme.example", password, phone, "") // an owner can mend it
	h.must(err)
	p.claims = map[string]any{"sub": "9", "email": "ben@acme.example"}
	_, err = h.byProvider(p, h.tenant.ID)
	h.must(err)
}

// A provider speaks for its own tenant's members, by addresses it has verified,
// to the browser that asked.
func TestProviderIsBelievedNoMoreThanItMay(t *testing.T) {
	for _, tt := range []struct {
		name   string
		claims map[string]any
	}{
		{"an address it has not verified", map[string]any{"email_verified": false}},
		{"nothing said about verifying", map[string]any{"email_verified": nil}},
		{"no address", map[string]any{"email": ""}},
		{"somebody nobody invited", map[string]any{"email": "x@acme.example"}},
		{"a member of another tenant", map[string]any{"email": "eve@other.example"}},
		{"a platform operator", map[string]any{"email": "op@plat.example"}},
		{"another nonce", map[string]any{"nonce": "x"}},
		{"another audience", map[string]any{"aud": "other"}},
		{"another issuer", map[string]any{"iss": "https://id.example"}},
		{"an old token", map[string]any{"exp": 1}},
		{"no subject", map[string]any{"sub": ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, p, _ := officeWithProvider(t)
			h.operator()
			h.join(h.other.ID, "eve@other.example", myodai.RoleOwner)
			p.claims = tt.claims
			_, err := h.byProvider(p, h.tenant.ID)
			h.want(err, myodai.CodeUnauthorized)
		})
	}
	h, p, _ := officeWithProvider(t)
	ctx := t.Context()
	begun, err := h.access.BeginProvider(ctx, h.tenant.ID, "/", phone)
	h.must(err)
	state, code := p.authorize(begun.URL)
	finish := func(state, code, browser string) error {
		_, _, err := h.access.FinishProvider(ctx, state, code, browser, phone, "")
		return err
	}
	h.want(finish(state, code, strings.Repeat("x", 43)), myodai.CodeUnauthorized) // another browser
	h.want(finish(strings.Repeat("x", 43), code, begun.Browser), myodai.CodeUnauthorized)
	h.must(finish(state, code, begun.Browser))
	h.want(finish(state, code, begun.Browser), myodai.CodeUnauthorized) // once

	begun, err = h.access.BeginProvider(ctx, h.tenant.ID, "/", phone)
	h.must(err)
	state, _ = p.authorize(begun.URL)
	h.want(finish(state, "guess", begun.Browser), myodai.CodeUnauthorized)
	p.other, err = rsa.GenerateKey(rand.Reader, 2048)
	h.must(err)
	_, err = h.byProvider(p, h.tenant.ID)
	h.want(err, myodai.CodeUnauthorized)
}

func TestSignInRulesAreChecked(t *testing.T) {
	h, p, owner := officeWithProvider(t)
	ctx := t.Context()
	for _, tt := range []struct {
		name  string
		rules myodai.SignInRules
		want  myodai.Code
	}{
		{"not HTTPS", myodai.SignInRules{Issuer: "http://id.example", ClientID: "c"}, myodai.CodeInvalid},
		{"no address", myodai.SignInRules{Issuer: "id.example", ClientID: "c"}, myodai.CodeInvalid},
		{"a query", myodai.SignInRules{Issuer: "https://id.example?x=1", ClientID: "c"}, myodai.CodeInvalid},
		{"no client", myodai.SignInRules{Issuer: p.server.URL}, myodai.CodeInvalid},
		{"nobody there", myodai.SignInRules{Issuer: p.server.URL + "/none", ClientID: "c"}, myodai.CodeUnavailable},
		{"no provider", myodai.SignInRules{SecondFactor: true}, ""},
	} {
		tt.rules.TenantID = h.tenant.ID
		if err := h.access.SetSignInRules(ctx, owner.By(phone), tt.rules); codeOf(err) != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	_, err := h.access.BeginProvider(ctx, h.tenant.ID, "/", phone)
	h.want(err, myodai.CodeNotFound)
	_, err = h.access.BeginProvider(ctx, "", "/", phone)
	h.want(err, myodai.CodeNotFound)
}
