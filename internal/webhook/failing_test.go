package webhook_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/webhook"
)

// failing is a store that cannot read what is due the first time, and writes what
// became of a webhook at the third try only.
type failing struct {
	webhook.Store
	reads, writes atomic.Int32
}

func (f *failing) DueNotifications(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID, now time.Time, max int) ([]myodai.Notification, error) {
	if f.reads.Add(1) == 1 {
		return nil, myodai.ErrAway
	}
	return f.Store.DueNotifications(ctx, tenant, id, now, max)
}

func (f *failing) FinishWebhook(ctx context.Context, owner string, w myodai.Webhook, list []myodai.Notification, events ...myodai.Event) (bool, error) {
	if f.writes.Add(1)%3 != 0 {
		return false, myodai.ErrNoSpace
	}
	return f.Store.FinishWebhook(ctx, owner, w, list, events...)
}

// P06, P08: a store that fails for a while keeps no webhook waiting for the end of
// a lease, and what was told is not told again.
func TestStoreFails(t *testing.T) {
	w, r := newWorld(t, direct), startReceiver(t)
	h, err := w.Create(t.Context(), w.tenant, r.URL, []myodai.EventKind{myodai.EventTenantSuspended})
	if err != nil {
		t.Fatal(err)
	}
	r.secret = h.Secrets[0].Text
	w.Store = &failing{Store: w.store}
	for range 2 {
		w.happen(t, myodai.EventTenantSuspended)
		w.run(t, func() {
			for <-r.got; w.due(t, h.ID); {
				<-time.After(w.Poll)
			}
		})
	}
	if len(r.told) != 2 {
		t.Errorf("told %q, want two events, once each", r.told)
	}
}

// due reports whether the webhook has something left to be told.
func (w world) due(t *testing.T, id myodai.WebhookID) bool {
	t.Helper()
	list, _, err := w.store.Notifications(t.Context(), w.tenant, id, myodai.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(list, func(n myodai.Notification) bool { return n.State == myodai.NotificationDue })
}

// What is more than one lease tells goes on without a pause.
func TestBacklog(t *testing.T) {
	w, r := newWorld(t, direct), startReceiver(t)
	h, err := w.Create(t.Context(), w.tenant, r.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.secret, w.Poll = h.Secrets[0].Text, time.Hour
	const many = 250
	for range many {
		w.happen(t, myodai.EventTenantSuspended)
	}
	w.run(t, func() {
		for range many {
			<-r.got
		}
	})
}
