package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// newWebhook adds a webhook that wants the given kinds of events.
func newWebhook(t *testing.T, s *store.Store, tenant myodai.TenantID, id string, kinds ...myodai.EventKind) myodai.Webhook {
	t.Helper()
	w := myodai.Webhook{
		ID: myodai.WebhookID(id), TenantID: tenant, URL: "https://example.com/" + id, Kinds: kinds, State: myodai.WebhookEnabled,
		Secrets: []myodai.WebhookSecret{{Text: "whsec_new"}, {Text: "whsec_old", Until: t0}}, CreatedAt: t0,
	}
	ok(t, s.CreateWebhook(t.Context(), w, event(tenant, myodai.EventWebhookCreated, t0)))
	return w
}

// happen writes events of the given kinds.
func happen(t *testing.T, s *store.Store, tenant myodai.TenantID, kinds ...myodai.EventKind) {
	t.Helper()
	must(s.UpdateTenant(t.Context(), tenant, func(t myodai.Tenant) (myodai.Tenant, []myodai.Event, error) {
		var list []myodai.Event
		for _, kind := range kinds {
			list = append(list, event(tenant, kind, t0))
		}
		return t, list, nil
	}))(t)
}

func TestWebhooks(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		one, two := newTenant(t, s), newTenant(t, s)
		w := newWebhook(t, s, one.ID, "whk_1")
		same(t, "webhook", must(s.Webhook(t.Context(), one.ID, w.ID))(t), w)
		_, err := s.Webhook(t.Context(), two.ID, w.ID)
		wantCode(t, err, myodai.CodeNotFound)
		wantCode(t, s.DeleteWebhook(t.Context(), two.ID, w.ID), myodai.CodeNotFound)
		_, err = s.Replay(t.Context(), two.ID, w.ID, t0, t0)
		wantCode(t, err, myodai.CodeNotFound)

		changed := must(s.UpdateWebhook(t.Context(), one.ID, w.ID, func(w myodai.Webhook) (myodai.Webhook, []myodai.Event, error) {
			return w.Rotate("whsec_newest", t0), nil, nil
		}))(t)
		same(t, "webhook after rotation", must(s.Webhook(t.Context(), one.ID, w.ID))(t), changed)
		same(t, "list", every(t, func(p myodai.Page) ([]myodai.Webhook, string, error) { return s.Webhooks(t.Context(), one.ID, p) }), []myodai.Webhook{changed})
		ok(t, s.DeleteWebhook(t.Context(), one.ID, w.ID, event(one.ID, myodai.EventWebhookDeleted, t0)))
		_, err = s.Webhook(t.Context(), one.ID, w.ID)
		wantCode(t, err, myodai.CodeNotFound)
	})
}

// An event is due for the webhooks of its tenant that want it, from the
// transaction that wrote it; what was told is fenced by the lease (P17).
func TestNotifications(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		one, two := newTenant(t, s), newTenant(t, s)
		w := newWebhook(t, s, one.ID, "whk_1", myodai.EventTenantSuspended)
		newWebhook(t, s, two.ID, "whk_2")
		happen(t, s, one.ID, myodai.EventTenantSuspended, myodai.EventTenantResumed, myodai.EventTenantSuspended)

		until := t0.Add(time.Minute)
		claimed := must(s.ClaimWebhooks(t.Context(), "node", 10, t0, until))(t)
		if len(claimed) != 2 { // whk_2 is told that it was created
			t.Fatalf("claimed %+v", claimed)
		}
		if again := must(s.ClaimWebhooks(t.Context(), "other", 10, t0, until))(t); len(again) != 0 {
			t.Errorf("claimed twice: %+v", again)
		}
		due := must(s.DueNotifications(t.Context(), one.ID, w.ID, t0, 10))(t)
		if len(due) != 2 || due[0].Event.Kind != myodai.EventTenantSuspended {
			t.Fatalf("due: %+v", due)
		}
		due[0].State, due[0].Attempts, due[0].Last = myodai.NotificationDelivered, 1, myodai.Response{Status: 204, At: t0}
		due[1].Attempts, due[1].DueAt, due[1].Last = 1, t0.Add(time.Hour), myodai.Response{Status: 500, Text: "no", At: t0}
		if must(s.FinishWebhook(t.Context(), "other", w, due))(t) {
			t.Error("a node without the lease wrote")
		}
		if !must(s.FinishWebhook(t.Context(), "node", w, due))(t) {
			t.Error("the node with the lease did not write")
		}
		list := every(t, func(p myodai.Page) ([]myodai.Notification, string, error) {
			return s.Notifications(t.Context(), one.ID, w.ID, p)
		})
		same(t, "notifications, newest first", list, []myodai.Notification{due[1], due[0]})
		if again := must(s.ClaimWebhooks(t.Context(), "node", 10, t0, until))(t); len(again) != 0 {
			t.Errorf("claimed before anything is due: %+v", again)
		}

		if n := must(s.Replay(t.Context(), one.ID, w.ID, t0, t0.Add(time.Second)))(t); n != 1 {
			t.Errorf("%d made due again, want the one that was delivered", n)
		}
		later := t0.Add(2 * time.Hour)
		if again := must(s.DueNotifications(t.Context(), one.ID, w.ID, later, 10))(t); len(again) != 2 {
			t.Errorf("due after replay: %+v", again)
		}
		claimed = must(s.ClaimWebhooks(t.Context(), "node", 10, later, later.Add(time.Minute)))(t)
		if claimed[0].ID != w.ID {
			claimed[0] = claimed[1]
		}
		w = claimed[0]
		w.State, w.Reason = myodai.WebhookDisabled, "no answer for 72 hours"
		must(s.FinishWebhook(t.Context(), "node", w, nil, event(one.ID, myodai.EventWebhookDisabled, t0)))(t)
		same(t, "state", must(s.Webhook(t.Context(), one.ID, w.ID))(t).State, myodai.WebhookDisabled)
		if due := must(s.DueNotifications(t.Context(), one.ID, w.ID, later, 10))(t); len(due) != 0 {
			t.Errorf("due for a disabled webhook: %+v", due)
		}
		happen(t, s, one.ID, myodai.EventTenantSuspended)
		if list := every(t, func(p myodai.Page) ([]myodai.Notification, string, error) {
			return s.Notifications(t.Context(), one.ID, w.ID, p)
		}); len(list) != 2 {
			t.Errorf("a disabled webhook has %d notifications, want the 2 of before", len(list))
		}
	})
}

