package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/egress"
	"github.com/myodai/myodai/internal/store"
	"github.com/myodai/myodai/internal/webhook"
)

// receiver is a tenant's server: it checks signatures and answers as it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	secret string
	answer http.HandlerFunc // nil: 204
	told   []string         // type of each event that was signed right, by id
	got    chan struct{}
}

func startReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{got: make(chan struct{}, 100)}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		defer func() { r.got <- struct{}{} }()
		id, at := req.Header.Get("Webhook-Id"), req.Header.Get("Webhook-Timestamp")
		key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.secret, "whsec_"))
		mac := hmac.New(sha256.New, key)
		_, _ = io.WriteString(mac, id+"."+at+"."+string(body))
		var said struct {
			Type string
			Data struct{ ID string }
		}
		if err := json.Unmarshal(body, &said); err != nil || said.Data.ID != id ||
			!strings.Contains(req.Header.Get("Webhook-Signature"), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.told = append(r.told, said.Type)
		if r.answer != nil {
			r.answer(w, req)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(r.Close)
	return r
}

// world is the engine on a database with one tenant.
type world struct {
	*webhook.Service
	store    *store.Store
	tenant   myodai.TenantID
	disabled chan myodai.Webhook
}

func newWorld(t *testing.T, dial func(context.Context, string, string) (net.Conn, error)) world {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: filepath.Join(t.TempDir(), "db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	tenant := myodai.Tenant{ID: myodai.NewID[myodai.TenantID](time.Now(), rand.Reader), Name: "Acme", State: myodai.TenantActive}
	if err := s.CreateTenant(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	w := world{store: s, tenant: tenant.ID, disabled: make(chan myodai.Webhook, 1)}
	w.Service = webhook.New(webhook.Options{
		Store: s, Dial: dial, TLS: &tls.Config{InsecureSkipVerify: true}, // #nosec G402 -- the receiver's certificate is made up
		Insecure: true, Log: slog.New(slog.DiscardHandler), Poll: 10 * time.Millisecond,
		Disabled: func(_ context.Context, h myodai.Webhook) { w.disabled <- h },
	})
	return w
}

func (w world) happen(t *testing.T, kind myodai.EventKind) {
	t.Helper()
	_, err := w.store.UpdateTenant(t.Context(), w.tenant, func(v myodai.Tenant) (myodai.Tenant, []myodai.Event, error) {
		return v, []myodai.Event{{ID: myodai.NewID[myodai.EventID](time.Now(), rand.Reader), TenantID: w.tenant, Kind: kind, At: time.Now()}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// run runs the engine until the function ends.
func (w world) run(t *testing.T, during func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	during()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func direct(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// A webhook is told of what it asked for, signed, once; what it missed can be
// had again.
func TestTells(t *testing.T) {
	w, r := newWorld(t, direct), startReceiver(t)
	h, err := w.Create(t.Context(), w.tenant, r.URL, []myodai.EventKind{myodai.EventTenantSuspended, myodai.EventTenantSuspended})
	if err != nil || len(h.Kinds) != 1 {
		t.Fatalf("%+v, %v", h, err)
	}
	r.secret = h.Secrets[0].Text
	w.happen(t, myodai.EventTenantResumed)
	w.happen(t, myodai.EventTenantSuspended)
	w.run(t, func() { <-r.got })
	if len(r.told) != 1 || r.told[0] != string(myodai.EventTenantSuspended) {
		t.Errorf("told %q", r.told)
	}
	list, _, err := w.store.Notifications(t.Context(), w.tenant, h.ID, myodai.Page{})
	if err != nil || len(list) != 1 || list[0].State != myodai.NotificationDelivered || list[0].Last.Status != 204 || list[0].Attempts != 1 {
		t.Errorf("notifications %+v, %v", list, err)
	}

	// After a rotation the receiver may still have the former secret.
	if _, err := w.Update(t.Context(), w.tenant, h.ID, webhook.Change{Rotate: true}); err != nil {
		t.Fatal(err)
	}
	if n, err := w.Replay(t.Context(), w.tenant, h.ID, time.Now().Add(-time.Hour)); n != 1 || err != nil {
		t.Errorf("replayed %d, %v", n, err)
	}
	w.run(t, func() { <-r.got })
	if len(r.told) != 2 {
		t.Errorf("told %q after the replay", r.told)
	}
	if response, err := w.Test(t.Context(), w.tenant, h.ID); err != nil || !response.OK() || r.told[2] != "webhook.test" {
		t.Errorf("test: %+v, %v, %q", response, err, r.told)
	}
	if err := w.Delete(t.Context(), w.tenant, h.ID); err != nil {
		t.Error(err)
	}
}

// What a receiver answers is kept short, no redirect is followed, and one that
// says it is gone is disabled (T58, T62).
func TestAnswers(t *testing.T) {
	w, r := newWorld(t, direct), startReceiver(t)
	h, err := w.Create(t.Context(), w.tenant, r.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.secret = h.Secrets[0].Text
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   myodai.Response
	}{
		{"a redirect", func(w http.ResponseWriter, req *http.Request) { http.Redirect(w, req, "/other", http.StatusFound) }, myodai.Response{Status: 302}},
		{"far too much", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, strings.Repeat("\x1bx", 1<<20))
		}, myodai.Response{Status: 500, Text: strings.Repeat(" x", 512)}},
		{"nothing", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			myodai.Response{Text: "the receiver's answer was not HTTP, or ended early"}},
	} {
		r.answer = tt.answer
		got, err := w.Test(t.Context(), w.tenant, h.ID)
		if err != nil || got.Status != tt.want.Status || tt.want.Text != "" && got.Text != tt.want.Text {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
	r.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }
	w.run(t, func() {
		if got := <-w.disabled; got.ID != h.ID || got.State != myodai.WebhookDisabled {
			t.Errorf("disabled %+v", got)
		}
	})
	if _, err := w.Replay(t.Context(), w.tenant, h.ID, time.Time{}); err == nil {
		t.Error("a disabled webhook is told again")
	}
}

// An address inside, a closed port and a host that does not answer look alike
// (T58, T60).
func TestReachesNothingInside(t *testing.T) {
	inside := startReceiver(t)
	closed := httptest.NewTLSServer(nil)
	closed.Close()
	guarded := newWorld(t, egress.New(egress.Options{}).DialContext)
	open := newWorld(t, direct)
	var texts []string
	for _, tt := range []struct {
		world world
		url   string
	}{
		{guarded, inside.URL}, {guarded, closed.URL}, {open, closed.URL}, {guarded, "https://[::1]/"}, {guarded, "https://169.254.169.254/latest"},
	} {
		h, err := tt.world.Create(t.Context(), tt.world.tenant, tt.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tt.world.Test(t.Context(), tt.world.tenant, h.ID)
		if err != nil || got.Status != 0 {
			t.Errorf("%s: %+v, %v", tt.url, got, err)
		}
		texts = append(texts, got.Text)
	}
	for _, text := range texts {
		if text != texts[0] {
			t.Errorf("told apart: %q", texts)
		}
	}
	if len(inside.told) > 0 {
		t.Error("the server inside was reached")
	}
}
