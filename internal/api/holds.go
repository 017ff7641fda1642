package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// SelectionQuery picks deliveries from a list.
type SelectionQuery struct {
	TenantID  string `query:"tenant_id" doc:"For the operator: only of this tenant."`
	Domain    string `query:"domain" doc:"Only recipients at this domain."`
	MessageID string `query:"message_id" doc:"Only of this message."`
}

// Selection says which deliveries are meant: those to which all of it applies.
type Selection struct {
	TenantID  string `json:"tenant_id,omitempty" doc:"For the operator: only of this tenant."`
	Domain    string `json:"domain,omitempty" doc:"Only recipients at this domain."`
	MessageID string `json:"message_id,omitempty" doc:"Only of this message."`
}

// selection reads what is meant by who asks: a tenant means its own mail.
func (in Selection) selection(who myodai.Credential) (which myodai.Selection, err error) {
	if which.TenantID, err = parseOr(in.TenantID, "tenant_id", myodai.ParseID[myodai.TenantID]); err != nil {
		return which, err
	}
	if which.Domain, err = parseOr(in.Domain, "domain", myodai.ParseName); err != nil {
		return which, err
	}
	if which.MessageID, err = parseOr(in.MessageID, "message_id", myodai.ParseID[myodai.MessageID]); err != nil {
		return which, err
	}
	if who.Kind != myodai.CredentialOperator {
		if which.TenantID != "" && which.TenantID != who.TenantID {
			return which, myodai.Refuse(myodai.CodeForbidden, "tenant_id", "that is another tenant's mail")
		}
		which.TenantID = who.TenantID
	}
	return which, nil
}

// parseOr reads what was said for a field, and leaves what was not.
func parseOr[T ~string](text, field string, parse func(string) (T, error)) (T, error) {
	if text == "" {
		return "", nil
	}
	v, err := parse(text)
	return v, inField(err, field)
}

// NewHold is a hold to be made.
type NewHold struct {
	Selection
	Reason string `json:"reason,omitempty" maxLength:"200" doc:"For those who look at the queue later."`
}

// Hold keeps deliveries from being attempted until it is released.
type Hold struct {
	ID myodai.StandingHoldID `json:"id"`
	Selection
	Reason   string    `json:"reason"`
	Operator bool      `json:"operator" doc:"Made by the platform's operator, who alone can release it."`
	MadeAt   time.Time `json:"made_at"`
	LiftedAt time.Time `json:"lifted_at,omitzero" doc:"Since when what it held is being released; missing before."`
}

// HoldReleased says how much went on its way.
type HoldReleased struct {
	Deliveries int `json:"deliveries" doc:"How many are due now."`
}

// Expired says how much was given up.
type Expired struct {
	Deliveries int `json:"deliveries"`
}

func showHold(h myodai.StandingHold) Hold {
	w := h.Selection
	return Hold{
		ID: h.ID, Selection: Selection{TenantID: string(w.TenantID), Domain: string(w.Domain), MessageID: string(w.MessageID)},
		Reason: h.Reason, Operator: h.Operator, MadeAt: utc(h.MadeAt), LiftedAt: utc(h.LiftedAt),
	}
}

func (s *Server) registerHolds() {
	register(s, operation{
		id: "list-holds", method: http.MethodGet, path: "/queue/holds", tag: "queue", scope: scopeBoth,
		summary: "List what is kept from being sent", details: "The operator sees the holds on everybody's mail.",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ PageQuery }) (*listOutput[Hold], error) {
		list, next, err := s.o.Store.StandingHolds(ctx, who.TenantID, in.page())
		return listOf(list, next, showHold), err
	})
	register(s, operation{
		id: "hold-queue", method: http.MethodPost, path: "/queue/holds", tag: "queue", scope: scopeBoth, status: http.StatusCreated,
		summary: "Keep mail from being sent until it is released",
		details: "It counts for what waits and for what is accepted later, from the next attempt on; what a node has begun with goes on. " +
			"Held mail still expires when its time is over.",
	}, s.holdQueue)
	register(s, operation{
		id: "release-hold", method: http.MethodDelete, path: "/queue/holds/{hold_id}", tag: "queue", scope: scopeBoth,
		summary: "Release what a hold keeps", details: "What no other hold includes is due at once.",
	}, s.releaseHold)
	register(s, operation{
		id: "expire-queue", method: http.MethodPost, path: "/queue/expire", tag: "queue", scope: scopeBoth,
		summary: "Give waiting and held mail up now",
		details: "Senders who want a DSN get one. It cannot be undone. A selection must say at least one thing.",
	}, s.expireQueue)
}

func (s *Server) holdQueue(ctx context.Context, who myodai.Credential, in *struct{ Body NewHold }) (*output[Hold], error) {
	which, err := in.Body.selection(who)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	h := myodai.StandingHold{
		ID: myodai.NewID[myodai.StandingHoldID](now, s.o.Random), Selection: which, Reason: in.Body.Reason,
		Operator: who.Kind == myodai.CredentialOperator, MadeAt: now,
	}
	return outputOf(showHold(h)), s.o.Store.CreateStandingHold(ctx, h)
}

// queueBatch is how many deliveries one transaction releases or expires.
const queueBatch = 500

func (s *Server) releaseHold(ctx context.Context, who myodai.Credential, in *struct {
	HoldID string `path:"hold_id"`
}) (*output[HoldReleased], error) {
	id, err := pathID(myodai.ParseID[myodai.StandingHoldID], in.HoldID, "hold")
	if err != nil {
		return nil, err
	}
	defer s.o.Wake()
	total, now := 0, time.Now()
	for more := true; more; {
		var n int
		n, more, err = s.o.Store.ReleaseStandingHold(ctx, who.TenantID, id, now, queueBatch, func(d myodai.Delivery) myodai.Event {
			return s.eventOf(d, myodai.EventMessageReleased, now, map[string]any{"hold": string(id)})
		})
		if err != nil {
			return nil, err
		}
		total += n
	}
	return outputOf(HoldReleased{total}), nil
}

func (s *Server) expireQueue(ctx context.Context, who myodai.Credential, in *struct{ Body Selection }) (*output[Expired], error) {
	if in.Body == (Selection{}) {
		return nil, myodai.Invalidf("say a tenant, a domain or a message: all mail cannot be given up at once")
	}
	which, err := in.Body.selection(who)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	by := "given up by the tenant"
	if who.Kind == myodai.CredentialOperator {
		by = "given up by the platform's operator"
	}
	why := myodai.Outcome{Kind: myodai.OutcomePermanent, Enhanced: "4.4.7", Text: by, At: now}
	for total := 0; ; {
		n, err := s.o.Store.ExpireNow(ctx, which, why, queueBatch, func(d myodai.Delivery) myodai.Event {
			return s.eventOf(d, myodai.EventMessageExpired, now, map[string]any{"text": by})
		})
		if err != nil {
			return nil, err
		}
		if total += n; n < queueBatch {
			return outputOf(Expired{total}), nil
		}
	}
}

// eventOf tells of a delivery.
func (s *Server) eventOf(d myodai.Delivery, kind myodai.EventKind, now time.Time, data map[string]any) myodai.Event {
	data["recipient"] = d.Recipient.String()
	return myodai.Event{
		ID: myodai.NewID[myodai.EventID](now, s.o.Random), TenantID: d.TenantID, Kind: kind, At: now,
		MessageID: d.MessageID, DeliveryID: d.ID, Data: data,
	}
}
