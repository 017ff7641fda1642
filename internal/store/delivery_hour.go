package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// addHours counts what events of one tenant say became of deliveries. The caller
// holds the tenant's event counter, so no two transactions count for it at once.
func (q session) addHours(tenant myodai.TenantID, events []told) error {
	hours := map[time.Time]*myodai.HourDeliveries{}
	for _, e := range events {
		at := e.At.UTC().Truncate(time.Hour)
		if hours[at] == nil {
			hours[at] = &myodai.HourDeliveries{Hour: at}
		}
		hours[at].Count(e.Kind)
	}
	for _, h := range hours {
		if h.Sum() == 0 {
			continue
		}
		err := q.run(`
			insert into delivery_hours (tenant_id, hour, delivered, deferred, bounced, expired, suppressed)
			values ($1, $2, $3, $4, $5, $6, $7)
			on conflict (tenant_id, hour) do update set
			  delivered = delivery_hours.delivered + excluded.delivered, deferred = delivery_hours.deferred + excluded.deferred,
			  bounced = delivery_hours.bounced + excluded.bounced, expired = delivery_hours.expired + excluded.expired,
			  suppressed = delivery_hours.suppressed + excluded.suppressed`,
			tenant, h.Hour, h.Delivered, h.Deferred, h.Bounced, h.Expired, h.Suppressed)
		if err != nil {
			return err
		}
	}
	return nil
}

// SumDeliveryHours sums up, over all tenants, the hours before the given instant
// that are not summed up yet. What is told of them later is missing from the sum
// of all tenants, so they should be long over.
func (s *Store) SumDeliveryHours(ctx context.Context, before time.Time) error {
	return s.write(ctx, "sum up hours", func(q session) error {
		_, err := q.exec(`
			insert into platform_hours (hour, delivered, deferred, bounced, expired, suppressed)
			select hour, sum(delivered), sum(deferred), sum(bounced), sum(expired), sum(suppressed) from delivery_hours
			 where hour > (select coalesce(max(hour), -1) from platform_hours) and hour < $1 group by hour
			on conflict (hour) do nothing`, before.Truncate(time.Hour))
		return err
	})
}

// DeliveryHours is what became of deliveries, of one tenant or of all when tenant
// is "", from one instant up to another, in whole hours. Hours in which nothing
// happened are left out.
func (s *Store) DeliveryHours(ctx context.Context, tenant myodai.TenantID, from, to time.Time) ([]myodai.HourDeliveries, error) {
	const sums = `select hour, sum(delivered), sum(deferred), sum(bounced), sum(expired), sum(suppressed) from `
	of := `delivery_hours where tenant_id = $1`
	if tenant == "" {
		of = `(select hour, delivered, deferred, bounced, expired, suppressed from platform_hours
			union all
			select hour, delivered, deferred, bounced, expired, suppressed from delivery_hours
			 where hour > (select coalesce(max(hour), -1) from platform_hours) and hour >= $2 and hour < $3) as hours where $1 = ''`
	}
	list, err := all(s.read(ctx), func(h *myodai.HourDeliveries) []any {
		return []any{instant{&h.Hour}, sum{&h.Delivered}, sum{&h.Deferred}, sum{&h.Bounced}, sum{&h.Expired}, sum{&h.Suppressed}}
	}, sums+of+` and hour >= $2 and hour < $3 group by hour order by hour`, tenant, from.Truncate(time.Hour), to)
	return list, wrap("sum up deliveries by the hour", err)
}
