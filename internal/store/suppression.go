package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

const suppressionColumns = `id, tenant_id, address_local, address_domain, class, reason, evidence, message_id, delivery_id, returned_id,
	batch, created_at, expires_at, probe_at, probe_after, probe, removed_at, removed`

func suppressionFields(s *myodai.Suppression) []any {
	return []any{
		&s.ID, &s.TenantID, &s.Address.Local, &s.Address.Domain, &s.Class, &s.Reason, &s.Evidence, &s.MessageID, &s.DeliveryID, &s.ReturnedID,
		&s.Batch, instant{&s.CreatedAt}, instant{&s.ExpiresAt}, instant{&s.ProbeAt}, span{&s.ProbeAfter}, &s.Probe, instant{&s.RemovedAt}, &s.Removed,
	}
}

// folded is an address in the form in which addresses are compared. RFC 5321
// §2.4 leaves the case of a local part to its host; hardly any host tells cases
// apart, and mailing somebody who bounced or complained costs more than not
// mailing a namesake.
func folded(a myodai.Address) string {
	return strings.ToLower(a.Local) + "@" + string(a.Domain)
}

// SuppressionFilter picks entries of a list.
type SuppressionFilter struct {
	Address myodai.Address           // zero for all
	Domain  myodai.Name              // of the addresses, "" for all
	Reason  myodai.SuppressionReason // "" for all
	Class   *myodai.ClassName        // nil for all; "" is those for all mail
	Batch   myodai.BatchID           // "" for all
	Removed bool                     // those that were taken off the list in place of those on it
}

func (f SuppressionFilter) where(args []any) (string, []any) {
	clauses := []string{"removed_at = 0"}
	if f.Removed {
		clauses[0] = "removed_at > 0"
	}
	add := func(column string, value any) {
		args = append(args, value)
		clauses = append(clauses, column+" = "+placeholders(len(args), 1))
	}
	if !f.Address.IsZero() {
		add("folded", folded(f.Address))
	}
	if f.Domain != "" {
		add("address_domain", f.Domain)
	}
	if f.Reason != "" {
		add("reason", f.Reason)
	}
	if f.Class != nil {
		add("class", *f.Class)
	}
	if f.Batch != "" {
		add("batch", f.Batch)
	}
	return strings.Join(clauses, " and "), args
}

// Suppressions lists a tenant's suppression list, oldest entry first.
func (s *Store) Suppressions(ctx context.Context, tenant myodai.TenantID, f SuppressionFilter, page myodai.Page) (list []myodai.Suppression, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	where, args := f.where([]any{tenant, after, page.Size() + 1})
	list, err = all(s.read(ctx), suppressionFields,
		`select `+suppressionColumns+` from suppressions where tenant_id = $1 and id > $2 and `+where+` order by id limit $3`, args...)
	if err != nil {
		return nil, "", wrap("list suppressions", err)
	}
	list, next = cut(list, page, func(s myodai.Suppression) string { return string(s.ID) })
	return list, next, nil
}

// Suppression reads an entry, also one that was taken off the list.
func (s *Store) Suppression(ctx context.Context, tenant myodai.TenantID, id myodai.SuppressionID) (myodai.Suppression, error) {
	entry, err := s.read(ctx).suppression(tenant, id, "")
	return entry, wrap("read suppression", err)
}

func (q session) suppression(tenant myodai.TenantID, id myodai.SuppressionID, lock string) (myodai.Suppression, error) {
	return one(q, absent("suppression", id), suppressionFields,
		`select `+suppressionColumns+` from suppressions where tenant_id = $1 and id = $2`+lock, tenant, id)
}

// Suppressed says which of the addresses the tenant must not send mail of the
// class to at the time now, by the address as it was asked for. The local part is
// compared without regard to case.
func (s *Store) Suppressed(ctx context.Context, tenant myodai.TenantID, class myodai.ClassName, list []myodai.Address, now time.Time) (
	map[myodai.Address]myodai.Suppression, error) {
	entries, err := s.onLists(ctx, tenant, list)
	if err != nil {
		return nil, wrap("read suppressions", err)
	}
	found := map[myodai.Address]myodai.Suppression{}
	for _, a := range list {
		if entry, ok := myodai.Standing(entries[folded(a)], class, now); ok {
			found[a] = entry
		}
	}
	return found, nil
}

// onLists reads the entries for addresses, by the folded one. One address alone,
// which is what most mail goes to, is looked up together with others'.
func (s *Store) onLists(ctx context.Context, tenant myodai.TenantID, list []myodai.Address) (map[string][]myodai.Suppression, error) {
	entries := map[string][]myodai.Suppression{}
	if len(list) == 1 {
		name := folded(list[0])
		some, _, err := s.listed.ask(ctx, listed{tenant, name}, s.listedOf)
		entries[name] = some
		return entries, err
	}
	q := s.read(ctx)
	for some := range slices.Chunk(list, maxParameters) {
		names := make([]string, len(some))
		for i, a := range some {
			names[i] = folded(a)
		}
		page, err := q.onList(tenant, names)
		if err != nil {
			return nil, err
		}
		for _, entry := range page {
			name := folded(entry.Address)
			entries[name] = append(entries[name], entry)
		}
	}
	return entries, nil
}

// listed is a folded address, asked about for a tenant.
type listed struct {
	tenant myodai.TenantID
	name   string
}

// listedOf reads the entries of several tenants' lists. Most addresses are on none,
// which the index alone says.
func (s *Store) listedOf(ctx context.Context, keys []listed) (map[listed][]myodai.Suppression, error) {
	args := make([]any, 0, 2*len(keys))
	for _, k := range keys {
		args = append(args, k.tenant, k.name)
	}
	q := s.read(ctx)
	found, err := all(q, func(k *listed) []any { return []any{&k.tenant, &k.name} },
		`with asked (of_tenant, of_name) as (values `+tuples(1, len(keys), "", "")+`)
		select tenant_id, folded from asked join suppressions on tenant_id = of_tenant and folded = of_name and removed_at = 0`, args...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	entries := map[listed][]myodai.Suppression{}
	for _, k := range found {
		if entries[k] != nil {
			continue // as of another class
		}
		if entries[k], err = q.onList(k.tenant, []string{k.name}); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// onList reads the entries on the list for folded addresses.
func (q session) onList(tenant myodai.TenantID, names []string) ([]myodai.Suppression, error) {
	args := []any{tenant}
	for _, name := range names {
		args = append(args, name)
	}
	return all(q, suppressionFields,
		`select `+suppressionColumns+` from suppressions
		  where tenant_id = $1 and removed_at = 0 and folded in (`+placeholders(2, len(names))+`)`, args...)
}
