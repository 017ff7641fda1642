package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

const notificationColumns = `n.tenant_id, n.webhook_id, n.state, n.attempts, n.due_at, n.queued_at, n.response,
	e.id, e.tenant_id, e.kind, e.happened_at, e.domain_id, e.message_id, e.delivery_id, e.data`

func notificationFields(n *myodai.Notification) []any {
	return append([]any{
		&n.TenantID, &n.WebhookID, &n.State, &n.Attempts, instant{&n.DueAt}, instant{&n.QueuedAt}, document{&n.Last},
	}, eventFields(&n.Event)...)
}

// notify makes events due for those of a tenant's webhooks that want them.
func (q session) notify(tenant myodai.TenantID, events []told) error {
	hooks, err := all(q, webhookFields, `select `+webhookColumns+` from webhooks where tenant_id = $1 and state = $2`,
		tenant, myodai.WebhookEnabled)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, w := range hooks {
		for _, e := range events {
			if w.Wants(e.Kind) {
				rows = append(rows, []any{tenant, w.ID, e.ID, myodai.NotificationDue, 0, e.At, e.At, document{myodai.Response{}}})
			}
		}
	}
	return q.insert("notifications", []string{
		"tenant_id", "webhook_id", "event_id", "state", "attempts", "due_at", "queued_at", "response",
	}, rows)
}

// DueNotifications lists what is due for a webhook, in the order of its events.
func (s *Store) DueNotifications(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID, now time.Time, max int) ([]myodai.Notification, error) {
	list, err := all(s.read(ctx), notificationFields,
		`select `+notificationColumns+` from notifications n join events e on e.id = n.event_id
		  where n.tenant_id = $1 and n.webhook_id = $2 and n.state = 'due' and n.due_at <= $3
		  order by e.number limit $4`, tenant, id, now, max)
	return list, wrap("read due notifications", err)
}

// Notifications lists what a webhook was and will be told, newest first.
func (s *Store) Notifications(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID, page myodai.Page) (list []myodai.Notification, next string, err error) {
	before, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	list, err = all(s.read(ctx), notificationFields,
		`select `+notificationColumns+` from notifications n join events e on e.id = n.event_id
		  where n.tenant_id = $1 and n.webhook_id = $2
		    and ($3 = '' or e.number < (select number from events where tenant_id = $1 and id = $3))
		  order by e.number desc limit $4`, tenant, id, before, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list notifications", err)
	}
	list, next = cut(list, page, func(n myodai.Notification) string { return string(n.Event.ID) })
	return list, next, nil
}

// FinishWebhook writes what became of notifications and of their webhook, and
// ends its lease. Nothing is written, and held is false, when owner's lease was
// taken over meanwhile. Of the webhook, State, FailingAt, RetryAt and Reason are
// written; one that its owner disabled meanwhile stays so.
func (s *Store) FinishWebhook(ctx context.Context, owner string, w myodai.Webhook, list []myodai.Notification, events ...myodai.Event) (held bool, err error) {
	err = s.write(ctx, "finish webhook", func(q session) error {
		n, err := q.exec(`
			update webhooks set failing_at = $4, retry_at = $5, lease_owner = '', leased_until = 0
			 where tenant_id = $1 and id = $2 and lease_owner = $3`, w.TenantID, w.ID, owner, w.FailingAt, w.RetryAt)
		if held = n == 1; err != nil || !held {
			return err
		}
		for _, n := range list {
			_, err := q.exec(`
				update notifications set state = $3, attempts = $4, due_at = $5, response = $6
				 where webhook_id = $1 and event_id = $2 and state = 'due'`,
				w.ID, n.Event.ID, n.State, n.Attempts, n.DueAt, document{n.Last})
			if err != nil {
				return err
			}
		}
		if w.State != myodai.WebhookDisabled {
			return q.addEvents(events)
		}
		now, err := s.webhook(q, w.TenantID, w.ID, q.dialect.forUpdate)
		if err != nil || now.State == myodai.WebhookDisabled {
			return err
		}
		now.State, now.Reason = w.State, w.Reason
		return s.saveWebhook(q, now, events)
	})
	return held, err
}

// ReplayMax is the most events that a webhook is told again of at once.
const ReplayMax = 100_000

// Replay makes due what a webhook wants of the events since the given time,
// whether it was told of them or was disabled when they happened, and returns
// the number of notifications this adds to those that are due already. More
// than ReplayMax events are refused with CodeTooLarge.
func (s *Store) Replay(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID, since, now time.Time) (n int, err error) {
	err = s.write(ctx, "replay", func(q session) error {
		w, err := s.webhook(q, tenant, id, q.dialect.forUpdate)
		if err != nil {
			return err
		}
		first, last, err := q.eventsSince(tenant, since)
		if err != nil {
			return err
		}
		if last-first >= ReplayMax {
			return myodai.Refuse(myodai.CodeTooLarge, "since", "%d events happened since then, and at most %d are told again at once; "+
				"choose a later time, or read the list of events", last-first+1, ReplayMax)
		}
		args := []any{tenant, w.ID, first, now, document{myodai.Response{}}}
		wanted := ""
		if len(w.Kinds) > 0 {
			wanted = " and kind in (" + placeholders(len(args)+1, len(w.Kinds)) + ")"
			for _, kind := range w.Kinds {
				args = append(args, kind)
			}
		}
		touched, err := q.exec(`
			insert into notifications (tenant_id, webhook_id, event_id, state, attempts, due_at, queued_at, response)
			select tenant_id, cast($2 as text), id, 'due', 0, cast($4 as bigint), cast($4 as bigint), cast($5 as text) from events where tenant_id = $1 and number >= $3`+wanted+`
			on conflict (webhook_id, event_id) do update
			   set state = excluded.state, due_at = excluded.due_at, queued_at = excluded.queued_at
			 where notifications.state <> excluded.state`, args...)
		n = int(touched)
		return err
	})
	return n, err
}

// eventsSince returns the numbers of a tenant's first event after those from
// before the given time, and of its last one. It walks back from the newest.
func (q session) eventsSince(tenant myodai.TenantID, since time.Time) (first, last int64, err error) {
	numbers, err := one(q, absent("tenant", tenant), func(n *[2]int64) []any { return []any{&n[0], &n[1]} }, `
		select coalesce((select number from events where tenant_id = $1 and happened_at < $2 order by number desc limit 1), 0) + 1,
		       coalesce((select max(number) from events where tenant_id = $1), 0)`, tenant, since)
	return numbers[0], numbers[1], err
}
