package inbound

import (
	"context"
	"fmt"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

// unsubscribe stops mail to the recipient of a delivery, who wrote to the address
// in List-Unsubscribe (RFC 2369 §3.2). The address says everything: who has it
// got the mail, and what is written in the answer does not matter; mailbox
// providers write it for their users, and say so. No mail of ours is sent from
// the address, so nothing else has a reason to come there, but for reports.
func (s *Service) unsubscribe(ctx context.Context, id myodai.DeliveryID, raw []byte, now time.Time) error {
	switch bounce.KindOf(raw) {
	case bounce.KindDSN, bounce.KindReceipt, bounce.KindComplaint:
		s.metrics.received.WithLabelValues(string(kindUnsubscribe), effectNone).Inc()
		return nil
	}
	if err := s.o.Unsubscribes.UnsubscribeMail(ctx, id, now); err != nil {
		return fmt.Errorf("unsubscribe the recipient of %s: %w", id, err)
	}
	s.metrics.received.WithLabelValues(string(kindUnsubscribe), effectSuppressed).Inc()
	return nil
}
