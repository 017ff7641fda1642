package inbound

import (
	"github.com/myodai/myodai"
)

// findAmong has r be about those of the deliveries that share its return path for
// which tells holds. Whoever got the message knows that return path, so what names
// none of them changes nothing; the tenant hears of the first of that kind (T41).
func (s *Service) findAmong(r *myodai.Returned, tells func(myodai.Delivery) bool) {
	about := *r
	r.Among = tells
	r.Unmatched = func(first myodai.Delivery) myodai.Event {
		return myodai.Event{
			ID: myodai.NewID[myodai.EventID](about.ReceivedAt, s.o.Random), TenantID: first.TenantID, Kind: myodai.EventMessageUnmatched,
			At: about.ReceivedAt, MessageID: first.MessageID,
			Data: map[string]any{"domain": string(first.Recipient.Domain), "kind": string(about.Kind), "remote": about.Remote, "returned": string(about.ID)},
		}
	}
}
