package queue

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

// finish is everything that is written about an attempt that is over: the
// delivery in its new state, the attempt, the events, and the suppression that
// follows from a recipient who does not exist.
//
// retry is how soon the reply wants the next attempt, 0 for no wish. It is heeded
// three times; who greylists for longer than that gets the usual curve.
func finish(d myodai.Delivery, o myodai.Outcome, retry time.Duration, now time.Time, believed bool, random io.Reader, chance uint64) myodai.Finished {
	decision, before := Decide(d, o, now, believed), d.Last.At
	if soon := now.Add(retry); retry > 0 && d.Attempts <= 3 && soon.Before(decision.DueAt) {
		decision.DueAt = soon
	}
	d.State, d.Last = decision.State, o
	d.Last.Dialogue = "" // the attempt has it, and it is by far the largest part
	if d.State == myodai.DeliveryDeferred {
		d.DueAt = now.Add(Jitter(decision.DueAt.Sub(now), chance))
		if believed && d.DueAt.After(d.ExpiresAt) {
			d.DueAt = d.ExpiresAt
		}
	}
	f := myodai.Finished{
		Attempt: myodai.Attempt{
			ID: myodai.NewID[myodai.AttemptID](now, random), TenantID: d.TenantID, DeliveryID: d.ID,
			Number: d.Attempts, Outcome: o,
		},
	}
	d.LeaseOwner, d.LeasedUntil = "", time.Time{}
	f.Delivery, f.Notice = d, Tells(d, before, now)
	data := map[string]any{
		"recipient": d.Recipient.String(), "attempt": d.Attempts,
		"code": o.Code, "enhanced": o.Enhanced, "text": o.Text, "host": o.Host, "tls": o.TLS,
	}
	if d.State == myodai.DeliveryDeferred {
		data["due_at"] = d.DueAt.UTC().Format(time.RFC3339)
	}
	suppress := false
	if d.State == myodai.DeliveryBounced {
		class := bounce.Classify(o.Code, o.Enhanced, o.Text)
		data["class"] = string(class)
		suppress = bounce.Suppresses(class)
	}
	f.Events = []myodai.Event{event(d, eventOf[d.State], now, random, data)}
	if d.Probe != "" && d.State == myodai.DeliveryDelivered {
		// The store leaves it out when the address was taken off meanwhile.
		f.Events = append(f.Events, event(d, myodai.EventSuppressionRemoved, now, random, map[string]any{
			"suppression": string(d.Probe), "recipient": d.Recipient.String(), "by": "probe",
		}))
	}
	if suppress {
		f.Suppression = suppression(d, now, random)
		f.Events = append(f.Events, event(d, myodai.EventSuppressionAdded, now, random, map[string]any{
			"suppression": string(f.Suppression.ID), "recipient": d.Recipient.String(),
			"reason": string(f.Suppression.Reason), "evidence": f.Suppression.Evidence,
		}))
	}
	return f
}

func event(d myodai.Delivery, kind myodai.EventKind, now time.Time, random io.Reader, data map[string]any) myodai.Event {
	return myodai.Event{
		ID: myodai.NewID[myodai.EventID](now, random), TenantID: d.TenantID, Kind: kind, At: now,
		MessageID: d.MessageID, DeliveryID: d.ID, Data: data,
	}
}

// suppression keeps the tenant from mailing the recipient again, with the words
// of whoever refused.
func suppression(d myodai.Delivery, now time.Time, random io.Reader) *myodai.Suppression {
	s := myodai.Suppression{
		ID: myodai.NewID[myodai.SuppressionID](now, random), TenantID: d.TenantID, Address: d.Recipient,
		Reason: myodai.SuppressionBounced, Evidence: evidence(d.Last), MessageID: d.MessageID, DeliveryID: d.ID,
	}.Suppress(now, myodai.ProbeAfter)
	return &s
}

// evidence is an outcome in one line, as a reply reads.
func evidence(o myodai.Outcome) string {
	var parts []string
	if o.Code != 0 {
		parts = append(parts, strconv.Itoa(o.Code))
	}
	if o.Enhanced != "" {
		parts = append(parts, o.Enhanced)
	}
	return strings.Join(append(parts, o.Text), " ")
}