// What happened while a webhook was disabled is had by a replay, of the kinds
// it wants and since the time asked for.
func TestReplayOfWhatWasMissed(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		w := newWebhook(t, s, tenant.ID, "whk_1", myodai.EventTenantSuspended, myodai.EventTenantResumed)
		set := func(state myodai.WebhookState) {
			must(s.UpdateWebhook(t.Context(), tenant.ID, w.ID, func(w myodai.Webhook) (myodai.Webhook, []myodai.Event, error) {
				w.State = state
				return w, nil, nil
			}))(t)
		}
		told := func() (kinds []myodai.EventKind) {
			for _, n := range must(s.DueNotifications(t.Context(), tenant.ID, w.ID, t0.Add(time.Hour), 10))(t) {
				kinds = append(kinds, n.Event.Kind)
			}
			return kinds
		}
		set(myodai.WebhookDisabled)
		happen(t, s, tenant.ID, myodai.EventTenantSuspended, myodai.EventTenantCreated, myodai.EventTenantResumed)
		set(myodai.WebhookEnabled)
		if list := told(); len(list) != 0 {
			t.Errorf("due before: %v", list)
		}
		if n := must(s.Replay(t.Context(), tenant.ID, w.ID, t0.Add(time.Second), t0))(t); n != 0 {
			t.Errorf("%d made due of a time when nothing happened", n)
		}
		if n := must(s.Replay(t.Context(), tenant.ID, w.ID, t0, t0))(t); n != 2 {
			t.Errorf("%d made due, want 2", n)
		}
		if n := must(s.Replay(t.Context(), tenant.ID, w.ID, t0, t0))(t); n != 0 {
			t.Errorf("%d made due that were due", n)
		}
		same(t, "due after", told(), []myodai.EventKind{myodai.EventTenantSuspended, myodai.EventTenantResumed})
	})
}

// While many write at a time, who reads on from his last event misses none.
func TestEventsByCursor(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		const writers, each = 8, 25
		var writing sync.WaitGroup
		for n := range writers {
			writing.Go(func() {
				for i := range each {
					_, err := s.UpdateTenant(context.Background(), tenant.ID, func(t myodai.Tenant) (myodai.Tenant, []myodai.Event, error) {
						e := event(tenant.ID, myodai.EventTenantResumed, t0.Add(time.Duration(n)*time.Hour))
						e.Data = map[string]any{"who": fmt.Sprint(n, "/", i)}
						return t, []myodai.Event{e}, nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { writing.Wait(); close(done) }()
		seen, page := map[myodai.EventID]bool{}, myodai.Page{}
		for over := false; !over; {
			select {
			case <-done:
				over = true
			default:
			}
			list, _, err := s.Events(t.Context(), tenant.ID, page)
			ok(t, err)
			for _, e := range list {
				seen[e.ID], page.After = true, string(e.ID)
				over = false
			}
		}
		if len(seen) != writers*each+1 {
			t.Errorf("read %d events, want %d", len(seen), writers*each+1)
		}
	})
}
