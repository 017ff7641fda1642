package submission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// errUnsigned is a domain that may send and has nothing to sign with. Its mail
// is not accepted rather than sent unsigned.
var errUnsigned = errors.New("the domain has no active key")

// signOrWait signs what is to be accepted. A message that will wait for its site
// anyway stays unsigned until its turn comes; all other mail is signed before it is
// accepted, so that no more is accepted than can be sent (decision 13). Either way
// there is a key, and every octet was looked at.
func (e *Engine) signOrWait(ctx context.Context, a *myodai.Accepted, domain myodai.Domain, not withheld) (err error) {
	if a.Unsigned = len(a.Deliveries) == 1 && len(not.entries) == 0 && e.o.Waits(a.Deliveries[0]); !a.Unsigned {
		draft := a.Body
		if a.Body, err = e.sign(ctx, draft, domain, a.Message.AcceptedAt); err == nil {
			forgetDraft(draft)
		}
		return err
	}
	if _, err := e.signersFor(ctx, domain); err != nil {
		return err
	}
	if err := checkLines(a.Body); err != nil {
		return fmt.Errorf("the message is not in wire form: %s", err)
	}
	return nil
}

// Sign makes the signatures of a message that was accepted unsigned, as they stand
// before it: by whom it rests on as that is now, with the keys of now. Whether it may
// be sent has been checked. An error is a fault.
func (e *Engine) Sign(ctx context.Context, s myodai.Sending, message []byte) (signatures []byte, err error) {
	wire, err := e.sign(ctx, message, s.Domain, time.Now())
	if err != nil {
		return nil, err
	}
	return wire[: len(wire)-len(message) : len(wire)-len(message)], nil
}

// sign puts the tenant's signatures and then the platform's before the message,
// and looks at every octet once more: what leaves here is what goes on the wire
// (P24).
func (e *Engine) sign(ctx context.Context, message []byte, domain myodai.Domain, now time.Time) ([]byte, error) {
	signers, err := e.signersFor(ctx, domain)
	if err != nil {
		return nil, err
	}
	signatures, err := e.signatures(ctx, message, signers, now)
	if err != nil {
		return nil, err
	}
	wire := slices.Concat(signatures, message)
	if err := checkLines(wire); err != nil {
		return nil, fmt.Errorf("the signed message is not in wire form: %s", err)
	}
	return wire, nil
}

// signersFor are the keys that sign mail which rests on a domain: its own, and then
// those of the platform.
func (e *Engine) signersFor(ctx context.Context, domain myodai.Domain) ([]dkim.Signer, error) {
	signers, err := e.signers(ctx, domain.TenantID, domain.ID)
	if err != nil {
		return nil, fmt.Errorf("signers of %s: %w", domain.Name, err)
	}
	for _, s := range signers {
		if s.Domain != domain.Name { // P23: never with somebody else's key
			return nil, fmt.Errorf("sign as %s: the store gave a key of %s", domain.Name, s.Domain)
		}
	}
	platform, err := e.signers(ctx, "", "")
	if err != nil {
		return nil, fmt.Errorf("signers of the platform: %w", err)
	}
	if domain.TenantID != myodai.PlatformTenant {
		platform = e.o.Cosign.pick(platform)
	}
	return append(signers[:len(signers):len(signers)], platform...), nil
}

// signatures signs when its turn has come. More at a time than are of use to who
// signs would only make all of them later, those first in line as well.
func (e *Engine) signatures(ctx context.Context, message []byte, signers []dkim.Signer, now time.Time) ([]byte, error) {
	select {
	case e.signing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-e.signing }()
	return dkim.Sign(message, signers, now)
}
