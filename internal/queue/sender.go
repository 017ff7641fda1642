package queue

import (
	"context"
	"fmt"
	"slices"

	"github.com/myodai/myodai"
)

// MaySend checks that delivery d of the message in s may be sent now: that its
// tenant is active, and that what entitled the message to its From when it was
// accepted still does. It refuses with a sentence for the tenant.
//
// Acceptance has checked this too. Between then and now lie up to five days, a
// restore, or a bug of ours, so the last line before the socket relies on nothing
// that came before (P23).
func MaySend(d myodai.Delivery, s myodai.Sending) error {
	m, domain, tenant := s.Message, s.Domain, s.Tenant
	without := m.DomainID == "" && domain.ID == myodai.PlatformDomain
	owned := m.DomainID == domain.ID && domain.TenantID == tenant.ID
	if d.MessageID != m.ID || d.TenantID != tenant.ID || m.TenantID != tenant.ID || !without && !owned {
		return fmt.Errorf("delivery %s, message %s, domain %s and tenant %s do not belong together", d.ID, m.ID, domain.ID, tenant.ID)
	}
	switch {
	case tenant.State != myodai.TenantActive:
		return myodai.Refuse(myodai.CodeForbidden, "", "the account is suspended")
	case !domain.CanSend():
		return myodai.Refuse(myodai.CodeForbidden, "", "the domain %s is %s; publish its records and check it again", domain.Name, domain.State)
	case without:
		if err := maySendWithoutDomain(d, s); err != nil {
			return err
		}
	case !m.From.Domain.Under(domain.Name):
		return myodai.Refuse(myodai.CodeForbidden, "", "the author %s is not of the domain %s", m.From, domain.Name)
	case d.ReturnPath.IsZero() && tenant.ID == myodai.PlatformTenant:
		return nil
	}
	if !d.ReturnPath.Domain.Under(domain.Name) {
		return myodai.Refuse(myodai.CodeForbidden, "", "the return path %s is not of the domain %s", d.ReturnPath, domain.Name)
	}
	return nil
}

// maySendWithoutDomain checks what a message rests on that has no domain of its
// tenant; s.Domain is the platform's.
func maySendWithoutDomain(d myodai.Delivery, s myodai.Sending) error {
	m := s.Message
	switch m.Basis {
	case myodai.BasisAddress: // exactly that address, and nothing below or beside it (T12)
		if s.Address.ID != m.SenderID || m.SenderID == "" || !s.Address.Confirmed() || s.Address.Address != m.From {
			return myodai.Refuse(myodai.CodeForbidden, "", "the address %s is not confirmed anymore; confirm it again", m.From)
		}
		if !s.Address.CarriesAlone() {
			return myodai.Refuse(myodai.CodeForbidden, "", "the domain of %s asks receivers by DMARC (p=%s) not to accept mail that it did not sign; verify the domain", m.From, s.Address.Look.Policy)
		}
		return nil
	case myodai.BasisPlatform:
		if m.From.Domain == s.Domain.Name {
			return nil
		}
	case myodai.BasisNormal:
		if d.Route == myodai.RouteNormal {
			return nil
		}
	}
	return myodai.Refuse(myodai.CodeForbidden, "", "nothing entitles this message to its author %s", m.From)
}

// load is JobItem.Load for the delivery with the given index.
func (j *job) load(i int) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		wire, err := j.read(ctx, i)
		j.away[i] = isAway(err)
		return wire, err
	}
}

// read checks that a delivery may be sent, and reads its message. What is not signed
// yet is signed, once in a job: whichever server takes it, and whenever, the octets
// are the same.
func (j *job) read(ctx context.Context, i int) ([]byte, error) {
	d, with := j.list[i], j.queue.with
	s, err := with.Store.Sending(ctx, d.MessageID)
	if err != nil {
		return nil, fmt.Errorf("look up what entitles %s: %w", d.MessageID, err)
	}
	if err := MaySend(d, s); err != nil {
		return nil, err
	}
	body, signed, err := with.Store.Body(ctx, d.TenantID, d.MessageID)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the body of %s: %w", d.MessageID, err)
	case signed:
		return body, nil
	case with.Sign == nil:
		return nil, fmt.Errorf("%s is not signed, and nobody here signs", d.MessageID)
	}
	if j.signatures[i] == nil {
		if j.signatures[i], err = with.Sign(ctx, s, body); err != nil {
			return nil, fmt.Errorf("sign %s: %w", d.MessageID, err)
		}
	}
	return slices.Concat(j.signatures[i], body), nil
}
