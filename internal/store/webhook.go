package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/myodai/myodai"
)

const webhookColumns = `id, tenant_id, url, kinds, state, secrets, created_at, failing_at, retry_at, reason`

// webhookRow is a webhook as its row has it: with its secrets sealed.
type webhookRow struct {
	myodai.Webhook
	sealed []byte
}

func webhookFields(w *webhookRow) []any {
	return []any{
		&w.ID, &w.TenantID, &w.URL, document{&w.Kinds}, &w.State, &w.sealed,
		instant{&w.CreatedAt}, instant{&w.FailingAt}, instant{&w.RetryAt}, &w.Reason,
	}
}

func webhookBinding(tenant myodai.TenantID, id myodai.WebhookID) []byte {
	return []byte("webhook\x00" + string(tenant) + "\x00" + string(id))
}

func (s *Store) sealSecrets(w myodai.Webhook) ([]byte, error) {
	text, err := json.Marshal(w.Secrets)
	if err != nil {
		return nil, err
	}
	return s.seal(text, webhookBinding(w.TenantID, w.ID)), nil
}

func (s *Store) openWebhook(row webhookRow) (myodai.Webhook, error) {
	text, err := s.unseal(row.sealed, webhookBinding(row.TenantID, row.ID))
	if err == nil {
		err = json.Unmarshal(text, &row.Secrets)
	}
	if err != nil {
		return myodai.Webhook{}, fmt.Errorf("secrets of %s: %w", row.ID, err)
	}
	return row.Webhook, nil
}

func (s *Store) openWebhooks(rows []webhookRow) (list []myodai.Webhook, err error) {
	for _, row := range rows {
		w, err := s.openWebhook(row)
		if err != nil {
			return nil, err
		}
		list = append(list, w)
	}
	return list, nil
}

// CreateWebhook adds a webhook. It is told of what happens from now on.
func (s *Store) CreateWebhook(ctx context.Context, w myodai.Webhook, events ...myodai.Event) error {
	sealed, err := s.sealSecrets(w)
	if err != nil {
		return fmt.Errorf("create webhook: %w", err)
	}
	return s.write(ctx, "create webhook", func(q session) error {
		_, err := q.exec(`insert into webhooks (`+webhookColumns+`, lease_owner, leased_until)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', 0)`,
			w.ID, w.TenantID, w.URL, document{w.Kinds}, w.State, sealed, w.CreatedAt, w.FailingAt, w.RetryAt, w.Reason)
		if err != nil {
			return err
		}
		return q.webhooksChanged(w.TenantID, events)
	})
}

// webhooksChanged counts a tenant's webhooks again, and writes events.
func (q session) webhooksChanged(tenant myodai.TenantID, events []myodai.Event) error {
	_, err := q.exec(`
		insert into event_counters (tenant_id, last, webhooks)
		values ($1, 0, (select count(*) from webhooks where tenant_id = $1 and state = $2))
		on conflict (tenant_id) do update set webhooks = excluded.webhooks`, tenant, myodai.WebhookEnabled)
	if err != nil {
		return err
	}
	return q.addEvents(events)
}

// Webhook reads a webhook with its secrets.
func (s *Store) Webhook(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID) (myodai.Webhook, error) {
	w, err := s.webhook(s.read(ctx), tenant, id, "")
	return w, wrap("read webhook", err)
}

func (s *Store) webhook(q session, tenant myodai.TenantID, id myodai.WebhookID, lock string) (myodai.Webhook, error) {
	row, err := one(q, absent("webhook", id), webhookFields,
		`select `+webhookColumns+` from webhooks where tenant_id = $1 and id = $2`+lock, tenant, id)
	if err != nil {
		return myodai.Webhook{}, err
	}
	return s.openWebhook(row)
}

// Webhooks lists a tenant's webhooks, oldest first.
func (s *Store) Webhooks(ctx context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.Webhook, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	rows, err := all(s.read(ctx), webhookFields,
		`select `+webhookColumns+` from webhooks where tenant_id = $1 and id > $2 order by id limit $3`, tenant, after, page.Size()+1)
	if err == nil {
		list, err = s.openWebhooks(rows)
	}
	if err != nil {
		return nil, "", wrap("list webhooks", err)
	}
	list, next = cut(list, page, func(w myodai.Webhook) string { return string(w.ID) })
	return list, next, nil
}

// UpdateWebhook loads a webhook, lets change decide its new shape, and saves
// that with the events this gives rise to. What was due for a webhook that is
// disabled is given up; it can be asked for again.
//
// change may be called more than once and must be pure.
func (s *Store) UpdateWebhook(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID,
	change func(myodai.Webhook) (myodai.Webhook, []myodai.Event, error)) (w myodai.Webhook, err error) {
	err = s.write(ctx, "update webhook", func(q session) error {
		old, err := s.webhook(q, tenant, id, q.dialect.forUpdate)
		if err != nil {
			return err
		}
		var events []myodai.Event
		if w, events, err = change(old); err != nil {
			return err
		}
		w.ID, w.TenantID = old.ID, old.TenantID
		return s.saveWebhook(q, w, events)
	})
	return w, err
}

func (s *Store) saveWebhook(q session, w myodai.Webhook, events []myodai.Event) error {
	sealed, err := s.sealSecrets(w)
	if err != nil {
		return err
	}
	_, err = q.exec(`update webhooks set url = $3, kinds = $4, state = $5, secrets = $6, failing_at = $7, retry_at = $8, reason = $9
		 where tenant_id = $1 and id = $2`,
		w.TenantID, w.ID, w.URL, document{w.Kinds}, w.State, sealed, w.FailingAt, w.RetryAt, w.Reason)
	if err == nil && w.State == myodai.WebhookDisabled {
		_, err = q.exec(`update notifications set state = $3 where tenant_id = $1 and webhook_id = $2 and state = $4`,
			w.TenantID, w.ID, myodai.NotificationFailed, myodai.NotificationDue)
	}
	if err != nil {
		return err
	}
	return q.webhooksChanged(w.TenantID, events)
}

// DeleteWebhook removes a webhook and what it was told.
func (s *Store) DeleteWebhook(ctx context.Context, tenant myodai.TenantID, id myodai.WebhookID, events ...myodai.Event) error {
	return s.write(ctx, "delete webhook", func(q session) error {
		n, err := q.exec(`delete from webhooks where tenant_id = $1 and id = $2`, tenant, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return myodai.Refuse(myodai.CodeNotFound, "", "%s", absent("webhook", id))
		}
		return q.webhooksChanged(tenant, events)
	})
}

// ClaimWebhooks hands out up to max enabled webhooks with something due, of all
// tenants, leased to owner until the given time. One node at a time speaks to
// one webhook.
func (s *Store) ClaimWebhooks(ctx context.Context, owner string, max int, now, until time.Time) (list []myodai.Webhook, err error) {
	err = s.write(ctx, "claim webhooks", func(q session) error {
		rows, err := all(q, webhookFields, `
			update webhooks set lease_owner = $2, leased_until = $3
			 where id in (
			   select id from webhooks w
			    where state = 'enabled' and leased_until <= $1 and retry_at <= $1
			      and exists (select 1 from notifications n where n.webhook_id = w.id and n.state = 'due' and n.due_at <= $1)
			    order by leased_until limit $4`+q.dialect.skipLocked+`)
			returning `+webhookColumns, now, owner, until, max)
		if err != nil {
			return err
		}
		list, err = s.openWebhooks(rows)
		return err
	})
	return list, err
}
