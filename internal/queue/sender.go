package queue

import (
	"context"
	"fmt"

	"github.com/myodai/myodai"
)

// MaySend checks that delivery d of message m may be sent now: that its tenant
// is active and its domain may send, and that the author and the return path
// are of that domain. It refuses with a sentence for the tenant.
//
// Acceptance has checked this too. Between then and now lie up to five days, a
// restore, or a bug of ours, so the last line before the socket relies on nothing
// that came before (P23).
func MaySend(d myodai.Delivery, m myodai.Message, domain myodai.Domain, tenant myodai.Tenant) error {
	if d.MessageID != m.ID || d.TenantID != tenant.ID || m.TenantID != tenant.ID || domain.TenantID != tenant.ID || m.DomainID != domain.ID {
		return fmt.Errorf("delivery %s, message %s, domain %s and tenant %s do not belong together", d.ID, m.ID, domain.ID, tenant.ID)
	}
	switch {
	case tenant.State != myodai.TenantActive:
		return myodai.Refuse(myodai.CodeForbidden, "", "the account is suspended")
	case !domain.CanSend():
		return myodai.Refuse(myodai.CodeForbidden, "", "the domain %s is %s; publish its records and check it again", domain.Name, domain.State)
	case !m.From.Domain.Under(domain.Name):
		return myodai.Refuse(myodai.CodeForbidden, "", "the author %s is not of the domain %s", m.From, domain.Name)
	case d.ReturnPath.IsZero() && tenant.ID == myodai.PlatformTenant:
		return nil
	case !d.ReturnPath.Domain.Under(domain.Name):
		return myodai.Refuse(myodai.CodeForbidden, "", "the return path %s is not of the domain %s", d.ReturnPath, domain.Name)
	}
	return nil
}

// load is JobItem.Load for one delivery.
func (q *Queue) load(d myodai.Delivery) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		m, domain, tenant, err := q.with.Store.Sender(ctx, d.MessageID)
		if err != nil {
			return nil, fmt.Errorf("look up the sender of %s: %w", d.MessageID, err)
		}
		if err := MaySend(d, m, domain, tenant); err != nil {
			return nil, err
		}
		body, err := q.with.Store.Body(ctx, d.TenantID, d.MessageID)
		if err != nil {
			return nil, fmt.Errorf("read the body of %s: %w", d.MessageID, err)
		}
		return body, nil
	}
}
