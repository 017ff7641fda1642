package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/webhook"
)

// Webhook is an address that is told of events.
type Webhook struct {
	ID        myodai.WebhookID    `json:"id"`
	URL       string              `json:"url" example:"https://example.com/hooks"`
	Kinds     []myodai.EventKind  `json:"kinds" doc:"The kinds of events it is told of; none means all."`
	State     myodai.WebhookState `json:"state" enum:"enabled,disabled"`
	Reason    string              `json:"reason,omitempty" doc:"Why it was disabled, if its owner did not do it."`
	Secrets   []WebhookSecret     `json:"secrets" doc:"What it is signed with, newest first. While there are two, each signs."`
	FailingAt time.Time           `json:"failing_at,omitzero" doc:"Since when every attempt has failed."`
	RetryAt   time.Time           `json:"retry_at,omitzero" doc:"When it is tried again."`
	CreatedAt time.Time           `json:"created_at"`
}

// WebhookSecret is a key of the HMAC over what a webhook is told.
type WebhookSecret struct {
	Secret string    `json:"secret" example:"whsec_…"`
	Until  time.Time `json:"until,omitzero" doc:"When it ends; the newest has no end."`
}

// NewWebhook is an address to be told of events.
type NewWebhook struct {
	URL   string             `json:"url" doc:"https, port 443 or 8443." example:"https://example.com/hooks"`
	Kinds []myodai.EventKind `json:"kinds,omitempty" doc:"The kinds of events to tell of; none means all."`
}

// WebhookChange is what shall be otherwise; what is left out stays.
type WebhookChange struct {
	URL    *string              `json:"url,omitempty"`
	Kinds  *[]myodai.EventKind  `json:"kinds,omitempty"`
	State  *myodai.WebhookState `json:"state,omitempty" enum:"enabled,disabled"`
	Rotate bool                 `json:"rotate,omitempty" doc:"Make a new secret. The present one signs on for 24 hours."`
}

// WebhookReplay says from when on a webhook is told again.
type WebhookReplay struct {
	Since time.Time `json:"since" doc:"Events since then are told again, those that happened while the webhook was disabled, too; at most 100,000."`
}

// WebhookReplayed says how much that is.
type WebhookReplayed struct {
	Notifications int `json:"notifications" doc:"How many are due again, beside those that are due anyway."`
}

// Notification is one event on its way to a webhook.
type Notification struct {
	Event    Event                    `json:"event"`
	State    myodai.NotificationState `json:"state" enum:"due,delivered,failed"`
	Attempts int                      `json:"attempts"`
	DueAt    time.Time                `json:"due_at,omitzero" doc:"When it is told next."`
	Last     *WebhookResponse         `json:"last,omitempty" doc:"How the last attempt ended."`
}

// WebhookResponse is how a webhook answered.
type WebhookResponse struct {
	Status int       `json:"status" doc:"HTTP status; 0 when there was no answer."`
	Text   string    `json:"text" doc:"The start of the answer, or why there was none."`
	At     time.Time `json:"at"`
	TookMS int64     `json:"took_ms"`
}

func showWebhook(w myodai.Webhook) Webhook {
	shown := Webhook{
		ID: w.ID, URL: w.URL, Kinds: append([]myodai.EventKind{}, w.Kinds...), State: w.State, Reason: w.Reason,
		Secrets: []WebhookSecret{}, FailingAt: utc(w.FailingAt), RetryAt: utc(w.RetryAt), CreatedAt: utc(w.CreatedAt),
	}
	for _, s := range w.Secrets {
		shown.Secrets = append(shown.Secrets, WebhookSecret{Secret: s.Text, Until: utc(s.Until)})
	}
	return shown
}

func showResponse(r myodai.Response) WebhookResponse {
	return WebhookResponse{Status: r.Status, Text: r.Text, At: utc(r.At), TookMS: r.Took.Milliseconds()}
}

func showNotification(n myodai.Notification) Notification {
	shown := Notification{Event: showEvent(n.Event), State: n.State, Attempts: n.Attempts}
	if n.State == myodai.NotificationDue {
		shown.DueAt = utc(n.DueAt)
	}
	if !n.Last.At.IsZero() {
		last := showResponse(n.Last)
		shown.Last = &last
	}
	return shown
}

// WebhookPath names a webhook.
type WebhookPath struct {
	WebhookID string `path:"webhook_id"`
}

