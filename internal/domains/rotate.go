package domains

import (
	"context"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// minKeyAge is how long a replaced key must have been published before it may
// sign: our TTL, and a day for caches that keep names longer (T25).
const minKeyAge = 25 * time.Hour

// Rotate puts the standby key of each algorithm into service and retires the
// one that signed. Where none stands by, a new one is made under the retired
// selector, to be rotated to a day later: an alias in the tenant's DNS then
// leads to it without anybody's help, a TXT record has to be published anew.
func (s *Service) Rotate(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID) ([]myodai.Key, error) {
	d, err := s.Store.Domain(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	p, err := s.Plan(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	o := s.Prober.Probe(ctx, d.Name, func(o myodai.Observation) []myodai.Question { return plan.Questions(p, o) })
	records := plan.Compare(p, o)
	now := time.Now()
	keys, err := s.Store.UpdateKeys(ctx, tenant, id, func(keys []myodai.Key) ([]myodai.Key, []myodai.NewKey, []myodai.Event, error) {
		return s.rotate(d, keys, records, now)
	})
	if err != nil {
		return nil, err
	}
	s.Wake()
	return keys, nil
}

// rotate decides about all keys of a domain at once: they change together or
// not at all.
func (s *Service) rotate(d myodai.Domain, keys []myodai.Key, records []myodai.RecordCheck, now time.Time) (
	keep []myodai.Key, add []myodai.NewKey, events []myodai.Event, err error) {
	standby := map[myodai.KeyAlgorithm]myodai.Key{}
	for _, k := range keys {
		if k.State == myodai.KeyStandby {
			standby[k.Algorithm] = k
		}
	}
	for _, k := range keys {
		next, ready := standby[k.Algorithm]
		switch {
		case ready && k.State == myodai.KeyStandby:
			if err := mayActivate(d, k, records, now); err != nil {
				return nil, nil, nil, err
			}
			k.State = myodai.KeyActive
			events = append(events, s.event(myodai.EventKeyRotated, d, now, map[string]any{"selector": next.Selector, "algorithm": next.Algorithm}))
		case ready && k.State == myodai.KeyActive:
			k.State = myodai.KeyRetired
		case !ready && k.State == myodai.KeyRetired:
			fresh, err := s.newKey(d, k.Algorithm, k.Selector, myodai.KeyStandby, now)
			if err != nil {
				return nil, nil, nil, err
			}
			add = append(add, fresh)
			continue
		}
		keep = append(keep, k)
	}
	return keep, add, events, nil
}

// mayActivate refuses a standby key that receivers could not find yet.
func mayActivate(d myodai.Domain, k myodai.Key, records []myodai.RecordCheck, now time.Time) error {
	if replaced := k.CreatedAt.After(d.RegisteredAt); replaced && now.Sub(k.CreatedAt) < minKeyAge {
		return myodai.Refuse(myodai.CodeConflict, "",
			"the key under selector %s was replaced at %s and must be public for a day before it signs; try again after %s",
			k.Selector, k.CreatedAt.UTC().Format(time.DateTime), k.CreatedAt.Add(minKeyAge).UTC().Format(time.DateTime))
	}
	owner := d.Name.Child(k.Selector + "._domainkey")
	for _, r := range records {
		if r.Name == owner && r.Status != myodai.StatusAsPlanned {
			return myodai.Refuse(myodai.CodeConflict, "",
				"the record %s of the standby key is not as planned, so receivers could not verify it; publish it first", owner)
		}
	}
	return nil
}
