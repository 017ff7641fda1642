package store

import (
	"context"
	"fmt"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// bumpSerial tells that what we publish has changed. It comes last in a
// transaction, where it can, because everybody waits for this one row.
func (q session) bumpSerial() error {
	_, err := q.exec(`update zone set serial = serial + 1`)
	return err
}

// published is the part of a domain that may show in our zone. Checks change
// the rest all the time.
func published(d myodai.Domain) string {
	return fmt.Sprintf("%s %s %s %t %s %v", d.State, d.Shape, d.ReturnPath, d.RootSPF, d.ReportAddress, d.Shapes)
}

// ZoneSerial is the serial number of our zone. It grows with every change of a
// domain or key that may show there, in the same transaction, and wraps as
// RFC 1982 has it.
func (s *Store) ZoneSerial(ctx context.Context) (uint32, error) {
	serial, err := one(s.read(ctx), "the zone has no serial", only[int64], `select serial from zone`)
	if err != nil {
		return 0, wrap("read zone serial", err)
	}
	return uint32(serial & 0xffffffff), nil // #nosec G115 -- masked to 32 bits
}

// PublishedDomains lists all tenants' domains with their keys: what our zone is
// made of. It is one consistent view.
func (s *Store) PublishedDomains(ctx context.Context) ([]plan.Published, error) {
	type line struct {
		domain myodai.Domain
		key    myodai.Key
	}
	lines, err := all(s.read(ctx), func(l *line) []any {
		return append(domainFields(&l.domain), keyFields(&l.key)...)
	}, `
		select d.id, d.tenant_id, d.name, d.state, d.token, d.shape, d.shapes, d.return_path, d.root_spf, d.report_address,
		       d.registered_at, d.verified_at, d.at_risk_at, d.failed_checks, d.notices, d.checked_at, d.next_check_at, d.changed_at,
		       d.planned_at, d.entered_at, d.connected_at, d.cause, d.default_from,
		       coalesce(k.id, ''), d.tenant_id, d.id, coalesce(k.selector, ''), coalesce(k.algorithm, ''),
		       coalesce(k.public, ''), coalesce(k.state, ''), coalesce(k.created_at, 0)
		  from domains d left join dkim_keys k on k.tenant_id = d.tenant_id and k.domain_id = d.id
		 where d.deleted_at = 0 and d.id <> $1
		 order by d.id, k.id`, myodai.PlatformDomain)
	if err != nil {
		return nil, wrap("read published domains", err)
	}
	list := []plan.Published{}
	for _, l := range lines {
		if len(list) == 0 || list[len(list)-1].Domain.ID != l.domain.ID {
			list = append(list, plan.Published{Domain: l.domain})
		}
		if last := &list[len(list)-1]; l.key.ID != "" {
			last.Keys = append(last.Keys, l.key)
		}
	}
	return list, nil
}
