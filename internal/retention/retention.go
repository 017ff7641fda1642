package retention

import (
	"context"
	"log/slog"
	"time"

	"github.com/myodai/myodai"
)

// Store is what the room needs of the store. What is purged is removed in the
// order of its age, up to max at a time; n below max means that it is done.
type Store interface {
	// ClaimPurges hands out tenants to be looked at, and puts the next look off.
	ClaimPurges(ctx context.Context, now, next time.Time, max int) ([]myodai.TenantID, error)
	Policy(ctx context.Context, tenant myodai.TenantID) (myodai.Policy, error)
	PurgeBodies(ctx context.Context, tenant myodai.TenantID, before time.Time, max int) (n int, err error)
	PurgeMessages(ctx context.Context, tenant myodai.TenantID, before time.Time, max int) (n int, err error)
	PurgeEvents(ctx context.Context, tenant myodai.TenantID, before time.Time, max int) (n int, err error)
	PurgeIdempotency(ctx context.Context, tenant myodai.TenantID, now time.Time, max int) (n int, err error)
}

// The pace: a tenant is looked at every hour, in pieces that hold nobody up.
const (
	look    = time.Minute
	again   = time.Hour
	tenants = 100
	batch   = 200
	breath  = 10 * time.Millisecond // between pieces, for those who submit
)

// Service removes what is old. Make one with New.
type Service struct {
	store    Store
	believes func() bool
	log      *slog.Logger
}

// New makes a service. believes reports whether the clock is to be believed now: a
// clock that jumps would let young mail look old.
func New(store Store, believes func() bool, log *slog.Logger) *Service {
	return &Service{store, believes, log}
}

// Run removes what is old until ctx ends. Any number of nodes may do so at once:
// each tenant is taken by one of them.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	failing := false
	for {
		if s.believes() {
			err := s.purge(ctx, time.Now())
			if err != nil && ctx.Err() == nil && !failing {
				s.log.ErrorContext(ctx, "remove what is old", "err", err)
			}
			failing = err != nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (s *Service) purge(ctx context.Context, now time.Time) error {
	list, err := s.store.ClaimPurges(ctx, now, now.Add(again), tenants)
	for _, tenant := range list {
		if err == nil {
			err = s.tenant(ctx, tenant, now)
		}
	}
	return err
}

// tenant removes what is old of one tenant.
func (s *Service) tenant(ctx context.Context, tenant myodai.TenantID, now time.Time) error {
	policy, err := s.store.Policy(ctx, tenant)
	if err != nil {
		return err
	}
	bodies, records := now.Add(-time.Duration(policy.KeepBodies)), now.Add(-time.Duration(policy.KeepRecords))
	for _, step := range []struct {
		before time.Time
		purge  func(context.Context, myodai.TenantID, time.Time, int) (int, error)
	}{
		{bodies, s.store.PurgeBodies}, {records, s.store.PurgeMessages}, {records, s.store.PurgeEvents}, {now, s.store.PurgeIdempotency},
	} {
		for n := batch; n == batch; {
			if n, err = step.purge(ctx, tenant, step.before, batch); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(breath):
			}
		}
	}
	return nil
}
