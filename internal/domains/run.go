package domains

import (
	"context"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// The bounds of the check loop.
const (
	maxChecks   = 16              // probes under way on this node
	leaseTime   = 2 * time.Minute // longer than any probe may take
	pollPause   = time.Second     // between looks for due domains
	faultsPause = 5 * time.Second // after the store has failed
)

// Run checks domains when they are due, until ctx ends. Any number of nodes may
// do so at once: each domain is leased to one of them.
func (s *Service) Run(ctx context.Context) error {
	slots := make(chan struct{}, maxChecks)
	var checks sync.WaitGroup
	defer checks.Wait()
	for {
		pause := pollPause
		if err := s.checkDue(ctx, slots, &checks); err != nil && ctx.Err() == nil {
			s.Log.Error("claim domains", "err", err)
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

// checkDue starts a check of every domain that is due, as far as there are
// slots.
func (s *Service) checkDue(ctx context.Context, slots chan struct{}, checks *sync.WaitGroup) error {
	free := cap(slots) - len(slots)
	if free == 0 {
		return nil
	}
	now := time.Now()
	due, err := s.Store.ClaimDomains(ctx, free, now, now.Add(leaseTime))
	if err != nil {
		return err
	}
	for _, d := range due {
		slots <- struct{}{}
		checks.Go(func() {
			defer func() { <-slots }()
			s.checkDomain(ctx, d)
		})
	}
	return nil
}

func (s *Service) checkDomain(ctx context.Context, d myodai.Domain) {
	if _, err := s.check(ctx, d, nil, nil); err != nil && ctx.Err() == nil {
		s.Log.Error("check domain", "tenant", d.TenantID, "domain", d.Name, "err", err)
	}
}

// wakeChecks makes Run look at once instead of at its next tick.
func (s *Service) wakeChecks() {
	select {
	case s.due <- struct{}{}:
	default:
	}
}
