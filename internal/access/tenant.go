package access

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// CreateTenant takes on a customer.
func (s *Service) CreateTenant(ctx context.Context, name string) (myodai.Tenant, error) {
	name, err := myodai.ParseTenantName(name)
	if err != nil {
		return myodai.Tenant{}, err
	}
	now := time.Now()
	t := myodai.Tenant{
		ID: myodai.NewID[myodai.TenantID](now, s.random), Name: name,
		State: myodai.TenantActive, CreatedAt: now,
	}
	event := s.about(t.ID, myodai.EventTenantCreated, now)
	event.Data = map[string]any{"name": name}
	if err := s.store.CreateTenant(ctx, t, event); err != nil {
		return myodai.Tenant{}, err
	}
	return t, nil
}

// Suspend shuts a tenant out: its credentials stop working, here at once and on
// other nodes within five seconds (P31). Suspending twice changes nothing.
func (s *Service) Suspend(ctx context.Context, id myodai.TenantID) (myodai.Tenant, error) {
	return s.setState(ctx, id, myodai.TenantSuspended, myodai.EventTenantSuspended)
}

// Resume undoes Suspend.
func (s *Service) Resume(ctx context.Context, id myodai.TenantID) (myodai.Tenant, error) {
	return s.setState(ctx, id, myodai.TenantActive, myodai.EventTenantResumed)
}

func (s *Service) setState(ctx context.Context, id myodai.TenantID, state myodai.TenantState, kind myodai.EventKind) (myodai.Tenant, error) {
	now := time.Now()
	event := s.about(id, kind, now)
	t, err := s.store.UpdateTenant(ctx, id, func(t myodai.Tenant) (myodai.Tenant, []myodai.Event, error) {
		if t.State == state {
			return t, nil, nil
		}
		t.State = state
		return t, []myodai.Event{event}, nil
	})
	s.known.forget(id)
	return t, err
}

func (s *Service) about(id myodai.TenantID, kind myodai.EventKind, now time.Time) myodai.Event {
	return myodai.Event{
		ID: myodai.NewID[myodai.EventID](now, s.random), TenantID: id, Kind: kind, At: now,
	}
}
