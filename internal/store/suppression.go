package store

import (
	"context"
	"slices"
	"strings"

	"github.com/myodai/myodai"
)

const suppressionColumns = `id, tenant_id, address_local, address_domain, reason, evidence, message_id, created_at`

func suppressionFields(s *myodai.Suppression) []any {
	return []any{
		&s.ID, &s.TenantID, &s.Address.Local, &s.Address.Domain, &s.Reason, &s.Evidence, &s.MessageID, instant{&s.CreatedAt},
	}
}

// folded is an address in the form in which addresses are compared. RFC 5321
// §2.4 leaves the case of a local part to its host; hardly any host tells cases
// apart, and mailing somebody who bounced or complained costs more than not
// mailing a namesake.
func folded(a myodai.Address) string {
	return strings.ToLower(a.Local) + "@" + string(a.Domain)
}

// addSuppression adds an entry, unless its address is on the list already.
func (q session) addSuppression(s myodai.Suppression) (added bool, err error) {
	n, err := q.exec(`
		insert into suppressions (`+suppressionColumns+`, folded)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (tenant_id, folded) do nothing`,
		s.ID, s.TenantID, s.Address.Local, s.Address.Domain, s.Reason, s.Evidence, s.MessageID, s.CreatedAt, folded(s.Address))
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
	return slices.DeleteFunc(slices.Clone(events), func(e myodai.Event) bool {
		return e.Kind == myodai.EventSuppressionAdded
	}), nil
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

// Suppressed says which of the addresses are on the tenant's list, by the
// address as it was asked for. The local part is compared without regard to
// case.
func (s *Store) Suppressed(ctx context.Context, tenant myodai.TenantID, list []myodai.Address) (map[myodai.Address]myodai.Suppression, error) {
	entries := map[string]myodai.Suppression{}
	for some := range slices.Chunk(list, maxParameters) {
		args := []any{tenant}
		for _, a := range some {
			args = append(args, folded(a))
		}
		page, err := all(s.read(ctx), suppressionFields,
			`select `+suppressionColumns+` from suppressions
			  where tenant_id = $1 and folded in (`+placeholders(2, len(some))+`)`, args...)
		if err != nil {
			return nil, wrap("read suppressions", err)
		}
		for _, entry := range page {
			entries[folded(entry.Address)] = entry
		}
	}
	found := map[myodai.Address]myodai.Suppression{}
	for _, a := range list {
		if entry, ok := entries[folded(a)]; ok {
			found[a] = entry
		}
	}
	return found, nil
}

// Suppressions lists a tenant's suppression list, oldest entry first.
func (s *Store) Suppressions(ctx context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.Suppression, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	list, err = all(s.read(ctx), suppressionFields,
		`select `+suppressionColumns+` from suppressions where tenant_id = $1 and id > $2 order by id limit $3`,
		tenant, after, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list suppressions", err)
	}
	list, next = cut(list, page, func(s myodai.Suppression) string { return string(s.ID) })
	return list, next, nil
}

// RemoveSuppression takes an entry off its tenant's list, so that the address
// is mailed again.
func (s *Store) RemoveSuppression(ctx context.Context, tenant myodai.TenantID, id myodai.SuppressionID, events ...myodai.Event) error {
	return s.write(ctx, "remove suppression", func(q session) error {
		n, err := q.exec(`delete from suppressions where tenant_id = $1 and id = $2`, tenant, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return myodai.Refuse(myodai.CodeNotFound, "", "%s", absent("suppression", id))
		}
		return q.addEvents(events)
	})
}
