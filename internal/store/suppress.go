package store

import (
	"context"
	"slices"
	"time"

	"github.com/myodai/myodai"
)

// addSuppression adds an entry. One that is on the list for the same address and
// class stays, unless the new one outlasts it: then the old one is taken off.
func (q session) addSuppression(s myodai.Suppression) (added bool, err error) {
	if added, err = q.insertSuppression(s); err != nil || added {
		return added, err
	}
	list, err := q.onList(s.TenantID, []string{folded(s.Address)})
	if err != nil {
		return false, err
	}
	for _, old := range list {
		if old.Class != s.Class || old.Outlasts(s, s.CreatedAt) {
			continue
		}
		if _, err := q.takeOff(old, s.CreatedAt, "replaced by "+string(s.ID)); err != nil {
			return false, err
		}
		return q.insertSuppression(s)
	}
	return false, nil
}

var suppressionNames = []string{
	"id", "tenant_id", "address_local", "address_domain", "folded", "class", "reason", "evidence", "message_id", "delivery_id",
	"returned_id", "batch", "created_at", "expires_at", "probe_at", "probe_after", "probe", "removed_at", "removed",
}

func (q session) insertSuppression(s myodai.Suppression) (added bool, err error) {
	n, err := q.exec(`
		insert into suppressions (id, tenant_id, address_local, address_domain, folded, class, reason, evidence, message_id, delivery_id,
		       returned_id, batch, created_at, expires_at, probe_at, probe_after, probe, removed_at, removed)
		values (`+placeholders(1, len(suppressionNames))+`) on conflict (tenant_id, folded, class) where removed_at = 0 do nothing`,
		s.ID, s.TenantID, s.Address.Local, s.Address.Domain, folded(s.Address), s.Class, s.Reason, s.Evidence, s.MessageID, s.DeliveryID,
		s.ReturnedID, s.Batch, s.CreatedAt, s.ExpiresAt, s.ProbeAt, s.ProbeAfter.Microseconds(), s.Probe, s.RemovedAt, s.Removed)
	return n == 1, err
}

// suppress adds the entry that an outcome gave rise to, if any, and returns the
// events to be written with it. An address that is on the list already stays as
// it is, and then no event may say that it was added.
func (q session) suppress(s *myodai.Suppression, events []myodai.Event) ([]myodai.Event, error) {
	if s == nil {
		return events, nil
	}
	added, err := q.addSuppression(*s)
	if err != nil || added {
		return events, err
	}
	return without(events, myodai.EventSuppressionAdded), nil
}

// AddSuppression puts an address on its tenant's list. It is a conflict when it
// is there already.
func (s *Store) AddSuppression(ctx context.Context, entry myodai.Suppression, events ...myodai.Event) error {
	return s.write(ctx, "add suppression", func(q session) error {
		added, err := q.addSuppression(entry)
		if err != nil {
			return err
		}
		if !added {
			return myodai.Refuse(myodai.CodeConflict, "address", "%s is suppressed already", entry.Address)
		}
		return q.addEvents(events)
	})
}

// AddSuppressions adds entries to the tenant's list in one transaction, except
// for those whose address is on it for as long, and writes the events that tell
// makes of how many there were. Entries of other tenants are a fault.
func (s *Store) AddSuppressions(ctx context.Context, tenant myodai.TenantID, list []myodai.Suppression, tell func(added int) []myodai.Event) (added int, err error) {
	err = s.write(ctx, "add suppressions", func(q session) error {
		added = 0
		for _, entry := range list {
			entry.TenantID = tenant
			is, err := q.addSuppression(entry)
			if err != nil {
				return err
			}
			if is {
				added++
			}
		}
		return q.addEvents(tell(added))
	})
	return added, err
}

// takeOff takes an entry off the list; it is kept.
func (q session) takeOff(entry myodai.Suppression, at time.Time, why string) (gone bool, err error) {
	n, err := q.exec(`update suppressions set removed_at = $3, removed = $4 where tenant_id = $1 and id = $2 and removed_at = 0`,
		entry.TenantID, entry.ID, at, why)
	return n == 1, err
}

// Removal says when, by whom and to what effect an entry is taken off a list.
type Removal struct {
	At time.Time
	By string
	// Released makes the event of a delivery that was held for the entry, and is
	// sent now; nil for none.
	Released func(myodai.Delivery) myodai.Event
}

// RemoveSuppression takes an entry off its tenant's list, so that the address is
// mailed again, and lets go of what was held for it. It says how many deliveries
// those were.
func (s *Store) RemoveSuppression(ctx context.Context, tenant myodai.TenantID, id myodai.SuppressionID, r Removal,
	events ...myodai.Event) (held int, err error) {
	err = s.write(ctx, "remove suppression", func(q session) error {
		entry, err := q.suppression(tenant, id, q.dialect.forUpdate)
		if err != nil {
			return err
		}
		gone, err := q.takeOff(entry, r.At, r.By)
		if err != nil {
			return err
		}
		if !gone {
			return myodai.Refuse(myodai.CodeNotFound, "", "%s", absent("suppression", id))
		}
		list, err := q.letGo(entry, r.At)
		if err != nil {
			return err
		}
		held = len(list)
		told := slices.Clone(events)
		for _, d := range list {
			if r.Released != nil {
				told = append(told, r.Released(d))
			}
		}
		return q.addEvents(told)
	})
	return held, err
}

// PutBackSuppression undoes RemoveSuppression: the entry counts again as it did.
// It is a conflict when it is on the list, or another entry is in its place.
func (s *Store) PutBackSuppression(ctx context.Context, tenant myodai.TenantID, id myodai.SuppressionID, events ...myodai.Event) error {
	return s.write(ctx, "put suppression back", func(q session) error {
		entry, err := q.suppression(tenant, id, q.dialect.forUpdate)
		if err != nil {
			return err
		}
		list, err := q.onList(tenant, []string{folded(entry.Address)})
		if err != nil {
			return err
		}
		for _, other := range list {
			if other.Class == entry.Class {
				return myodai.Refuse(myodai.CodeConflict, "", "%s is suppressed already", entry.Address)
			}
		}
		if _, err := q.exec(`update suppressions set removed_at = 0, removed = '' where tenant_id = $1 and id = $2`, tenant, id); err != nil {
			return err
		}
		return q.addEvents(events)
	})
}

// RemoveBatch takes what is left of a batch off the tenant's list, in parts, each
// with the events that tell makes of it.
func (s *Store) RemoveBatch(ctx context.Context, tenant myodai.TenantID, batch myodai.BatchID, at time.Time, by string,
	tell func(removed int) []myodai.Event) (removed int, err error) {
	const part = 5000
	for {
		var n int64
		err := s.write(ctx, "remove batch", func(q session) (err error) {
			n, err = q.exec(`
				update suppressions set removed_at = $3, removed = $4
				 where id in (select id from suppressions where tenant_id = $1 and batch = $2 and batch <> '' and removed_at = 0 limit $5)`,
				tenant, batch, at, by, part)
			if err != nil {
				return err
			}
			return q.addEvents(tell(int(n)))
		})
		removed += int(n)
		if err != nil || n < part {
			return removed, err
		}
	}
}
