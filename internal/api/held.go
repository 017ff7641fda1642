package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// DeliveryPath names a delivery.
type DeliveryPath struct {
	DeliveryID string `path:"delivery_id"`
}

// registerHeld lets tenants decide on deliveries that are held.
func (s *Server) registerHeld() {
	register(s, operation{
		id: "release-delivery", method: http.MethodPost, path: "/deliveries/{delivery_id}/release", tag: "messages", scope: scopeTenant,
		summary: "Send a held delivery after all",
		details: "It is sent this once; its recipient stays suppressed.",
	}, func(ctx context.Context, who myodai.Credential, in *DeliveryPath) (*output[Delivery], error) {
		out, err := s.decideHeld(ctx, who, in, myodai.DeliveryAccepted, myodai.EventMessageReleased)
		if err == nil {
			s.o.Wake()
		}
		return out, err
	})
	register(s, operation{
		id: "discard-delivery", method: http.MethodPost, path: "/deliveries/{delivery_id}/discard", tag: "messages", scope: scopeTenant,
		summary: "Give a held delivery up",
	}, func(ctx context.Context, who myodai.Credential, in *DeliveryPath) (*output[Delivery], error) {
		return s.decideHeld(ctx, who, in, myodai.DeliverySuppressed, myodai.EventMessageSuppressed)
	})
}

func (s *Server) decideHeld(ctx context.Context, who myodai.Credential, in *DeliveryPath, state myodai.DeliveryState, kind myodai.EventKind) (*output[Delivery], error) {
	id, err := pathID(myodai.ParseID[myodai.DeliveryID], in.DeliveryID, "delivery")
	if err != nil {
		return nil, err
	}
	d, err := s.o.Store.DecideHeld(ctx, who.TenantID, id, time.Now(), func(d myodai.Delivery) (myodai.Delivery, []myodai.Event, error) {
		e := s.event(who, kind, map[string]any{"recipient": d.Recipient.String(), "because": d.Last.Text})
		e.MessageID, e.DeliveryID = d.MessageID, d.ID
		d.State = state
		return d, []myodai.Event{e}, nil
	})
	return outputOf(showDelivery(d)), err
}
