package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// Suppression keeps the tenant from mailing an address.
type Suppression struct {
	ID         myodai.SuppressionID     `json:"id"`
	Address    string                   `json:"address"`
	Class      myodai.ClassName         `json:"class" doc:"The class of mail that is held back; empty for all mail."`
	Reason     myodai.SuppressionReason `json:"reason" enum:"bounced,complained,unsubscribed,manual,imported,audited"`
	Evidence   string                   `json:"evidence" doc:"The reply or notice it rests on."`
	Because    string                   `json:"because" doc:"Since when and why, in one sentence, as every send that it holds back records it."`
	MessageID  myodai.MessageID         `json:"message_id,omitempty" doc:"The message that led to it."`
	DeliveryID myodai.DeliveryID        `json:"delivery_id,omitempty" doc:"Its delivery."`
	ReturnedID myodai.ReturnedID        `json:"returned_id,omitempty" doc:"The mail that came back and says so."`
	BatchID    myodai.BatchID           `json:"batch_id,omitempty" doc:"The import or audit it came with."`
	CreatedAt  time.Time                `json:"created_at" doc:"Since when."`
	ExpiresAt  time.Time                `json:"expires_at,omitzero" doc:"It no longer counts from then on; missing for never."`
	ProbeAt    time.Time                `json:"probe_at,omitzero" doc:"From then on one message goes through, to see whether the address is in use again; missing for never."`
	ProbeID    myodai.DeliveryID        `json:"probe_id,omitempty" doc:"The newest such delivery."`
	RemovedAt  time.Time                `json:"removed_at,omitzero" doc:"When it was taken off the list; missing while it is on it."`
	Removed    string                   `json:"removed,omitempty" doc:"By whom, or why."`
}

// NewSuppression is an address not to be mailed any more.
type NewSuppression struct {
	Address   string    `json:"address" example:"nobody@example.com"`
	Class     string    `json:"class,omitempty" maxLength:"40" doc:"Only mail of this class; left out: all mail."`
	Evidence  string    `json:"evidence,omitempty" maxLength:"1000" doc:"A note of why."`
	ExpiresAt time.Time `json:"expires_at,omitzero" doc:"Until when; left out: until it is taken off."`
}

// SuppressionQuery picks entries of the list.
type SuppressionQuery struct {
	Address string `query:"address" doc:"Only entries for this address."`
	Domain  string `query:"domain" doc:"Only entries for addresses of this domain."`
	Reason  string `query:"reason" enum:"bounced,complained,unsubscribed,manual,imported,audited"`
	Class   string `query:"class" maxLength:"40" doc:"Only entries for this class of mail."`
	Batch   string `query:"batch_id" doc:"Only what came with this import or audit."`
	Removed bool   `query:"removed" doc:"Those that were taken off the list in place of those on it."`
}

func (q SuppressionQuery) filter() (f store.SuppressionFilter, err error) {
	f = store.SuppressionFilter{Reason: myodai.SuppressionReason(q.Reason), Batch: myodai.BatchID(q.Batch), Removed: q.Removed}
	if q.Address != "" {
		if f.Address, err = myodai.ParseAddress(q.Address); err != nil {
			return f, inField(err, "address")
		}
	}
	if q.Domain != "" {
		if f.Domain, err = myodai.ParseName(q.Domain); err != nil {
			return f, inField(err, "domain")
		}
	}
	if q.Class != "" {
		class := myodai.ClassName(q.Class)
		f.Class = &class
	}
	return f, nil
}

// SuppressionPath names an entry.
type SuppressionPath struct {
	SuppressionID string `path:"suppression_id"`
}

func (p SuppressionPath) id() (myodai.SuppressionID, error) {
	return pathID(myodai.ParseID[myodai.SuppressionID], p.SuppressionID, "suppression")
}

func showSuppression(p myodai.Suppression) Suppression {
	return Suppression{
		ID: p.ID, Address: p.Address.String(), Class: p.Class, Reason: p.Reason, Evidence: p.Evidence, Because: p.Since(),
		MessageID: p.MessageID, DeliveryID: p.DeliveryID, ReturnedID: p.ReturnedID, BatchID: p.Batch, CreatedAt: utc(p.CreatedAt),
		ExpiresAt: utc(p.ExpiresAt), ProbeAt: utc(p.ProbeAt), ProbeID: p.Probe, RemovedAt: utc(p.RemovedAt), Removed: p.Removed,
	}
}

