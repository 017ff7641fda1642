package submission

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/crash"
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
	m.HeaderID = headerID
	a, err := e.dispatch(ctx, m, e.rewrite(wire, mark), way, recipients, mark.of.DeliveryID, withheld)
	if err != nil {
		return Result{}, faultOr("submit", err)
	}
	terms := r.terms(h, policy)
	for i := range a.Deliveries {
		a.Deliveries[i].Terms = r.termsFor(a.Deliveries[i].Recipient, terms)
	}
	a.Events[0].Data["from"] = from.String() // who wrote it, whatever it is sent as
	if a.Events, err = e.apply(ctx, withheld, a.Message, a.Deliveries, a.Events); err != nil {
		return Result{}, err
	}
	if r.nullReturn {
		for i := range a.Deliveries {
			a.Deliveries[i].ReturnPath = myodai.Address{}
		}
	}
	a.IdempotencyKey, a.RequestHash = r.IdempotencyKey, r.RequestHash
	result, err := e.accept(ctx, a)
	if err == nil && a.Unsigned {
		forgetDraft(a.Body)
	}
	crash.Point("submission", "before the answer")
	return result, err
}

// dispatch puts a completed message on its way: it becomes what it is sent as, with
// one delivery per recipient, and signed unless that is for later.
func (e *Engine) dispatch(ctx context.Context, m myodai.Message, completed []byte, w Way, recipients []myodai.Address, sole myodai.DeliveryID, not withheld) (
	a myodai.Accepted, err error) {
	a = myodai.Accepted{Message: m, Body: completed, Unsigned: true}
	var domain myodai.Domain // that takes the bounces
	if w.Fate == FateSend {
		if a.Body, domain, a.Message, err = e.finish(ctx, m, completed, w); err != nil {
			return a, err
		}
	}
	a.Deliveries, a.Events = e.deliveries(a.Message, w, domain, recipients, sole)
	if w.Fate == FateSend {
		if err = e.signOrWait(ctx, &a, domain, not); err != nil {
			return a, err
		}
	}
	a.Message.Size = int64(len(a.Body))
	return a, nil
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
