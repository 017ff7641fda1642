package store

import (
	"context"
	"maps"
	"slices"

	"github.com/myodai/myodai"
)

const eventColumns = `id, tenant_id, kind, happened_at, domain_id, message_id, delivery_id, data`

func eventFields(e *myodai.Event) []any {
	return []any{&e.ID, &e.TenantID, &e.Kind, instant{&e.At}, &e.DomainID, &e.MessageID, &e.DeliveryID, document{&e.Data}}
}

// told is an event with its row but for the number, which comes last.
type told struct {
	myodai.Event
	row []any
}

var eventNames = []string{"id", "tenant_id", "kind", "happened_at", "domain_id", "message_id", "delivery_id", "data", "number"}

// tell makes the rows of events.
func tell(events []myodai.Event) ([]told, error) {
	list := make([]told, len(events))
	for i, e := range events {
		row := []any{
			string(e.ID), string(e.TenantID), string(e.Kind), e.At, string(e.DomainID), string(e.MessageID), string(e.DeliveryID),
			document{e.Data}, nil,
		}
		if err := values(row); err != nil {
			return nil, err
		}
		list[i] = told{e, row}
	}
	return list, nil
}

// addEvents writes events in the transaction of the state they tell of, numbers
// them, and makes them due for the webhooks that want them.
func (q session) addEvents(events []myodai.Event) error {
	list, err := tell(events)
	if err != nil {
		return err
	}
	return q.addTold(list)
}

// addTold is addEvents for events whose rows are made.
//
// Taking numbers lets one transaction of a tenant wait for another, so they are
// taken in the order in which they become visible.
func (q session) addTold(events []told) error {
	if q.later != nil {
		*q.later = append(*q.later, events...)
		return nil
	}
	if q.noted != nil && q.noted.event == nil && len(events) > 0 {
		q.noted.event = &events[0].Event
	}
	ofTenant := map[myodai.TenantID][]told{}
	for _, e := range events {
		ofTenant[e.TenantID] = append(ofTenant[e.TenantID], e)
	}
	rows := make([][]any, 0, len(events))
	for _, tenant := range slices.Sorted(maps.Keys(ofTenant)) { // in one order, or two transactions could block each other
		list := ofTenant[tenant]
		counter, err := q.count(tenant, len(list))
		if err != nil {
			return err
		}
		if err := q.addHours(tenant, list); err != nil {
			return err
		}
		for i, e := range list {
			e.row[len(e.row)-1] = counter.last - int64(len(list)-1-i)
			rows = append(rows, e.row)
		}
		if counter.webhooks == 0 {
			delete(ofTenant, tenant)
		}
	}
	if err := q.insert("events", eventNames, rows); err != nil {
		return err
	}
	for tenant, list := range ofTenant {
		if err := q.notify(tenant, list); err != nil {
			return err
		}
	}
	return nil
}

// eventCounter is how many events a tenant has had, and how many webhooks it has.
type eventCounter struct{ last, webhooks int64 }

// count takes n numbers for a tenant's events.
func (q session) count(tenant myodai.TenantID, n int) (eventCounter, error) {
	return one(q, absent("tenant", tenant), func(c *eventCounter) []any { return []any{&c.last, &c.webhooks} }, `
		insert into event_counters (tenant_id, last, webhooks) values ($1, $2, 0)
		on conflict (tenant_id) do update set last = event_counters.last + excluded.last
		returning last, webhooks`, tenant, n)
}

// Events lists a tenant's events in the order in which they became visible: who
// asks again from the last cursor misses none. A cursor is the id of an event.
//
// Those of all tenants, when tenant is "", come by the time in their ids, and an
// event may still appear before the cursor while its transaction takes its time.
func (s *Store) Events(ctx context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.Event, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	q := s.read(ctx)
	if tenant == "" {
		list, err = all(q, eventFields,
			`select `+eventColumns+` from events where id > $1 order by id limit $2`, after, page.Size()+1)
	} else {
		list, err = all(q, eventFields, `
			select `+eventColumns+` from events where tenant_id = $1
			   and number > coalesce((select number from events where tenant_id = $1 and id = $2),
			                         (select max(number) from events where tenant_id = $1 and id < $2), 0)
			 order by number limit $3`, tenant, after, page.Size()+1)
	}
	if err != nil {
		return nil, "", wrap("list events", err)
	}
	list, next = cut(list, page, func(e myodai.Event) string { return string(e.ID) })
	return list, next, nil
}
