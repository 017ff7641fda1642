package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// Suppression keeps the tenant from mailing an address.
type Suppression struct {
	ID        myodai.SuppressionID     `json:"id"`
	Address   string                   `json:"address"`
	Reason    myodai.SuppressionReason `json:"reason" enum:"bounced,complained,manual"`
	Evidence  string                   `json:"evidence" doc:"The reply or notice it rests on."`
	MessageID myodai.MessageID         `json:"message_id,omitempty" doc:"The message that led to it."`
	CreatedAt time.Time                `json:"created_at"`
}

// NewSuppression is an address not to be mailed any more.
type NewSuppression struct {
	Address string `json:"address" example:"nobody@example.com"`
}

func showSuppression(p myodai.Suppression) Suppression {
	return Suppression{
		ID: p.ID, Address: p.Address.String(), Reason: p.Reason, Evidence: p.Evidence,
		MessageID: p.MessageID, CreatedAt: utc(p.CreatedAt),
	}
}

func (s *Server) registerSuppressions() {
	register(s, operation{
		id: "list-suppressions", method: http.MethodGet, path: "/suppressions", tag: "suppressions", scope: scopeTenant,
		summary: "List the addresses that are not mailed",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ PageQuery }) (*listOutput[Suppression], error) {
		list, next, err := s.o.Store.Suppressions(ctx, who.TenantID, in.page())
		return listOf(list, next, showSuppression), err
	})
	register(s, operation{
		id: "add-suppression", method: http.MethodPost, path: "/suppressions", tag: "suppressions", scope: scopeTenant,
		summary: "Stop mailing an address", status: http.StatusCreated,
	}, s.addSuppression)
	register(s, operation{
		id: "remove-suppression", method: http.MethodDelete, path: "/suppressions/{suppression_id}", tag: "suppressions", scope: scopeTenant,
		summary: "Mail an address again",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		SuppressionID string `path:"suppression_id"`
	}) (*empty, error) {
		id, err := pathID(myodai.ParseID[myodai.SuppressionID], in.SuppressionID, "suppression")
		if err != nil {
			return nil, err
		}
		return nil, s.o.Store.RemoveSuppression(ctx, who.TenantID, id,
			s.event(who, myodai.EventSuppressionRemoved, map[string]any{"suppression_id": string(id)}))
	})
}

func (s *Server) addSuppression(ctx context.Context, who myodai.Credential, in *struct{ Body NewSuppression }) (*output[Suppression], error) {
	address, err := myodai.ParseAddress(in.Body.Address)
	if err != nil {
		return nil, inField(err, "address")
	}
	event := s.event(who, myodai.EventSuppressionAdded, map[string]any{
		"address": address.String(), "reason": string(myodai.SuppressionManual),
	})
	p := myodai.Suppression{
		ID: myodai.NewID[myodai.SuppressionID](event.At, s.o.Random), TenantID: who.TenantID, Address: address,
		Reason: myodai.SuppressionManual, CreatedAt: event.At,
	}
	if err := s.o.Store.AddSuppression(ctx, p, event); err != nil {
		return nil, err
	}
	return outputOf(showSuppression(p)), nil
}

// event is something the tenant did by itself.
func (s *Server) event(who myodai.Credential, kind myodai.EventKind, data map[string]any) myodai.Event {
	now := time.Now()
	data["credential_id"] = string(who.ID)
	return myodai.Event{
		ID: myodai.NewID[myodai.EventID](now, s.o.Random), TenantID: who.TenantID, Kind: kind, At: now, Data: data,
	}
}
