package domains

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// The bounds of the check loops.
const (
	maxChecks   = 16              // probes of a loop under way on this node
	leaseTime   = 2 * time.Minute // longer than any probe may take
	pollPause   = time.Second     // between looks for what is due
	faultsPause = 5 * time.Second // after the store has failed
)

// Run checks domains when they are due, until ctx ends. Any number of nodes may
// do so at once: each domain is leased to one of them.
func (s *Service) Run(ctx context.Context) error {
	return rounds[myodai.Domain]{what: "domains", claim: s.Store.ClaimDomains, check: s.checkDomain, due: s.due, log: s.Log}.run(ctx)
}

func (s *Service) checkDomain(ctx context.Context, d myodai.Domain) {
	if _, err := s.check(ctx, d, nil, nil); err != nil && ctx.Err() == nil {
		s.Log.Error("check domain", "tenant", d.TenantID, "domain", d.Name, "err", err)
	}
}

// Run checks tracking domains when they are due, as Service.Run checks domains.
func (s *Tracking) Run(ctx context.Context) error {
	return rounds[myodai.TrackingDomain]{what: "tracking domains", claim: s.Store.ClaimTracking, check: s.checkOne, due: s.due, log: s.Log}.run(ctx)
}

func (s *Tracking) checkOne(ctx context.Context, t myodai.TrackingDomain) {
	if _, _, err := s.check(ctx, t, false, nil); err != nil && ctx.Err() == nil {
		s.Log.Error("check tracking domain", "tenant", t.TenantID, "domain", t.Name, "err", err)
	}
}

// rounds look for what is due and check it, many at a time.
type rounds[T any] struct {
	what  string // for the log
	claim func(ctx context.Context, limit int, now, until time.Time) ([]T, error)
	check func(context.Context, T)
	due   bell
	log   *slog.Logger
}

func (r rounds[T]) run(ctx context.Context) error {
	slots := make(chan struct{}, maxChecks)
	var checks sync.WaitGroup
	defer checks.Wait()
	for {
		pause := pollPause
		if err := r.begin(ctx, slots, &checks); err != nil && ctx.Err() == nil {
			r.log.Error("claim "+r.what, "err", err)
			pause = faultsPause
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.due:
		case <-time.After(pause):
		}
	}
}

// begin starts a check of everything that is due, as far as there are slots.
func (r rounds[T]) begin(ctx context.Context, slots chan struct{}, checks *sync.WaitGroup) error {
	free := cap(slots) - len(slots)
	if free == 0 {
		return nil
	}
	now := time.Now()
	due, err := r.claim(ctx, free, now, now.Add(leaseTime))
	if err != nil {
		return err
	}
	for _, d := range due {
		slots <- struct{}{}
		checks.Go(func() {
			defer func() { <-slots }()
			r.check(ctx, d)
		})
	}
	return nil
}

// bell makes rounds look at once instead of after their pause.
type bell chan struct{}

func newBell() bell { return make(bell, 1) }

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}
