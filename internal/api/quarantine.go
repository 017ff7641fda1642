package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// registerQuarantine shows the operator the deliveries at which the process died
// again and again (P09).
func (s *Server) registerQuarantine() {
	register(s, operation{
		id: "list-quarantine", method: http.MethodGet, path: "/queue/quarantine", tag: "queue", scope: scopeOperator,
		summary: "List the deliveries at which the program died three times in a row",
		details: "They are held. Look at the message and at what the program wrote when it died before you release one.",
	}, func(ctx context.Context, _ myodai.Credential, in *struct{ PageQuery }) (*listOutput[Delivery], error) {
		list, next, err := s.o.Store.Quarantine(ctx, in.page())
		return listOf(list, next, showDelivery), err
	})
	register(s, operation{
		id: "release-quarantined", method: http.MethodPost, path: "/queue/quarantine/{delivery_id}/release", tag: "queue", scope: scopeOperator,
		summary: "Attempt a delivery again at which the program died",
		details: "It is attempted with nothing else under way, and put aside again if the program dies once more.",
	}, func(ctx context.Context, who myodai.Credential, in *DeliveryPath) (*output[Delivery], error) {
		id, err := pathID(myodai.ParseID[myodai.DeliveryID], in.DeliveryID, "delivery")
		if err != nil {
			return nil, err
		}
		d, err := s.o.Store.ReleaseCrashed(ctx, id, time.Now(), func(d myodai.Delivery) myodai.Event {
			e := s.event(who, myodai.EventMessageReleased, map[string]any{"recipient": d.Recipient.String(), "from": "quarantine"})
			e.TenantID, e.MessageID, e.DeliveryID = d.TenantID, d.MessageID, d.ID
			return e
		})
		if err == nil {
			s.o.Wake()
		}
		return outputOf(showDelivery(d)), err
	})
}
