package inbound

import (
	"context"
	"fmt"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

// complaint keeps a complaint about a delivery, or about that one of several of which
// it says itself that it is. The delivery stays as it is, for
// it was made; its recipient is not mailed again. The store takes only the first
// complaint about a delivery to account.
func (s *Service) complaint(ctx context.Context, of bounce.Origin, c bounce.Complaint, remote string, raw []byte, now time.Time) error {
	r := s.returned(myodai.ReturnedComplaint, of.Delivery, remote, raw, now)
	if of.Shared {
		s.findAmong(&r, func(d myodai.Delivery) bool { return c.Names(d.Recipient) })
	}
	effect := effectNone
	err := s.o.Store.RecordReturned(ctx, r, func(d myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error) {
		effect = effectNone // the transaction may be run again
		if !Complains(d, c) {
			return d, nil, nil, nil
		}
		effect = effectComplained
		suppression := s.suppression(d, r, myodai.SuppressionComplained, complaintEvidence(c, remote))
		return d, []myodai.Event{s.complainedEvent(d, r.ID, c, now), s.suppressedEvent(d, *suppression, now)}, suppression, nil
	})
	if err != nil {
		return fmt.Errorf("record a complaint about %s: %w", of.Delivery, err)
	}
	s.metrics.received.WithLabelValues(string(bounce.KindComplaint), effect).Inc()
	return nil
}

// complaintEvidence is the complaint as one line, for the suppression list.
func complaintEvidence(c bounce.Complaint, remote string) string {
	line := fmt.Sprintf("feedback report (%s) from %s", c.Type, remote)
	if c.UserAgent != "" {
		line += " by " + c.UserAgent
	}
	return line
}

func (s *Service) complainedEvent(d myodai.Delivery, id myodai.ReturnedID, c bounce.Complaint, now time.Time) myodai.Event {
	data := map[string]any{
		"recipient": d.Recipient.String(), "feedback_type": string(c.Type), "user_agent": c.UserAgent, "returned": string(id),
	}
	if c.SourceIP.IsValid() {
		data["source_ip"] = c.SourceIP.String()
	}
	return myodai.Event{
		ID: myodai.NewID[myodai.EventID](now, s.o.Random), TenantID: d.TenantID, Kind: myodai.EventMessageComplained,
		At: now, MessageID: d.MessageID, DeliveryID: d.ID, Data: data,
	}
}
