package submission

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/crash"
	"github.com/myodai/myodai/internal/dkim"
)

// Submit takes responsibility for one message. When it returns without an
// error, the message is durable (P01).
//
// It refuses with CodeForbidden an author the tenant has not verified and a
// suspended tenant, with CodeInvalid a message no receiver would take, with
// CodeTooLarge what is past a limit, and with CodeConflict an idempotency key
// that was used for another request.
func (e *Engine) Submit(ctx context.Context, r Request) (Result, error) {
	now := time.Now()
	recipients, err := e.admit(ctx, &r)
	if err != nil {
		return Result{}, err
	}
	h, body, err := parseMessage(r.Raw)
	if err != nil {
		return Result{}, err
	}
	crash.Point("submission", "message read")
	policy, err := e.policy(ctx, r.Credential.TenantID)
	if err != nil {
		return Result{}, fmt.Errorf("submit: %w", err)
	}
	class, err := class(policy, r, h)
	if err != nil {
		return Result{}, err
	}
	from, way, err := e.author(ctx, r.Credential.TenantID, policy, class, h)
	if err != nil {
		return Result{}, err
	}
	m := myodai.Message{
		ID:           myodai.NewID[myodai.MessageID](now, e.o.Random),
		TenantID:     r.Credential.TenantID,
		CredentialID: r.Credential.ID,
		Class:        class.Name,
		From:         from,
		Subject:      readSubject(h.first("Subject")),
		AcceptedAt:   now,
		ExpiresAt:    e.o.Reckon(now).Add(cmp.Or(time.Duration(class.Life), e.o.MaxAge)),
	}
	withheld, err := e.withhold(ctx, r, h, m, recipients)
	if err != nil {
		return Result{}, err
	}
	mark, err := e.marking(ctx, r, h, m, class, way, recipients)
	if err != nil {
		return Result{}, err
	}
	wire, headerID, err := complete(e.fields(h, mark), body, m.ID, from.Domain, e.o.MailHost, now)
	if err != nil {
		return Result{}, err
	}
	wire = e.rewrite(wire, mark)
	m.HeaderID, m.Size = headerID, int64(len(wire))
	var domain myodai.Domain // that takes the bounces
	if way.Fate == FateSend {
		if wire, domain, m, err = e.finish(ctx, m, wire, way); err != nil {
			return Result{}, faultOr("submit", err)
		}
	}
	deliveries, events := e.deliveries(m, way, domain, recipients, mark.of.DeliveryID)
	terms := r.terms(h, policy)
	for i := range deliveries {
		deliveries[i].Terms = r.termsFor(deliveries[i].Recipient, terms)
	}
	events[0].Data["from"] = from.String() // who wrote it, whatever it is sent as
	if events, err = e.apply(ctx, withheld, m, deliveries, events); err != nil {
		return Result{}, err
	}
	if r.nullReturn {
		for i := range deliveries {
			deliveries[i].ReturnPath = myodai.Address{}
		}
	}
	result, err := e.accept(ctx, myodai.Accepted{
		Message: m, Body: wire, Deliveries: deliveries, Events: events,
		IdempotencyKey: r.IdempotencyKey, RequestHash: r.RequestHash,
	})
	crash.Point("submission", "before the answer")
	return result, err
}

// maxIdempotencyKey bounds the key a client chooses.
const maxIdempotencyKey = 255

// admit checks who asks and how much, completes the request's hash, and returns
// the recipients, each once.
func (e *Engine) admit(ctx context.Context, r *Request) ([]myodai.Address, error) {
	if r.Credential.TenantID == "" {
		return nil, myodai.Refuse(myodai.CodeForbidden, "", "mail is sent by tenants; use a credential of a tenant")
	}
	if err := e.activeTenant(ctx, r.Credential.TenantID); err != nil {
		return nil, fmt.Errorf("submit: %w", err)
	}
	if n := int64(len(r.Raw)); n > e.o.MaxSize {
		return nil, myodai.Refuse(myodai.CodeTooLarge, "", "the message is %d octets long; %d are allowed", n, e.o.MaxSize)
	}
	recipients := unique(r.Recipients)
	switch n := len(recipients); {
	case n == 0:
		return nil, myodai.Refuse(myodai.CodeInvalid, "to", "the message has no recipient; give at least one")
	case n > e.o.MaxRecipients:
		return nil, myodai.Refuse(myodai.CodeTooLarge, "to", "the message has %d recipients; %d are allowed", n, e.o.MaxRecipients)
	}
	for _, c := range []byte(r.IdempotencyKey) {
		if c < ' ' || c >= 0x7f || len(r.IdempotencyKey) > maxIdempotencyKey {
			return nil, myodai.Invalidf("the idempotency key is not 1 to %d printable ASCII characters", maxIdempotencyKey)
		}
	}
	if r.IdempotencyKey != "" && r.RequestHash == [32]byte{} {
		r.RequestHash = hashRequest(recipients, r.Raw)
	}
	return recipients, nil
}

