package inbound

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

// Receive takes responsibility for a mail to one recipient, raw as it arrived
// from the IP address remote; it has been kept when Receive returns nil. The
// recipient is judged again, because what Accepts said may be long ago.
func (s *Service) Receive(ctx context.Context, recipient myodai.Address, remote string, raw []byte) error {
	now := time.Now()
	to, err := s.resolve(ctx, recipient, now)
	if err != nil {
		return err
	}
	switch {
	case to.postmaster:
		return s.postmaster(ctx, recipient, remote, raw, now)
	case to.domain != nil:
		return s.report(ctx, *to.domain, remote, raw, now)
	case to.unsubscribe != "":
		return s.unsubscribe(ctx, to.unsubscribe, raw, now)
	}
	return s.answer(ctx, to.origin, remote, raw, now)
}

// postmaster hands mail to postmaster and abuse over to people, unless it is a
// complaint that proves which delivery it is about: mailbox providers send them
// where they were told to, and that is often abuse.
func (s *Service) postmaster(ctx context.Context, recipient myodai.Address, remote string, raw []byte, now time.Time) error {
	if c, err := bounce.ParseARF(raw); err == nil && c.Unwanted() {
		if list := c.Origins(s.o.ReturnKey, now); len(list) == 1 {
			err := s.complaint(ctx, list[0], c, remote, raw, now)
			if refusal, ok := errors.AsType[*myodai.Error](err); !ok || refusal.Code != myodai.CodeNotFound {
				return err
			} // else the delivery is gone, and people may know more
		}
	}
	if err := s.o.Postmaster(ctx, recipient, remote, raw); err != nil {
		return fmt.Errorf("hand over mail to %s: %w", recipient.Local, err)
	}
	s.metrics.received.WithLabelValues(string(kindPostmaster), effectNone).Inc()
	return nil
}

// answer keeps what came to a return path.
func (s *Service) answer(ctx context.Context, of bounce.Origin, remote string, raw []byte, now time.Time) error {
	kind := bounce.KindOf(raw)
	returned := myodai.ReturnedBounce
	var report bounce.Report
	switch kind { // which says that it can be read
	case bounce.KindDSN:
		report, _ = bounce.ParseDSN(raw)
	case bounce.KindProse:
		report, _ = bounce.ParseProse(raw)
	case bounce.KindComplaint:
		c, err := bounce.ParseARF(raw)
		if err == nil && c.Unwanted() && onlyAbout(c.Origins(s.o.ReturnKey, now), of) {
			return s.complaint(ctx, of, c, remote, raw, now)
		}
		returned = myodai.ReturnedAutoReply
	default:
		returned = myodai.ReturnedAutoReply
	}
	effect := effectNone
	r := s.returned(returned, of.Delivery, remote, raw, now)
	if of.Shared && returned == myodai.ReturnedBounce {
		s.findAmong(&r, func(d myodai.Delivery) bool { return tellsOf(report, d) })
	}
	r.Notice = func(d myodai.Delivery) myodai.NoticeKind { return Tells(d, report) }
	err := s.o.Store.RecordReturned(ctx, r, func(d myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error) {
		effect = effectNone // the transaction may be run again
		decision := Decide(d, report, now)
		if !decision.Bounced {
			return d, nil, nil, nil
		}
		effect = effectBounced
		events := []myodai.Event{s.bouncedEvent(d, r.ID, decision, now)}
		var suppression *myodai.Suppression
		if decision.Suppress {
			effect = effectSuppressed
			suppression = s.suppression(d, r, myodai.SuppressionBounced, evidence(decision.Outcome))
			events = append(events, s.suppressedEvent(d, *suppression, now))
		}
		return bounced(d, decision.Outcome), events, suppression, nil
	})
	if err != nil {
		return fmt.Errorf("record what came back to %s: %w", of.Delivery, err)
	}
	s.metrics.received.WithLabelValues(string(kind), effect).Inc()
	return nil
}

// onlyAbout reports whether nothing in list is something else than of.
func onlyAbout(list []bounce.Origin, of bounce.Origin) bool {
	return len(list) == 0 || len(list) == 1 && list[0] == of
}

func (s *Service) returned(kind myodai.ReturnedKind, id myodai.DeliveryID, remote string, raw []byte, now time.Time) myodai.Returned {
	return myodai.Returned{
		ID: myodai.NewID[myodai.ReturnedID](now, s.o.Random), Kind: kind, DeliveryID: id, Remote: remote, Raw: raw, ReceivedAt: now,
	}
}

// report keeps what came to the report address of a domain, and tells what it says.
func (s *Service) report(ctx context.Context, d myodai.Domain, remote string, raw []byte, now time.Time) error {
	r := myodai.Returned{
		ID: myodai.NewID[myodai.ReturnedID](now, s.o.Random), TenantID: d.TenantID, Kind: myodai.ReturnedReport,
		DomainID: d.ID, Remote: remote, Raw: raw, ReceivedAt: now,
	}
	data := reported(readReport(d, raw))
	data["domain"], data["returned"], data["remote"], data["size"] = string(d.Name), string(r.ID), remote, len(raw)
	received := myodai.Event{
		ID: myodai.NewID[myodai.EventID](now, s.o.Random), TenantID: d.TenantID, Kind: myodai.EventReportReceived,
		At: now, DomainID: d.ID, Data: data,
	}
	err := s.o.Store.RecordReturned(ctx, r, func(none myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error) {
		return none, []myodai.Event{received}, nil, nil
	})
	if err != nil {
		return fmt.Errorf("record a report for %s: %w", d.ID, err)
	}
	s.metrics.received.WithLabelValues(string(kindReport), effectNone).Inc()
	return nil
}

func (s *Service) bouncedEvent(d myodai.Delivery, id myodai.ReturnedID, decision Decision, now time.Time) myodai.Event {
	o := decision.Outcome
	return myodai.Event{
		ID: myodai.NewID[myodai.EventID](now, s.o.Random), TenantID: d.TenantID, Kind: myodai.EventMessageBounced,
		At: now, MessageID: d.MessageID, DeliveryID: d.ID,
		Data: map[string]any{
			"recipient": d.Recipient.String(), "code": o.Code, "enhanced": o.Enhanced, "text": o.Text, "host": o.Host,
			"class": string(decision.Class), "returned": string(id),
		},
	}
}

func (s *Service) suppression(d myodai.Delivery, r myodai.Returned, reason myodai.SuppressionReason, evidence string) *myodai.Suppression {
	entry := myodai.Suppression{
		ID: myodai.NewID[myodai.SuppressionID](r.ReceivedAt, s.o.Random), TenantID: d.TenantID, Address: d.Recipient,
		Reason: reason, Evidence: evidence, MessageID: d.MessageID, DeliveryID: d.ID, ReturnedID: r.ID,
	}.Suppress(r.ReceivedAt, myodai.ProbeAfter)
	return &entry
}

func (s *Service) suppressedEvent(d myodai.Delivery, p myodai.Suppression, now time.Time) myodai.Event {
	return myodai.Event{
		ID: myodai.NewID[myodai.EventID](now, s.o.Random), TenantID: d.TenantID, Kind: myodai.EventSuppressionAdded,
		At: now, MessageID: d.MessageID, DeliveryID: d.ID,
		Data: map[string]any{
			"suppression": string(p.ID), "recipient": p.Address.String(), "reason": string(p.Reason), "evidence": p.Evidence,
			"returned": string(p.ReturnedID),
		},
	}
}
