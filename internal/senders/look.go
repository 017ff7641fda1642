package senders

import (
	"context"
	"errors"
	"time"

	"github.com/myodai/myodai"
)

// The bounds of looking again at what confirmed addresses rest on.
const (
	lookBatch = 50              // addresses at a time
	lookLease = 5 * time.Minute // longer than a batch may take to be looked at
)

// lookAgain looks at the domains of confirmed addresses that are due at now, and
// says how many those were. Whoever agreed once cannot see that the domain's
// owner has published since that receivers are to turn such mail away.
func (s *Service) lookAgain(ctx context.Context, now time.Time) (int, error) {
	due, err := s.o.Store.ClaimSenderLooks(ctx, lookBatch, now, now.Add(lookLease))
	if err != nil {
		return 0, err
	}
	for _, a := range due {
		policy, known, err := s.hindrance(ctx, a)
		if err != nil {
			return len(due), err
		}
		_, err = s.o.Store.UpdateSender(ctx, a.TenantID, a.ID, func(is myodai.SenderAddress) (myodai.SenderAddress, []myodai.Event, error) {
			if is.Address != a.Address || !is.Confirmed() {
				return is, nil, nil // changed while we looked
			}
			look, kind := is.Look.Advance(policy, known, now)
			is.Look = look
			if kind == "" {
				return is, nil, nil
			}
			return is, []myodai.Event{s.event(is, kind, now, map[string]any{"domain": string(is.Address.Domain), "dmarc": policy})}, nil
		})
		if err != nil && !isNotFound(err) { // deleted while we looked
			return len(due), err
		}
	}
	return len(due), nil
}

// hindrance is the DMARC policy by which receivers turn mail from the address
// away, "" for none; a verified domain of the tenant signs, so then there is
// none. known is false when nobody answered.
func (s *Service) hindrance(ctx context.Context, a myodai.SenderAddress) (policy string, known bool, err error) {
	_, err = s.o.Owner(ctx, a.TenantID, a.Address.Domain)
	refusal, _ := errors.AsType[*myodai.Error](err)
	switch {
	case err == nil:
		return "", true, nil
	case refusal == nil || refusal.Code != myodai.CodeForbidden:
		return "", false, err
	}
	asks, asked := s.dmarc(ctx, a.Address.Domain)
	if asks == KnownYes {
		return string(asked), true, nil
	}
	return "", asks == KnownNo, nil
}
