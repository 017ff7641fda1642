package api

import (
	"context"
	"net/http"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/submission"
)

// NewExplanation is a From to be explained.
type NewExplanation struct {
	From     string `json:"from" doc:"An address." example:"sales@acme.example"`
	Class    string `json:"class,omitempty" maxLength:"40" doc:"Of the mail; left out: the policy's first."`
	TenantID string `json:"tenant_id,omitempty" doc:"For the operator: whose mail it would be."`
}

// Explanation says which way mail from an address would go now, and why.
type Explanation struct {
	From    string                `json:"from"`
	Class   myodai.ClassName      `json:"class"`
	Fate    submission.Fate       `json:"fate" enum:"send,hold,refuse"`
	Route   myodai.Route          `json:"route,omitempty" doc:"Of what is sent: delivery, smarthost:NAME or normal."`
	Basis   myodai.Basis          `json:"basis,omitempty" enum:"domain,address,platform,normal" doc:"What entitles it to the From it is sent with."`
	Why     submission.Why        `json:"why" enum:"domain_verified,address_confirmed,not_in_sender_list,not_verified"`
	Rule    myodai.UnverifiedRule `json:"rule,omitempty" enum:"refuse,hold,normal,platform" doc:"Of the class, when it decided."`
	Entry   string                `json:"entry,omitempty" doc:"Of the sender list, that the address matches."`
	Lacking string                `json:"lacking,omitempty" doc:"What is to be done for it to go the way of its class."`
	Text    Bilingual             `json:"text" doc:"The same in words."`
}

// Bilingual is a text in the languages of the platform.
type Bilingual struct {
	EN string `json:"en"`
	JA string `json:"ja"`
}

// Release says how a held message is to go.
type Release struct {
	Rule string `json:"rule,omitempty" enum:"normal,platform" doc:"For the operator: send it so although its From is not verified."`
}

func (s *Server) registerRoutes() {
	register(s, operation{
		id: "explain-route", method: http.MethodPost, path: "/routes/explain", tag: "messages", scope: scopeBoth,
		summary: "Say which way mail from an address would go, and why",
	}, s.explainRoute)
	register(s, operation{
		id: "list-held", method: http.MethodGet, path: "/queue/held", tag: "queue", scope: scopeBoth,
		summary: "List the deliveries that are held: until their From is verified, or for a suppressed recipient", details: "The operator sees those of all tenants.",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ PageQuery }) (*listOutput[Delivery], error) {
		list, next, err := s.o.Store.Held(ctx, who.TenantID, in.page())
		return listOf(list, next, showDelivery), err
	})
	register(s, operation{
		id: "release-message", method: http.MethodPost, path: "/messages/{message_id}/release", tag: "messages", scope: scopeBoth,
		summary: "Send a held message on its way",
		details: "It goes by itself when its From becomes verified. The operator can send it before that, by the normal path or from the platform's own address.",
	}, s.releaseMessage)
}

func (s *Server) explainRoute(ctx context.Context, who myodai.Credential, in *struct{ Body NewExplanation }) (*output[Explanation], error) {
	tenant := who.TenantID
	switch id, err := myodai.ParseID[myodai.TenantID](in.Body.TenantID); {
	case tenant != "" && in.Body.TenantID != "" && in.Body.TenantID != string(tenant):
		return nil, myodai.Refuse(myodai.CodeForbidden, "tenant_id", "only the platform operator asks for other tenants")
	case tenant == "" && err != nil:
		return nil, myodai.Refuse(myodai.CodeInvalid, "tenant_id", "say whose mail it would be")
	case tenant == "":
		if _, err := s.o.Store.Tenant(ctx, id); err != nil {
			return nil, err
		}
		tenant = id
	}
	from, err := myodai.ParseAddress(in.Body.From)
	if err != nil {
		return nil, inField(err, "from")
	}
	class, w, err := s.o.Submission.Explain(ctx, tenant, myodai.ClassName(in.Body.Class), from)
	if err != nil {
		return nil, err
	}
	en, ja := w.Text(class, from)
	return outputOf(Explanation{
		From: from.String(), Class: class.Name, Fate: w.Fate, Route: w.Route, Basis: w.Basis, Why: w.Why, Rule: w.Rule,
		Entry: w.Entry, Lacking: w.Lacking, Text: Bilingual{en, ja},
	}), nil
}

func (s *Server) releaseMessage(ctx context.Context, who myodai.Credential, in *struct {
	MessageID string `path:"message_id"`
	Body      Release
}) (*output[Message], error) {
	id, err := pathID(myodai.ParseID[myodai.MessageID], in.MessageID, "message")
	if err != nil {
		return nil, err
	}
	tenant := who.TenantID
	if tenant == "" {
		sending, err := s.o.Store.Sending(ctx, id)
		if err != nil {
			return nil, err
		}
		tenant = sending.Tenant.ID
	} else if in.Body.Rule != "" {
		return nil, myodai.Refuse(myodai.CodeForbidden, "rule", "only the platform operator sends what is not verified; have the From verified, and it goes by itself")
	}
	m, err := s.o.Submission.Release(ctx, tenant, id, myodai.UnverifiedRule(in.Body.Rule))
	return outputOf(showMessage(m)), err
}
