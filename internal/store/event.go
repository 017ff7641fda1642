package store

import (
	"context"

	"github.com/myodai/myodai"
)

const eventColumns = `id, tenant_id, kind, happened_at, domain_id, message_id, delivery_id, data`

func eventFields(e *myodai.Event) []any {
	return []any{&e.ID, &e.TenantID, &e.Kind, instant{&e.At}, &e.DomainID, &e.MessageID, &e.DeliveryID, document{&e.Data}}
}

// addEvents writes events in the transaction of the state they tell of.
func (q session) addEvents(events []myodai.Event) error {
	rows := make([][]any, 0, len(events))
	for _, e := range events {
		rows = append(rows, []any{e.ID, e.TenantID, e.Kind, e.At, e.DomainID, e.MessageID, e.DeliveryID, document{e.Data}})
	}
	if q.noted != nil {
		q.noted.events = append(q.noted.events, events...)
	}
	return q.insert("events", []string{
		"id", "tenant_id", "kind", "happened_at", "domain_id", "message_id", "delivery_id", "data",
	}, rows)
}

// Events lists a tenant's events, or those of all tenants when tenant is "",
// oldest first by the time in their ids. Who asks again from the last cursor
// should know that an event may still appear before it while the transaction it
// is written in takes its time.
func (s *Store) Events(ctx context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.Event, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	where := `tenant_id = $1`
	if tenant == "" {
		where = `$1 = ''`
	}
	list, err = all(s.read(ctx), eventFields,
		`select `+eventColumns+` from events where `+where+` and id > $2 order by id limit $3`,
		tenant, after, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list events", err)
	}
	list, next = cut(list, page, func(e myodai.Event) string { return string(e.ID) })
	return list, next, nil
}