func (p WebhookPath) id() (myodai.WebhookID, error) {
	return pathID(myodai.ParseID[myodai.WebhookID], p.WebhookID, "webhook")
}

func (s *Server) registerWebhooks() {
	const path, one = "/webhooks", "/webhooks/{webhook_id}"
	register(s, operation{
		id: "list-webhooks", method: http.MethodGet, path: path, tag: "webhooks", scope: scopeTenant, summary: "List webhooks",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ PageQuery }) (*listOutput[Webhook], error) {
		list, next, err := s.o.Store.Webhooks(ctx, who.TenantID, in.page())
		return listOf(list, next, showWebhook), err
	})
	register(s, operation{
		id: "create-webhook", method: http.MethodPost, path: path, tag: "webhooks", scope: scopeTenant, status: http.StatusCreated,
		summary: "Be told of events",
		details: "Each event is posted as JSON by Standard Webhooks: webhook-id is the event's id and the same for every attempt, webhook-signature holds one v1 signature per secret. Anything but 2xx is tried again for 72 hours.",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ Body NewWebhook }) (*output[Webhook], error) {
		w, err := s.o.Webhooks.Create(ctx, who.TenantID, in.Body.URL, in.Body.Kinds)
		if err != nil {
			return nil, err
		}
		return outputOf(showWebhook(w)), nil
	})
	register(s, operation{
		id: "get-webhook", method: http.MethodGet, path: one, tag: "webhooks", scope: scopeTenant, summary: "Look at a webhook",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ WebhookPath }) (*output[Webhook], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		w, err := s.o.Store.Webhook(ctx, who.TenantID, id)
		if err != nil {
			return nil, err
		}
		return outputOf(showWebhook(w)), nil
	})
	register(s, operation{
		id: "update-webhook", method: http.MethodPatch, path: one, tag: "webhooks", scope: scopeTenant,
		summary: "Change a webhook: address, kinds, state, secret",
		details: "One that is enabled again starts afresh; what it missed can be had by a replay.",
	}, s.updateWebhook)
	register(s, operation{
		id: "delete-webhook", method: http.MethodDelete, path: one, tag: "webhooks", scope: scopeTenant,
		summary: "Remove a webhook with what it was told",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ WebhookPath }) (*empty, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return nil, s.o.Webhooks.Delete(ctx, who.TenantID, id)
	})
	s.registerNotifications(one)
}

func (s *Server) registerNotifications(one string) {
	register(s, operation{
		id: "list-notifications", method: http.MethodGet, path: one + "/notifications", tag: "webhooks", scope: scopeTenant,
		summary: "List what a webhook was told and will be, newest first",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		WebhookPath
		PageQuery
	}) (*listOutput[Notification], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		if _, err := s.o.Store.Webhook(ctx, who.TenantID, id); err != nil {
			return nil, err
		}
		list, next, err := s.o.Store.Notifications(ctx, who.TenantID, id, in.page())
		return listOf(list, next, showNotification), err
	})
	register(s, operation{
		id: "test-webhook", method: http.MethodPost, path: one + "/test", tag: "webhooks", scope: scopeTenant,
		summary: "Send a webhook an event of kind webhook.test, and see how it answers",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ WebhookPath }) (*output[WebhookResponse], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		r, err := s.o.Webhooks.Test(ctx, who.TenantID, id)
		if err != nil {
			return nil, err
		}
		return outputOf(showResponse(r)), nil
	})
	register(s, operation{
		id: "replay-webhook", method: http.MethodPost, path: one + "/replay", tag: "webhooks", scope: scopeTenant,
		summary: "Tell a webhook again of what happened since a time",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		WebhookPath
		Body WebhookReplay
	}) (*output[WebhookReplayed], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		n, err := s.o.Webhooks.Replay(ctx, who.TenantID, id, in.Body.Since)
		if err != nil {
			return nil, err
		}
		return outputOf(WebhookReplayed{n}), nil
	})
}

func (s *Server) updateWebhook(ctx context.Context, who myodai.Credential, in *struct {
	WebhookPath
	Body WebhookChange
}) (*output[Webhook], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	b := in.Body
	w, err := s.o.Webhooks.Update(ctx, who.TenantID, id, webhook.Change{URL: b.URL, Kinds: b.Kinds, State: b.State, Rotate: b.Rotate})
	if err != nil {
		return nil, err
	}
	return outputOf(showWebhook(w)), nil
}
