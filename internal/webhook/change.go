package webhook

import (
	"context"
	"slices"
	"time"

	"github.com/myodai/myodai"
)

// Create registers a webhook that is told of events of the given kinds, or of
// all. Its secret is in the answer and can be read again.
func (s *Service) Create(ctx context.Context, tenant myodai.TenantID, url string, kinds []myodai.EventKind) (myodai.Webhook, error) {
	now := time.Now()
	w := myodai.Webhook{
		ID: myodai.NewID[myodai.WebhookID](now, s.Random), TenantID: tenant, State: myodai.WebhookEnabled, CreatedAt: now,
	}.Rotate(NewSecret(s.Random), now)
	var err error
	if w.URL, err = myodai.ParseWebhookURL(url, s.Insecure); err != nil {
		return myodai.Webhook{}, err
	}
	if w.Kinds, err = checkKinds(kinds); err != nil {
		return myodai.Webhook{}, err
	}
	return w, s.Store.CreateWebhook(ctx, w, s.event(myodai.EventWebhookCreated, w, now))
}

// Change is what its owner wants of a webhook; nil leaves as it is.
type Change struct {
	URL    *string
	Kinds  *[]myodai.EventKind
	State  *myodai.WebhookState
	Rotate bool // a new secret; the present one signs on for myodai.RotationOverlap
}

// Update changes a webhook. One that is enabled again starts afresh; what it
// missed can be had by Replay.
func (s *Service) Update(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID, c Change) (myodai.Webhook, error) {
	now := time.Now()
	secret := NewSecret(s.Random)
	return s.Store.UpdateWebhook(ctx, tenant, id, func(w myodai.Webhook) (myodai.Webhook, []myodai.Event, error) {
		var err error
		if c.URL != nil {
			if w.URL, err = myodai.ParseWebhookURL(*c.URL, s.Insecure); err != nil {
				return w, nil, err
			}
		}
		if c.Kinds != nil {
			if w.Kinds, err = checkKinds(*c.Kinds); err != nil {
				return w, nil, err
			}
		}
		if c.State != nil {
			if *c.State != myodai.WebhookEnabled && *c.State != myodai.WebhookDisabled {
				return w, nil, myodai.Refuse(myodai.CodeInvalid, "state", "%q is not a state; it is enabled or disabled", *c.State)
			}
			w.State = *c.State
		}
		if c.URL != nil || c.State != nil {
			w.FailingAt, w.RetryAt, w.Reason = time.Time{}, time.Time{}, ""
		}
		if c.Rotate {
			w = w.Rotate(secret, now)
		}
		return w, []myodai.Event{s.event(myodai.EventWebhookChanged, w, now)}, nil
	})
}

// Delete removes a webhook with what it was told.
func (s *Service) Delete(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID) error {
	now := time.Now()
	w, err := s.Store.Webhook(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.Store.DeleteWebhook(ctx, tenant, id, s.event(myodai.EventWebhookDeleted, w, now))
}

// Test tells a webhook of an event that did not happen, at once and once, and
// returns how it answered. A disabled webhook can be tried, too.
func (s *Service) Test(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID) (myodai.Response, error) {
	w, err := s.Store.Webhook(ctx, tenant, id)
	if err != nil {
		return myodai.Response{}, err
	}
	return s.post(ctx, w, s.event(myodai.EventWebhookTest, w, time.Now()))
}

// Replay tells a webhook again of what it was told, or missed, since the given
// time, and returns of how many events.
func (s *Service) Replay(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID, since time.Time) (int, error) {
	w, err := s.Store.Webhook(ctx, tenant, id)
	if err != nil {
		return 0, err
	}
	if w.State != myodai.WebhookEnabled {
		return 0, myodai.Refuse(myodai.CodeConflict, "state", "the webhook is disabled; enable it before it is told again")
	}
	return s.Store.Replay(ctx, tenant, id, since, time.Now())
}

// checkKinds refuses kinds that there are not; twice means once.
func checkKinds(kinds []myodai.EventKind) ([]myodai.EventKind, error) {
	for _, kind := range kinds {
		if !slices.Contains(myodai.EventKinds, kind) {
			return nil, myodai.Refuse(myodai.CodeInvalid, "kinds", "%q is not a kind of event; there are %v", kind, myodai.EventKinds)
		}
	}
	kinds = slices.Clone(kinds)
	slices.Sort(kinds)
	return slices.Compact(kinds), nil
}
