package store

import (
	"context"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// Queue sums up what waits, for one tenant or for all when tenant is "", by
// recipient domain, the one with most first. DueAt is never before now. The index
// of what waits holds all of it but for leases, which are few.
func (s *Store) Queue(ctx context.Context, tenant myodai.TenantID, now time.Time) ([]myodai.QueueLine, error) {
	list, err := all(s.read(ctx), func(l *myodai.QueueLine) []any {
		return []any{&l.Domain, &l.Accepted, &l.Deferred, instant{&l.OldestAt}, instant{&l.DueAt}}
	}, `
		select recipient_domain,
		       count(*) filter (where state = 'accepted'),
		       count(*) filter (where state = 'deferred'),
		       min(queued_at),
		       min(case when id in (select id from deliveries where lease_owner <> '')
		                then (select case when l.leased_until > l.due_at then l.leased_until else l.due_at end from deliveries l where l.id = deliveries.id)
		                else due_at end)
		  from deliveries`+s.dialect.by("deliveries_waiting")+`
		 where `+waiting+` and `+ofTenant(tenant)+`
		 group by recipient_domain
		 order by count(*) desc, recipient_domain`, tenant)
	if err != nil {
		return nil, wrap("sum up queue", err)
	}
	for i := range list {
		if list[i].DueAt.Before(now) {
			list[i].DueAt = now
		}
	}
	return list, nil
}

// ofTenant is the condition for the rows of the tenant $1, or of all when it is
// "".
func ofTenant(tenant myodai.TenantID) string {
	if tenant == "" {
		return `$1 = ''`
	}
	return `tenant_id = $1`
}

// Queued lists the deliveries of a selection that wait, tenant by tenant, oldest
// first.
func (s *Store) Queued(ctx context.Context, which myodai.Selection, page myodai.Page) (list []myodai.Delivery, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	// The cursor is the tenant's id and the delivery's, with nothing between
	// them: ids have one length. It follows the partial index for all tenants.
	afterTenant, afterID := after, ""
	if at := strings.LastIndex(after, "dlv_"); at >= 0 {
		afterTenant, afterID = after[:at], after[at:]
	}
	condition, args := selected(which)
	list, err = all(s.read(ctx), deliveryFields,
		`select `+deliveryColumns+` from deliveries
		  where `+waiting+` and `+condition+` and (tenant_id, id) > ($4, $5)
		  order by tenant_id, id limit $6`, append(args, afterTenant, afterID, page.Size()+1)...)
	if err != nil {
		return nil, "", wrap("list queue", err)
	}
	list, next = cut(list, page, func(d myodai.Delivery) string { return string(d.TenantID) + string(d.ID) })
	return list, next, nil
}

// RetryNow makes due what waits of a selection to be attempted again, and returns
// the number of deliveries. What is due or under way already is left alone.
func (s *Store) RetryNow(ctx context.Context, which myodai.Selection, now time.Time) (n int, err error) {
	err = s.write(ctx, "retry now", func(q session) error {
		condition, args := selected(which)
		touched, err := q.exec(`update deliveries set due_at = $4 where `+waiting+` and `+condition+` and due_at > $4`, append(args, now)...)
		n = int(touched)
		return err
	})
	return n, err
}

// ExpireNow gives up to max deliveries of a selection up that wait or are held,
// with why as their last words and the event that tells of each, and returns how
// many that were. What is under way goes on.
func (s *Store) ExpireNow(ctx context.Context, which myodai.Selection, why myodai.Outcome, max int, event func(myodai.Delivery) myodai.Event) (n int, err error) {
	err = s.write(ctx, "expire now", func(q session) error {
		condition, args := selected(which)
		list, err := all(q, deliveryFields, `
			with meant as materialized (
			  select id as meant_id from deliveries
			   where (`+waiting+` or state = 'held') and leased_until <= $4 and `+condition+`
			   order by tenant_id, id limit $5`+q.dialect.skipLocked+`)
			update deliveries set state = 'expired', hold = '', last_outcome = $6 where id in (select meant_id from meant)
			returning `+deliveryColumns, append(args, why.At, max, document{why})...)
		n = len(list)
		if err != nil {
			return err
		}
		return q.tellExpired(list, why.At, event)
	})
	return n, err
}
