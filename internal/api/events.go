package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// Event is one thing that happened to a tenant.
type Event struct {
	ID         myodai.EventID    `json:"id"`
	TenantID   myodai.TenantID   `json:"tenant_id"`
	Kind       myodai.EventKind  `json:"kind" example:"domain.verified"`
	At         time.Time         `json:"at"`
	DomainID   myodai.DomainID   `json:"domain_id,omitempty"`
	MessageID  myodai.MessageID  `json:"message_id,omitempty"`
	DeliveryID myodai.DeliveryID `json:"delivery_id,omitempty"`
	Data       map[string]any    `json:"data" doc:"What else there is to say; depends on the kind."`
}

func showEvent(e myodai.Event) Event {
	if e.Data == nil {
		e.Data = map[string]any{}
	}
	return Event{
		ID: e.ID, TenantID: e.TenantID, Kind: e.Kind, At: utc(e.At),
		DomainID: e.DomainID, MessageID: e.MessageID, DeliveryID: e.DeliveryID, Data: e.Data,
	}
}

func (s *Server) registerEvents() {
	register(s, operation{
		id: "list-events", method: http.MethodGet, path: "/events", tag: "events", scope: scopeBoth,
		summary: "List events, oldest first",
		details: "The id of the last event one has seen works as after, too, so a reader can follow what happens. The operator sees the events of all tenants.",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ PageQuery }) (*listOutput[Event], error) {
		list, next, err := s.o.Store.Events(ctx, who.TenantID, in.page())
		return listOf(list, next, showEvent), err
	})
}
