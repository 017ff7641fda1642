package access_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/store"
)

// house is the service over the real store, with two tenants and a mailbox.
type house struct {
	t       *testing.T
	access  *access.Service
	store   *store.Store
	tenant  myodai.Tenant
	other   myodai.Tenant
	mu      sync.Mutex
	mails   []myodai.OwnMail
	options access.Options
}

const (
	base     = "https://mail.plat.example"
	password = "correct horse battery"
)

var phone = access.Client{Address: "192.0.2.7", Network: "192.0.2.7", Agent: "Phone"}

func newHouse(t *testing.T) *house { return newHouseReaching(t, nil) }

// newHouseReaching is newHouse with a way to OpenID Connect providers.
func newHouseReaching(t *testing.T, outward http.RoundTripper) *house {
	t.Helper()
	h := &house{t: t}
	var err error
	h.store, err = store.Open(t.Context(), store.Options{URL: filepath.Join(t.TempDir(), "myodai.db"), Key: [32]byte{7}})
	h.must(err)
	t.Cleanup(func() { _ = h.store.Close() })
	_, err = h.store.Migrate(t.Context())
	h.must(err)
	h.options = access.Options{
		Store: h.store, People: h.store, Random: rand.Reader, BaseURL: base, Outward: outward, Cost: access.Cost{Time: 1, Memory: 64, Threads: 1},
		Send: func(_ context.Context, m myodai.OwnMail) (myodai.MessageID, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.mails = append(h.mails, m)
			return "msg_1", nil
		},
	}
	h.access = access.New(h.options)
	t.Cleanup(h.access.Wait)
	h.tenant, h.other = newTenant(t, h.access, "Acme"), newTenant(t, h.access, "Other")
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) want(err error, code myodai.Code) {
	h.t.Helper()
	if got := codeOf(err); got != code {
		h.t.Errorf("got %v, want code %q", err, code)
	}
}

var link = regexp.MustCompile(`https://\S+/([A-Za-z0-9_-]{43})\b`)

// mail waits for what is sent aside and returns the newest mail and the token of
// its link.
func (h *house) mail() (m myodai.OwnMail, token string) {
	h.t.Helper()
	h.access.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.mails) == 0 {
		h.t.Fatal("no mail was sent")
	}
	m = h.mails[len(h.mails)-1]
	if found := link.FindStringSubmatch(m.Text); found != nil {
		token = found[1]
		if !strings.HasPrefix(found[0], base+"/") {
			h.t.Errorf("the link leads to %s", found[0])
		}
	}
	return m, token
}

func (h *house) sent() int {
	h.access.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.mails)
}

// operator makes the first platform operator.
func (h *house) operator() access.SignedIn {
	h.t.Helper()
	address, err := h.access.SetupLink(h.t.Context())
	h.must(err)
	token := address[strings.LastIndexByte(address, '/')+1:]
	in, err := h.access.FirstOperator(h.t.Context(), token, "op@plat.example", access.Profile{Name: "Op", Language: "en"}, password, phone, "")
	h.must(err)
	return in
}

// join invites somebody into the tenant and accepts for them.
func (h *house) join(tenant myodai.TenantID, email string, role myodai.Role) (access.SignedIn, access.Actor) {
	h.t.Helper()
	_, err := h.access.Invite(h.t.Context(), access.ByCommand(), tenant, access.NewInvitation{Email: email, Role: role, Language: "ja"})
	h.must(err)
	_, token := h.mail()
	in, err := h.access.AcceptInvitation(h.t.Context(), token, access.Profile{Name: "山田", Language: "ja"}, password, phone, "")
	h.must(err)
	return in, h.actor(in.Token)
}

func (h *house) actor(token string) access.Actor {
	h.t.Helper()
	a, err := h.access.Session(h.t.Context(), token)
	h.must(err)
	return a
}

// trail is what was done in a tenant, oldest first.
func (h *house) trail(tenant myodai.TenantID) (operations []string) {
	h.t.Helper()
	h.access.Wait()
	list, _, err := h.store.Audit(h.t.Context(), tenant, myodai.Page{Limit: 200})
	h.must(err)
	for _, e := range list {
		operations = append([]string{e.Operation}, operations...)
	}
	_, bad, err := h.store.VerifyAudit(h.t.Context(), tenant)
	h.must(err)
	if bad != 0 {
		h.t.Errorf("the trail breaks at entry %d", bad)
	}
	return operations
}

// enroll gives an actor an authenticator app, and returns its secret.
func (h *house) enroll(a access.Actor) (in access.SignedIn, secret string, recovery []string) {
	h.t.Helper()
	secret = h.access.NewTOTP()
	in, recovery, err := h.access.EnableTOTP(h.t.Context(), a, secret, code(h.t, secret, 0), phone)
	h.must(err)
	return in, secret, recovery
}

// code is what the app shows, so many steps from now.
func code(t *testing.T, secret string, later int64) string {
	t.Helper()
	raw, err := base32Of(secret)
	if err != nil {
		t.Fatal(err)
	}
	return access.TOTPCode(raw, time.Now().Unix()/30+later)
}

func sha(token string) [32]byte { return sha256.Sum256([]byte(token)) }
