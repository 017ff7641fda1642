package inbound

import (
	"context"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/myodai/myodai"
)

// Store is what inbound may do to what survives a restart.
type Store interface {
	// DomainByToken finds the domain a report address was made for; a refusal
	// with CodeNotFound when there is none.
	DomainByToken(ctx context.Context, token string) (myodai.Domain, error)
	// RecordReturned keeps a mail that came back and writes what follows from it,
	// in one transaction. When r has a DeliveryID, change is given that delivery
	// and returns what becomes of it, and r.TenantID is filled in from it. When r
	// has none, change is given the zero Delivery, and of its results only the
	// events count. A second complaint about the same delivery is kept, and change
	// is not called for it.
	RecordReturned(ctx context.Context, r myodai.Returned,
		change func(myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error)) error
}

// Unsubscribes reads the addresses to which recipients write to get no more
// mail, and does what they wish.
type Unsubscribes interface {
	// ReadMail says of which delivery the address is; ok is false for any other
	// address, and for one that is no longer read.
	ReadMail(a myodai.Address, now time.Time) (id myodai.DeliveryID, ok bool)
	// UnsubscribeMail stops mail of the class of a delivery to its recipient.
	UnsubscribeMail(ctx context.Context, id myodai.DeliveryID, now time.Time) error
}

// Options are what a Service is made of.
type Options struct {
	Store     Store
	Random    io.Reader   // for ids; must not fail
	ReturnKey [32]byte    // that return paths were minted with
	Zone      myodai.Name // the zone we serve: report addresses and our host names are in it
	MailHost  myodai.Name // our HELO name, which may be outside Zone

	// Postmaster takes mail to postmaster and abuse at our host names, except for
	// complaints that carry a return path of ours; an error
	// makes the sender try again later. Nil refuses such mail, so that nothing is
	// taken that nobody reads; RFC 5321 §4.5.1 wants it taken.
	Postmaster func(ctx context.Context, recipient myodai.Address, remote string, raw []byte) error

	Unsubscribes Unsubscribes // nil: nobody unsubscribes by mail

	Registerer prometheus.Registerer // nil: not registered
}

// Service takes in what comes back. It is safe for concurrent use.
type Service struct {
	o       Options
	metrics metrics
}

// New makes a Service.
func New(o Options) *Service {
	return &Service{o: o, metrics: newMetrics(o.Registerer)}
}
