package main

import (
	"context"
	"time"
)

// How the platform's hours are summed up: so long after they are over that
// nothing is told of them any more.
const (
	hoursPause = 10 * time.Minute
	hoursOver  = 24 * time.Hour
)

// sumHours sums up what became of deliveries over all tenants, until ctx ends.
func (s *server) sumHours(ctx context.Context) error {
	tick := time.NewTicker(hoursPause)
	defer tick.Stop()
	for {
		if err := s.store.SumDeliveryHours(ctx, time.Now().Add(-hoursOver)); err != nil && ctx.Err() == nil {
			s.log.Error("sum up hours", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
