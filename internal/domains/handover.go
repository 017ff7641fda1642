package domains

import (
	"context"
	"io"
	"net/http"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/handoff"
	"github.com/myodai/myodai/internal/plan"
)

// Handover has somebody else enter a domain's records: a person who is asked by
// mail (B15, C3), or the DNS host itself, by Domain Connect.
type Handover struct {
	HandoverOptions
	hosts hosts
	key   linkKey
}

// HandoverOptions are what a Handover is made of. Domains and Tenants are needed,
// and for Domain Connect all that follows Connect.
type HandoverOptions struct {
	Domains *Service
	Tenants Tenants
	// Send hands over a mail of the platform's own; nil: nobody is asked by mail.
	Send     func(ctx context.Context, m myodai.OwnMail) (myodai.MessageID, error)
	Platform string // what the platform is called

	// Connect is the platform as DNS hosts know it. Without a ProviderID none of
	// them is asked.
	Connect handoff.Service
	Keys    LinkKeys
	Lookup  func(ctx context.Context, name myodai.Name, t myodai.RecordType) myodai.Answer
	Outward http.RoundTripper // leads to strangers, through package egress
	Random  io.Reader         // of keys; must not fail
	Wake    func()            // called when our zone has changed; nil for nobody
}

// Tenants knows who asks.
type Tenants interface {
	Tenant(ctx context.Context, id myodai.TenantID) (myodai.Tenant, error)
}

// NewHandover returns the engine.
func NewHandover(o HandoverOptions) *Handover {
	if o.Wake == nil {
		o.Wake = func() {}
	}
	h := &Handover{HandoverOptions: o}
	h.hosts.slots = make(chan struct{}, maxHostsAtOnce)
	return h
}

// RequestDraft is the mail that asks a DNS administrator for what is still open,
// before it is sent.
type RequestDraft struct {
	Language handoff.Language
	Letter   handoff.Letter // may be edited
	Records  []plan.Item    // that go into it
}

// DraftRequest writes the mail for a domain in the recipient's language.
func (h *Handover) DraftRequest(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID, lang handoff.Language) (RequestDraft, error) {
	request, err := h.request(ctx, tenant, id, lang)
	if err != nil {
		return RequestDraft{}, err
	}
	return RequestDraft{Language: lang, Letter: request.Letter(), Records: handoff.Open(request.Plan, request.Checks)}, nil
}

func (h *Handover) request(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID, lang handoff.Language) (handoff.Request, error) {
	r, err := h.Domains.Read(ctx, tenant, id)
	if err != nil {
		return handoff.Request{}, err
	}
	t, err := h.Tenants.Tenant(ctx, tenant)
	if err != nil {
		return handoff.Request{}, err
	}
	return handoff.Request{
		Plan: r.Plan, Checks: r.Seen, Zone: r.Zone(), Host: diagnose.HostOf(r.Last), Language: lang, Tenant: t.Name, Service: h.Platform,
	}, nil
}

// NewRequest is a mail to be sent.
type NewRequest struct {
	To       myodai.Address
	ReplyTo  myodai.Address // zero for none
	Language handoff.Language
	Letter   handoff.Letter
}

// CanMail reports whether requests can be sent by mail at all.
func (h *Handover) CanMail() bool { return h.Send != nil }

// SendRequest sends the mail from the platform's address in the tenant's name,
// with the records that are open now and a share link. makeLink is called when
// nothing else is wrong, so that no link is made in vain.
func (h *Handover) SendRequest(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID, n NewRequest,
	makeLink func(context.Context) (address string, err error)) (myodai.MessageID, error) {
	if !h.CanMail() {
		return "", myodai.Refuse(myodai.CodeUnavailable, "", "this platform sends no mail of its own; copy the link and send it yourself")
	}
	request, err := h.request(ctx, tenant, id, n.Language)
	if err != nil {
		return "", err
	}
	if _, err := request.Mail(n.Letter); err != nil {
		return "", err
	}
	if request.Link, err = makeLink(ctx); err != nil {
		return "", err
	}
	mail, err := request.Mail(n.Letter)
	if err != nil {
		return "", err
	}
	return h.Send(ctx, myodai.OwnMail{
		To: n.To, FromName: request.Tenant, ReplyTo: n.ReplyTo, Subject: mail.Subject, Text: mail.Text, HTML: mail.HTML, Personal: true,
	})
}
