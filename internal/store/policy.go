package store

import (
	"context"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// policyKnownFor is how long a policy is not read again. With a second to spare
// for a slow look-up, a change counts everywhere within five (P31).
const policyKnownFor = 3 * time.Second

// maxPolicies bounds the policies in memory.
const maxPolicies = 4096

// policies keeps effective policies for a moment. The zero value is ready.
type policies struct {
	mu   sync.Mutex
	kept map[myodai.TenantID]keptPolicy
}

type keptPolicy struct {
	policy myodai.Policy
	until  time.Time
}

func (p *policies) get(tenant myodai.TenantID, now time.Time) (myodai.Policy, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept, ok := p.kept[tenant]
	return kept.policy, ok && now.Before(kept.until)
}

func (p *policies) put(tenant myodai.TenantID, policy myodai.Policy, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil || len(p.kept) >= maxPolicies {
		p.kept = map[myodai.TenantID]keptPolicy{}
	}
	p.kept[tenant] = keptPolicy{policy, until}
}

func (p *policies) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = nil
}

// Policy is what counts for a tenant, or with "" for the platform where no
// tenant says otherwise: every field is said. It may be four seconds old, and
// must not be changed.
func (s *Store) Policy(ctx context.Context, tenant myodai.TenantID) (myodai.Policy, error) {
	now := time.Now()
	if policy, ok := s.policies.get(tenant, now); ok {
		return policy, nil
	}
	platform, err := s.OwnPolicy(ctx, "")
	if err != nil {
		return myodai.Policy{}, err
	}
	var override myodai.Policy
	if tenant != "" {
		if override, err = s.OwnPolicy(ctx, tenant); err != nil {
			return myodai.Policy{}, err
		}
	}
	policy := myodai.Effective(platform, override)
	s.policies.put(tenant, policy, now.Add(policyKnownFor))
	return policy, nil
}

// OwnPolicy is what has been said for a tenant, or for the platform with "", and
// nothing beneath it. The zero Policy says nothing.
func (s *Store) OwnPolicy(ctx context.Context, tenant myodai.TenantID) (myodai.Policy, error) {
	list, err := all(s.read(ctx), func(p *myodai.Policy) []any { return []any{document{p}} },
		`select policy from policies where tenant_id = $1`, tenant)
	if err != nil || len(list) == 0 {
		return myodai.Policy{}, wrap("read policy", err)
	}
	return list[0], nil
}

// SetPolicy replaces what was said for a tenant, or for the platform with "".
func (s *Store) SetPolicy(ctx context.Context, tenant myodai.TenantID, policy myodai.Policy, events ...myodai.Event) error {
	err := s.write(ctx, "set policy", func(q session) error {
		if tenant != "" {
			if _, err := q.tenant(tenant, ""); err != nil {
				return err
			}
		}
		_, err := q.exec(`
			insert into policies (tenant_id, policy) values ($1, $2)
			on conflict (tenant_id) do update set policy = excluded.policy`, tenant, document{policy})
		if err != nil {
			return err
		}
		return q.addEvents(events)
	})
	if err == nil {
		s.policies.drop()
	}
	return err
}
