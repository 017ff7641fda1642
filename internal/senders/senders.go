// Package senders is the life of a sender address: registered, asked about by
// mail, confirmed by whoever reads it, changed, deleted.
//
// Whether mail may be sent from it is decided where mail is taken in
// (submission); here is only found out what can be proved of an address, and what
// is to be expected of it. A link in a mail changes nothing by itself: programs
// open links, too, so it takes a button and either the requester's session or the
// code that the requester was shown (T10).
//
// A refusal is a *myodai.Error; anything else is our own fault.
package senders

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/myodai/myodai"
)

// Store is what this engine keeps. See package store.
type Store interface {
	Addresses
	Confirmations
	Tenant(ctx context.Context, id myodai.TenantID) (myodai.Tenant, error)
	Policy(ctx context.Context, tenant myodai.TenantID) (myodai.Policy, error)
	// Domains lists a tenant's domains.
	Domains(ctx context.Context, tenant myodai.TenantID, page myodai.Page) ([]myodai.Domain, string, error)
}

// Addresses are the sender addresses.
type Addresses interface {
	CreateSender(ctx context.Context, a myodai.SenderAddress, only bool, events ...myodai.Event) error
	SenderAddress(ctx context.Context, tenant myodai.TenantID, id myodai.SenderID) (myodai.SenderAddress, error)
	SenderAddresses(ctx context.Context, tenant myodai.TenantID, page myodai.Page) ([]myodai.SenderAddress, string, error)
	UpdateSender(ctx context.Context, tenant myodai.TenantID, id myodai.SenderID,
		change func(myodai.SenderAddress) (myodai.SenderAddress, []myodai.Event, error)) (myodai.SenderAddress, error)
	DeleteSender(ctx context.Context, tenant myodai.TenantID, id myodai.SenderID, e myodai.Event) error
	// SenderRivals lists the same address of other tenants that have proved it.
	SenderRivals(ctx context.Context, tenant myodai.TenantID, address myodai.Address) ([]myodai.SenderAddress, error)
	// ClaimSenderLooks hands out confirmed addresses whose domain is to be looked at.
	ClaimSenderLooks(ctx context.Context, max int, now, until time.Time) ([]myodai.SenderAddress, error)
}

// Confirmations are the mails that ask, and what came of them.
type Confirmations interface {
	// AddConfirmation refuses with CodeLimited when the address was asked too often.
	AddConfirmation(ctx context.Context, c myodai.Confirmation, events ...myodai.Event) error
	ConfirmationByToken(ctx context.Context, sum [32]byte) (myodai.Confirmation, error)
	LastConfirmation(ctx context.Context, tenant myodai.TenantID, sender myodai.SenderID) (myodai.Confirmation, error)
	// AnswerConfirmation saves what answer returns, beside an error too.
	AnswerConfirmation(ctx context.Context, sum [32]byte,
		answer func(myodai.Confirmation) (myodai.Confirmation, []myodai.Event, error)) (myodai.Confirmation, error)
	ExpireConfirmations(ctx context.Context, now time.Time, max int, event func(myodai.Confirmation) myodai.Event) (int, error)
}

// Options are what a Service is made of. All but Log are needed.
type Options struct {
	Store Store
	// Owner returns the verified domain as which a tenant may send from a name;
	// CodeForbidden, with what to do, when there is none.
	Owner func(ctx context.Context, tenant myodai.TenantID, name myodai.Name) (myodai.Domain, error)
	// Lookup answers a question from a cache, aliases followed.
	Lookup func(ctx context.Context, name myodai.Name, t myodai.RecordType) myodai.Answer
	// Send takes responsibility for a mail of the platform's own.
	Send     func(ctx context.Context, m myodai.OwnMail) (myodai.MessageID, error)
	Zone     myodai.Name // of the platform, which signs what no domain does
	Platform string      // what people call it
	BaseURL  string      // where /confirm/ is
	Random   io.Reader   // of tokens, codes and ids; must not fail
	Log      *slog.Logger
}

// Service keeps sender addresses. It is safe for concurrent use.
type Service struct{ o Options }

// New makes a service.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{o: o}
}

// event tells what happened to a sender address.
func (s *Service) event(a myodai.SenderAddress, kind myodai.EventKind, now time.Time, data map[string]any) myodai.Event {
	if data == nil {
		data = map[string]any{}
	}
	data["sender_id"], data["label"], data["address"] = string(a.ID), a.Label, a.Address.String()
	return myodai.Event{ID: myodai.NewID[myodai.EventID](now, s.o.Random), TenantID: a.TenantID, Kind: kind, At: now, Data: data}
}