// hashRequest is the RequestHash of a request whose submitter gave none.
func hashRequest(recipients []myodai.Address, raw []byte) (sum [32]byte) {
	hash := sha256.New()
	for _, a := range recipients {
		fmt.Fprintf(hash, "%s\n", a)
	}
	fmt.Fprintf(hash, "\n")
	hash.Write(raw)
	return [32]byte(hash.Sum(nil))
}

// unique drops what was said before.
func unique(list []myodai.Address) []myodai.Address {
	seen := make(map[myodai.Address]bool, len(list))
	var once []myodai.Address
	for _, a := range list {
		if !seen[a] {
			seen[a] = true
			once = append(once, a)
		}
	}
	return once
}

// author reads who the message is from, and decides which way that makes it go.
// A Sender, which mailboxes show beside the author, must be the author or the
// tenant's just the same (P23).
func (e *Engine) author(ctx context.Context, tenant myodai.TenantID, p myodai.Policy, c myodai.Class, h header) (myodai.Address, Way, error) {
	from, err := parseAuthor(h.first("From"))
	if err != nil {
		return myodai.Address{}, Way{}, inField("From", err)
	}
	way, err := e.way(ctx, tenant, p, c, from)
	if err != nil {
		return myodai.Address{}, Way{}, err
	}
	if way.Fate == FateRefuse {
		return myodai.Address{}, Way{}, myodai.Refuse(myodai.CodeForbidden, "from", "%s", way.Lacking)
	}
	if h.has("Sender") {
		sender, err := parseAuthor(h.first("Sender"))
		if err != nil {
			return myodai.Address{}, Way{}, inField("Sender", err)
		}
		if sender == from || way.Basis == myodai.BasisPlatform {
			return from, way, nil
		}
		if _, err := e.authorize(ctx, tenant, sender.Domain); err != nil {
			return myodai.Address{}, Way{}, faultOr("authorize sender", err)
		}
	}
	return from, way, nil
}

// inField puts the name of the field before what is wrong with it.
func inField(name string, err error) error {
	return myodai.Refuse(myodai.CodeInvalid, "from", "the %s field: %s", name, err)
}

// faultOr says what was being done when err is a fault; a refusal stays as it
// is.
func faultOr(doing string, err error) error {
	if refusalOf(err) != nil {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// refusalOf is the refusal in err, nil for none.
func refusalOf(err error) *myodai.Error {
	refusal, _ := errors.AsType[*myodai.Error](err)
	return refusal
}

// errUnsigned is a domain that may send and has nothing to sign with. Its mail
// is not accepted rather than sent unsigned.
var errUnsigned = errors.New("the domain has no active key")

// sign puts the tenant's signatures and then the platform's before the message,
// and looks at every octet once more: what leaves here is what goes on the wire
// (P24).
func (e *Engine) sign(ctx context.Context, message []byte, domain myodai.Domain, now time.Time) ([]byte, error) {
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
	signatures, err := e.signatures(ctx, message, append(signers[:len(signers):len(signers)], platform...), now)
	if err != nil {
		return nil, err
	}
	wire := slices.Concat(signatures, message)
	if err := checkLines(wire); err != nil {
		return nil, fmt.Errorf("the signed message is not in wire form: %s", err)
	}
	return wire, nil
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

// accept commits. Who is to deliver it hears of it from the store.
func (e *Engine) accept(ctx context.Context, a myodai.Accepted) (Result, error) {
	m, repeated, err := e.o.Store.Accept(ctx, a)
	if err != nil {
		return Result{}, faultOr("accept", err)
	}
	if !repeated {
		return Result{Message: m, Deliveries: a.Deliveries}, nil
	}
	deliveries, err := e.o.Store.Deliveries(ctx, m.TenantID, m.ID)
	if err != nil {
		return Result{}, fmt.Errorf("submit again: %w", err)
	}
	return Result{Message: m, Deliveries: deliveries, Repeated: true}, nil
}
