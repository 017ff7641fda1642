package webhook

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// Store is what this engine needs of the store.
type Store interface {
	CreateWebhook(ctx context.Context, w myodai.Webhook, events ...myodai.Event) error
	Webhook(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID) (myodai.Webhook, error)
	UpdateWebhook(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID,
		change func(myodai.Webhook) (myodai.Webhook, []myodai.Event, error)) (myodai.Webhook, error)
	DeleteWebhook(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID, events ...myodai.Event) error
	// ClaimWebhooks leases up to max webhooks with something due.
	ClaimWebhooks(ctx context.Context, owner string, max int, now, until time.Time) ([]myodai.Webhook, error)
	DueNotifications(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID, now time.Time, max int) ([]myodai.Notification, error)
	// FinishWebhook writes what became of it all, unless the lease was lost.
	FinishWebhook(ctx context.Context, owner string, w myodai.Webhook, list []myodai.Notification, events ...myodai.Event) (held bool, err error)
	Replay(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID, since, now time.Time) (int, error)
}

// Options are what a Service is made of. Store, Dial and Log are needed.
type Options struct {
	Store Store
	Dial  func(ctx context.Context, network, address string) (net.Conn, error) // through egress
	TLS   *tls.Config                                                          // whom to trust; nil for the system's authorities
	// Insecure allows http and any port, for receivers in the operator's network.
	Insecure bool
	Random   io.Reader // of ids, secrets and jitter; nil means crypto/rand.Reader
	Log      *slog.Logger
	// Owner is what this run of the node is called in leases; "" makes one up.
	Owner string
	// Disabled tells a tenant's owners that we disabled a webhook; nil tells nobody.
	Disabled func(ctx context.Context, w myodai.Webhook)
	// Believes reports whether anything may be given up by what the clock says; nil
	// means always.
	Believes func() bool
	Poll     time.Duration // how often to look for what is due; 0 means every second
}

// Service is the engine. Run makes it tell.
type Service struct {
	Options
	client *http.Client
	owner  string // of leases
}

// New makes the engine.
func New(o Options) *Service {
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Poll == 0 {
		o.Poll = time.Second
	}
	if o.Believes == nil {
		o.Believes = func() bool { return true }
	}
	o.Log = o.Log.With("room", "webhook")
	s := &Service{Options: o, client: newClient(o)}
	if s.owner = o.Owner; s.owner == "" {
		s.owner = "webhook-" + hex.EncodeToString(s.draw(8))
	}
	return s
}

func (s *Service) draw(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.Random, b); err != nil {
		panic("webhook: no randomness: " + err.Error())
	}
	return b
}

func (s *Service) chance() uint64 { return binary.BigEndian.Uint64(s.draw(8)) }

func (s *Service) event(kind myodai.EventKind, w myodai.Webhook, now time.Time) myodai.Event {
	data := map[string]any{"webhook": w.ID, "url": w.URL}
	if w.Reason != "" {
		data["reason"] = w.Reason
	}
	return myodai.Event{ID: myodai.NewID[myodai.EventID](now, s.Random), TenantID: w.TenantID, Kind: kind, At: now, Data: data}
}
