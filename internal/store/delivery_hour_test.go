package store_test

import (
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// What became of deliveries is counted by the hour with the events that tell of
// it, for each tenant, and summed up over all.
func TestDeliveryHours(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		one, two := newTenant(t, s), newTenant(t, s)
		hour := t0.Truncate(time.Hour)
		told := func(tenant myodai.TenantID, at time.Time, kinds ...myodai.EventKind) {
			var events []myodai.Event
			for _, kind := range kinds {
				events = append(events, event(tenant, kind, at))
			}
			must(s.UpdateTenant(t.Context(), tenant, func(x myodai.Tenant) (myodai.Tenant, []myodai.Event, error) { return x, events, nil }))(t)
		}
		told(one.ID, hour, myodai.EventMessageDelivered, myodai.EventMessageDelivered, myodai.EventMessageBounced, myodai.EventMessageAccepted)
		told(one.ID, hour.Add(59*time.Minute), myodai.EventMessageDeferred)
		told(one.ID, hour.Add(time.Hour), myodai.EventMessageExpired)
		told(two.ID, hour, myodai.EventMessageSuppressed, myodai.EventMessageDelivered)
		first := myodai.HourDeliveries{Hour: hour.UTC(), Delivered: 2, Deferred: 1, Bounced: 1}
		second := myodai.HourDeliveries{Hour: hour.Add(time.Hour).UTC(), Expired: 1}
		both := first
		both.Delivered, both.Suppressed = 3, 1
		for _, before := range []time.Time{hour, hour.Add(time.Hour), hour.Add(time.Hour), hour.Add(9 * time.Hour)} {
			compareHours(t, s, before, map[string]hoursCase{
				"one tenant":    {one.ID, hour, hour.Add(9 * time.Hour), []myodai.HourDeliveries{first, second}},
				"its neighbor":  {two.ID, hour, hour.Add(9 * time.Hour), []myodai.HourDeliveries{{Hour: hour.UTC(), Delivered: 1, Suppressed: 1}}},
				"all":           {"", hour, hour.Add(9 * time.Hour), []myodai.HourDeliveries{both, second}},
				"one hour only": {"", hour.Add(time.Minute), hour.Add(time.Hour), []myodai.HourDeliveries{both}},
			})
		}
	})
}

type hoursCase struct {
	tenant   myodai.TenantID
	from, to time.Time
	want     []myodai.HourDeliveries
}

// compareHours compares what became of deliveries, with the hours before an
// instant summed up.
func compareHours(t *testing.T, s *store.Store, before time.Time, cases map[string]hoursCase) {
	t.Helper()
	ok(t, s.SumDeliveryHours(t.Context(), before))
	for name, tt := range cases {
		got := must(s.DeliveryHours(t.Context(), tt.tenant, tt.from, tt.to))(t)
		for i := range got {
			got[i].Hour = got[i].Hour.UTC()
		}
		same(t, name, got, tt.want)
	}
}