func (s *Server) registerSuppressions() {
	register(s, operation{
		id: "list-suppressions", method: http.MethodGet, path: "/suppressions", tag: "suppressions", scope: scopeTenant,
		summary: "List the addresses that are not mailed",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		PageQuery
		SuppressionQuery
	}) (*listOutput[Suppression], error) {
		f, err := in.filter()
		if err != nil {
			return nil, err
		}
		list, next, err := s.o.Store.Suppressions(ctx, who.TenantID, f, in.page())
		return listOf(list, next, showSuppression), err
	})
	register(s, operation{
		id: "add-suppression", method: http.MethodPost, path: "/suppressions", tag: "suppressions", scope: scopeTenant,
		summary: "Stop mailing an address", status: http.StatusCreated,
	}, s.addSuppression)
	register(s, operation{
		id: "get-suppression", method: http.MethodGet, path: "/suppressions/{suppression_id}", tag: "suppressions", scope: scopeTenant,
		summary: "Show an entry of the list, or one that was taken off it",
	}, func(ctx context.Context, who myodai.Credential, in *SuppressionPath) (*output[Suppression], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		p, err := s.o.Store.Suppression(ctx, who.TenantID, id)
		return outputOf(showSuppression(p)), err
	})
	register(s, operation{
		id: "remove-suppression", method: http.MethodDelete, path: "/suppressions/{suppression_id}", tag: "suppressions", scope: scopeTenant,
		summary: "Mail an address again",
		details: "Deliveries that were held for it, and that no other entry holds, are sent now. undo-suppression-removal takes it back.",
	}, s.removeSuppression)
	register(s, operation{
		id: "undo-suppression-removal", method: http.MethodPost, path: "/suppressions/{suppression_id}/undo", tag: "suppressions", scope: scopeTenant,
		summary: "Put an entry that was taken off the list back on it, as it was",
	}, func(ctx context.Context, who myodai.Credential, in *SuppressionPath) (*output[Suppression], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		err = s.o.Store.PutBackSuppression(ctx, who.TenantID, id,
			s.event(who, myodai.EventSuppressionAdded, map[string]any{"suppression": string(id), "undone": true}))
		if err != nil {
			return nil, err
		}
		p, err := s.o.Store.Suppression(ctx, who.TenantID, id)
		return outputOf(showSuppression(p)), err
	})
	s.registerSuppressionFiles()
	s.registerReturned()
	s.registerHeld()
}

func (s *Server) addSuppression(ctx context.Context, who myodai.Credential, in *struct{ Body NewSuppression }) (*output[Suppression], error) {
	address, err := myodai.ParseAddress(in.Body.Address)
	if err != nil {
		return nil, inField(err, "address")
	}
	class, err := s.classNamed(ctx, who.TenantID, in.Body.Class)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if !in.Body.ExpiresAt.IsZero() && !in.Body.ExpiresAt.After(now) {
		return nil, myodai.Refuse(myodai.CodeInvalid, "expires_at", "the entry would have expired already; give a time to come")
	}
	p := myodai.Suppression{
		ID: myodai.NewID[myodai.SuppressionID](now, s.o.Random), TenantID: who.TenantID, Address: address, Class: class,
		Reason: myodai.SuppressionManual, Evidence: in.Body.Evidence, CreatedAt: now, ExpiresAt: in.Body.ExpiresAt,
	}
	event := s.event(who, myodai.EventSuppressionAdded, map[string]any{
		"suppression": string(p.ID), "recipient": address.String(), "reason": string(p.Reason), "class": string(class),
	})
	if err := s.o.Store.AddSuppression(ctx, p, event); err != nil {
		return nil, err
	}
	return outputOf(showSuppression(p)), nil
}

// classNamed is a class of the tenant's policy by its name; "" stays "".
func (s *Server) classNamed(ctx context.Context, tenant myodai.TenantID, name string) (myodai.ClassName, error) {
	if name == "" {
		return "", nil
	}
	policy, err := s.o.Store.Policy(ctx, tenant)
	if err != nil {
		return "", err
	}
	class, err := policy.Class(myodai.ClassName(name))
	return class.Name, err
}

func (s *Server) removeSuppression(ctx context.Context, who myodai.Credential, in *SuppressionPath) (*empty, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	event := s.event(who, myodai.EventSuppressionRemoved, map[string]any{"suppression": string(id)})
	held, err := s.o.Store.RemoveSuppression(ctx, who.TenantID, id, store.Removal{
		At: event.At, By: string(who.ID), Released: s.releasedEvent(who),
	}, event)
	if held > 0 {
		s.o.Wake()
	}
	return nil, err
}

func (s *Server) releasedEvent(who myodai.Credential) func(myodai.Delivery) myodai.Event {
	return func(d myodai.Delivery) myodai.Event {
		e := s.event(who, myodai.EventMessageReleased, map[string]any{"recipient": d.Recipient.String()})
		e.MessageID, e.DeliveryID = d.MessageID, d.ID
		return e
	}
}

// registerReturned lets tenants read what came back to them.
func (s *Server) registerReturned() {
	register(s, operation{
		id: "get-returned", method: http.MethodGet, path: "/returned/{returned_id}", tag: "suppressions", scope: scopeTenant,
		summary: "Download a mail that came back, as it was", answers: "message/rfc822",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		ReturnedID string `path:"returned_id"`
	}) (*huma.StreamResponse, error) {
		id, err := pathID(myodai.ParseID[myodai.ReturnedID], in.ReturnedID, "returned mail")
		if err != nil {
			return nil, err
		}
		r, err := s.o.Store.Returned(ctx, who.TenantID, id)
		if err != nil {
			return nil, err
		}
		return s.download("message/rfc822", string(id)+".eml", func(_ context.Context, w io.Writer) error {
			_, err := w.Write(r.Raw)
			return err
		}), nil
	})
}

// event is something the tenant did by itself.
func (s *Server) event(who myodai.Credential, kind myodai.EventKind, data map[string]any) myodai.Event {
	now := time.Now()
	data["credential_id"] = string(who.ID)
	return myodai.Event{
		ID: myodai.NewID[myodai.EventID](now, s.o.Random), TenantID: who.TenantID, Kind: kind, At: now, Data: data,
	}
}
