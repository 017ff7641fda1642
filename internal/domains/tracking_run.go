package domains

import (
	"context"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// Run checks tracking domains when they are due, until ctx ends. Any number of
// nodes may do so at once: each tracking domain is leased to one of them.
func (s *Tracking) Run(ctx context.Context) error {
	slots := make(chan struct{}, maxChecks)
	var checks sync.WaitGroup
	defer checks.Wait()
	for {
		pause := pollPause
		if err := s.checkDue(ctx, slots, &checks); err != nil && ctx.Err() == nil {
			s.Log.Error("claim tracking domains", "err", err)
			pause = faultsPause
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.due:
		case <-time.After(pause):
		}
	}
}

func (s *Tracking) checkDue(ctx context.Context, slots chan struct{}, checks *sync.WaitGroup) error {
	free := cap(slots) - len(slots)
	if free == 0 {
		return nil
	}
	now := time.Now()
	due, err := s.Store.ClaimTracking(ctx, free, now, now.Add(leaseTime))
	if err != nil {
		return err
	}
	for _, t := range due {
		slots <- struct{}{}
		checks.Go(func() {
			defer func() { <-slots }()
			s.checkOne(ctx, t)
		})
	}
	return nil
}

func (s *Tracking) checkOne(ctx context.Context, t myodai.TrackingDomain) {
	if _, _, err := s.check(ctx, t, false, nil); err != nil && ctx.Err() == nil {
		s.Log.Error("check tracking domain", "tenant", t.TenantID, "domain", t.Name, "err", err)
	}
}
