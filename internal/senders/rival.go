package senders

import (
	"context"
	"errors"

	"github.com/myodai/myodai"
)

// taken reports whether another tenant is verified with the address, to which it
// then belongs (E3): confirmed by mail, or registered by a tenant whose verified
// domain is all that its policy wants. Of two who have it by their domain it is
// the one's that registered first; own is the asking tenant's, zero for none.
//
// It is asked, and told, only where the asking tenant has proved the address,
// too: nobody else learns who has an address here (T14).
func (s *Service) taken(ctx context.Context, tenant myodai.TenantID, own myodai.SenderAddress, address myodai.Address) (bool, error) {
	if own.Confirmed() {
		return false, nil
	}
	rivals, err := s.o.Store.SenderRivals(ctx, tenant, address)
	if err != nil {
		return false, err
	}
	for _, r := range rivals {
		if r.Confirmed() {
			return true, nil
		}
		if own.ID != "" && own.ID < r.ID {
			continue
		}
		p, err := s.o.Store.Policy(ctx, r.TenantID)
		if err != nil {
			return false, err
		}
		if p.Verification != myodai.VerifyDomain && p.Verification != myodai.VerifyEither {
			continue
		}
		_, err = s.o.Owner(ctx, r.TenantID, address.Domain)
		if err == nil {
			return true, nil
		}
		if refusal, ok := errors.AsType[*myodai.Error](err); !ok || refusal.Code != myodai.CodeForbidden {
			return false, err
		}
	}
	return false, nil
}

func isTaken(address myodai.Address) *myodai.Error {
	return myodai.Refuse(myodai.CodeConflict, "address", "%s belongs to another account, and an address belongs to one", address)
}
