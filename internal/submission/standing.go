package submission

import (
	"context"
	"fmt"
	"slices"

	"github.com/myodai/myodai"
)

// Addresses is what submission needs to know of sender addresses.
type Addresses interface {
	// ConfirmedSender returns the tenant's sender address when it is confirmed by
	// itself; CodeNotFound when it is not, or there is none.
	ConfirmedSender(ctx context.Context, tenant myodai.TenantID, address myodai.Address) (myodai.SenderAddress, error)
}

// policy is what counts for a tenant. The platform's own mail needs no proof of
// a zone that we serve ourselves.
func (e *Engine) policy(ctx context.Context, tenant myodai.TenantID) (myodai.Policy, error) {
	p, err := e.o.Store.Policy(ctx, tenant)
	if err != nil {
		return p, fmt.Errorf("read policy: %w", err)
	}
	if tenant == myodai.PlatformTenant {
		p.Verification, p.Senders = myodai.VerifyDomain, nil
	}
	return p, nil
}

// way decides which way a tenant's mail of a class from an address goes now.
func (e *Engine) way(ctx context.Context, tenant myodai.TenantID, p myodai.Policy, c myodai.Class, from myodai.Address) (Way, error) {
	s, err := e.standing(ctx, tenant, p, from)
	if err != nil {
		return Way{}, err
	}
	return Decide(p, c, from, s, slices.Contains(e.o.Routes, myodai.NormalRoute)), nil
}

// standing finds out what is proved, as far as the policy makes it matter.
func (e *Engine) standing(ctx context.Context, tenant myodai.TenantID, p myodai.Policy, from myodai.Address) (s Standing, err error) {
	s.Domain, err = e.authorize(ctx, tenant, from.Domain)
	if refusal := refusalOf(err); refusal != nil && refusal.Code == myodai.CodeForbidden {
		s.Lacking = refusal.Message
		if s.Foreign, err = e.isForeign(ctx, tenant, from.Domain); err != nil {
			return s, fmt.Errorf("authorize: %w", err)
		}
	} else if err != nil {
		return s, faultOr("authorize", err)
	}
	if p.Verification == myodai.VerifyDomain || e.o.Addresses == nil {
		return s, nil
	}
	s.Sender, err = e.senders.ask(sender{tenant, from}, func() (myodai.SenderAddress, error) {
		return e.o.Addresses.ConfirmedSender(ctx, tenant, from)
	})
	if err != nil && !isNotFound(err) {
		return s, fmt.Errorf("read sender address: %w", err)
	}
	return s, nil
}

// isForeign reports whether the nearest verified domain at or above a name is
// only somebody else's.
func (e *Engine) isForeign(ctx context.Context, tenant myodai.TenantID, from myodai.Name) (bool, error) {
	owners, err := e.o.Store.SendingDomains(ctx, from.Ancestors())
	if err != nil {
		return false, err
	}
	owners = slices.DeleteFunc(owners, func(d myodai.Domain) bool { return d.TenantID == tenant })
	return len(owners) > 0, nil
}

// platform is the platform's own domain, by which it signs and takes bounces.
func (e *Engine) platform(ctx context.Context) (myodai.Domain, error) {
	d, err := e.authorize(ctx, myodai.PlatformTenant, e.o.Own.Address.Domain)
	if err != nil {
		return d, fmt.Errorf("the platform's own domain: %w", err)
	}
	return d, nil
}
