package submission

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/myodai/myodai"
)

// Suppressions is what submission needs of suppression lists, and of audits
// before the first send.
type Suppressions interface {
	// Suppressed finds those of the addresses to which the tenant must not send
	// mail of the class.
	Suppressed(ctx context.Context, tenant myodai.TenantID, class myodai.ClassName, list []myodai.Address, now time.Time) (
		map[myodai.Address]myodai.Suppression, error)
	// ClaimProbe makes the delivery the probe of an entry; it says no when somebody
	// else was faster.
	ClaimProbe(ctx context.Context, entry myodai.Suppression, delivery myodai.DeliveryID, now time.Time) (bool, error)
	// AuditPassed reports whether the tenant's addresses for the class have been
	// audited, or need not be.
	ListAuditPassed(ctx context.Context, tenant myodai.TenantID, class myodai.ClassName) (bool, error)
	// AddEvents writes events of what was not accepted.
	AddEvents(ctx context.Context, events ...myodai.Event) error
}

// suppressedField is the header field in which a submitter says what becomes of
// recipients that are not to be mailed. It does not go on.
const suppressedField = "X-Myodai-Suppressed"

// withheld is what is known of recipients that are not to be mailed.
type withheld struct {
	rule    myodai.SuppressedRule
	entries map[myodai.Address]myodai.Suppression
}

// withhold looks the recipients up on the tenant's suppression list, and refuses
// the message when that is the rule, or when its addresses have not been audited
// though they must be (D9). The refusal is on record as an event (F8).
func (e *Engine) withhold(ctx context.Context, r Request, h header, m myodai.Message, recipients []myodai.Address) (withheld, error) {
	policy, err := e.o.Store.Policy(ctx, m.TenantID)
	if err != nil {
		return withheld{}, fmt.Errorf("submit: %w", err)
	}
	if err := e.audited(ctx, policy, m); err != nil {
		return withheld{}, err
	}
	w := withheld{}
	if w.rule, err = suppressedRule(r, h, policy); err != nil {
		return withheld{}, err
	}
	w.entries, err = e.o.Suppressions.Suppressed(ctx, m.TenantID, m.Class, recipients, m.AcceptedAt)
	if err != nil {
		return withheld{}, fmt.Errorf("submit: %w", err)
	}
	if w.rule != myodai.SuppressedRefuse {
		return w, nil
	}
	for _, rcpt := range recipients {
		entry, ok := w.entries[rcpt]
		if !ok || entry.MayProbe(m.AcceptedAt) {
			continue
		}
		err := e.o.Suppressions.AddEvents(ctx, e.event(m, myodai.EventMessageRefused, "", map[string]any{
			"from": m.From.String(), "recipient": rcpt.String(), "reason": string(entry.Reason), "suppression": string(entry.ID),
			"because": entry.Since(),
		}))
		if err != nil {
			return withheld{}, fmt.Errorf("submit: %w", err)
		}
		return withheld{}, myodai.Refuse(myodai.CodeForbidden, "to",
			"%s is %s; leave it out, or take it off the suppression list", rcpt, entry.Since())
	}
	return w, nil
}

// audited is the gate before the first send. The platform's own mail needs none.
func (e *Engine) audited(ctx context.Context, policy myodai.Policy, m myodai.Message) error {
	if !policy.AuditRequired.On() || m.TenantID == myodai.PlatformTenant {
		return nil
	}
	passed, err := e.o.Suppressions.ListAuditPassed(ctx, m.TenantID, m.Class)
	if err != nil {
		return fmt.Errorf("submit: %w", err)
	}
	if !passed {
		return myodai.Refuse(myodai.CodeForbidden, "",
			"the addresses must be audited before the first mail of the class %s; upload them for an audit, or ask the platform to waive it", m.Class)
	}
	return nil
}

// suppressedRule is what the request says, or else the message, the policy. The
// platform's own mail is never answered with more mail.
func suppressedRule(r Request, h header, policy myodai.Policy) (myodai.SuppressedRule, error) {
	if r.Credential.TenantID == myodai.PlatformTenant {
		return myodai.SuppressedDrop, nil
	}
	said := myodai.SuppressedRule(h.first(suppressedField))
	if r.Suppressed != "" && said != "" && r.Suppressed != said {
		return "", myodai.Refuse(myodai.CodeInvalid, "suppressed",
			"the request says %s of suppressed recipients, and the %s field something else; leave one out", r.Suppressed, suppressedField)
	}
	rule := cmp.Or(r.Suppressed, said, policy.Suppressed)
	switch rule {
	case myodai.SuppressedDrop, myodai.SuppressedRefuse, myodai.SuppressedHold, myodai.SuppressedBounce:
		return rule, nil
	}
	return "", myodai.Refuse(myodai.CodeInvalid, "suppressed", "%q is not one of drop, refuse, hold, bounce", rule)
}

// apply does with the deliveries to suppressed recipients what the rule says, and
// completes the events, of which the first is that of the message.
func (e *Engine) apply(ctx context.Context, w withheld, m myodai.Message, list []myodai.Delivery, events []myodai.Event) ([]myodai.Event, error) {
	ended := 0
	for i := range list {
		d := &list[i]
		d.Notify = notified(*d, w.rule) // of failures yet to come, too (D16)
		entry, ok := w.entries[d.Recipient]
		if !ok {
			continue
		}
		kind := myodai.EventMessageSuppressed
		switch probe, err := e.probe(ctx, entry, d); {
		case err != nil:
			return nil, err
		case probe:
			kind = myodai.EventSuppressionProbed
		case w.rule == myodai.SuppressedHold && d.State != myodai.DeliveryHeld: // else it waits for its author, and is given up for its recipient
			kind = myodai.EventMessageHeld
			d.State, d.Hold = myodai.DeliveryHeld, myodai.HoldSuppressed
			d.Last = withheldOutcome("accepted, held: ", entry, m.AcceptedAt)
		default:
			ended++
			d.State = myodai.DeliverySuppressed
			d.Last = withheldOutcome("accepted, not sent: ", entry, m.AcceptedAt)
		}
		events = append(events, e.event(m, kind, d.ID, map[string]any{
			"recipient": d.Recipient.String(), "reason": string(entry.Reason), "suppression": string(entry.ID),
			"rule": string(w.rule), "because": entry.Since(),
		}))
	}
	events[0].Data["suppressed"] = ended
	return events, nil
}

// probe lets a delivery through when the entry may be probed, and nobody else
// does it at the same time.
func (e *Engine) probe(ctx context.Context, entry myodai.Suppression, d *myodai.Delivery) (bool, error) {
	if !entry.MayProbe(d.QueuedAt) {
		return false, nil
	}
	claimed, err := e.o.Suppressions.ClaimProbe(ctx, entry, d.ID, d.QueuedAt)
	if err != nil {
		return false, fmt.Errorf("submit: %w", err)
	}
	if claimed {
		d.Probe = entry.ID
	}
	return claimed, nil
}

// withheldOutcome is our own record of why nothing was sent (F8).
func withheldOutcome(what string, entry myodai.Suppression, at time.Time) myodai.Outcome {
	status := "5.7.1"
	if entry.Reason == myodai.SuppressionBounced {
		status = "5.1.1"
	}
	return myodai.Outcome{Kind: myodai.OutcomeSuppressed, Enhanced: status, Text: what + entry.Since(), At: at}
}
