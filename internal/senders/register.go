package senders

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// Registration is what is said of a sender address; nil fields of a change stay
// as they are.
type Registration struct {
	Label   *string
	Address *string
	Name    *string
	ReplyTo *string // "" for the address itself
}

// Registered is a sender address with what is known of it.
type Registered struct {
	Sender  myodai.SenderAddress
	Outlook Outlook
	// Asked is the newest mail that asked to confirm it; zero for none.
	Asked myodai.Confirmation
	// NotAsked says why no mail was sent although one is needed; nil otherwise.
	NotAsked *myodai.Error
}

// Verified reports whether all that policy wants is there.
func (r Registered) Verified() bool {
	switch {
	case r.Outlook.Refused != nil && !r.AtRisk(), r.Outlook.Via != "" && !r.Sender.CarriesAlone():
		return false
	}
	return !r.Outlook.Verify && (!r.Outlook.Confirm || r.Sender.Confirmed())
}

// AtRisk reports whether the address is still sent from, although its domain asks
// receivers by now to turn such mail away: see myodai.SenderLook.
func (r Registered) AtRisk() bool {
	return r.Outlook.Via != "" && r.Outlook.DMARC == KnownYes && r.Sender.CarriesAlone()
}

// Asking says who asks for something, for the mail that tells of it.
type Asking struct {
	Tenant myodai.TenantID
	From   string // IP address, "" when unknown
}

// Register adds a sender address, and asks it by mail to confirm where policy
// wants that. It refuses with CodeInvalid what cannot be a sender, with the
// reason, and with CodeConflict what the tenant has already.
func (s *Service) Register(ctx context.Context, who Asking, r Registration) (Registered, error) {
	now := time.Now()
	a := myodai.SenderAddress{
		ID: myodai.NewID[myodai.SenderID](now, s.o.Random), TenantID: who.Tenant, CreatedAt: now, ChangedAt: now,
	}
	empty := ""
	if r.Label == nil {
		r.Label = &empty
	}
	if r.Address == nil {
		r.Address = &empty
	}
	a, err := r.apply(a)
	if err != nil {
		return Registered{}, err
	}
	o, err := s.outlook(ctx, who.Tenant, a.Address, myodai.SenderAddress{})
	if err != nil {
		return Registered{}, err
	}
	if o.Refused != nil {
		return Registered{}, o.Refused
	}
	p, err := s.o.Store.Policy(ctx, who.Tenant)
	if err != nil {
		return Registered{}, err
	}
	only := p.Addresses == myodai.AddressesOne
	if err := s.o.Store.CreateSender(ctx, a, only, s.event(a, myodai.EventSenderRegistered, now, nil)); err != nil {
		return Registered{}, err
	}
	return s.askIfNeeded(ctx, who, Registered{Sender: a, Outlook: o})
}

// apply puts what is said into a sender address.
func (r Registration) apply(a myodai.SenderAddress) (_ myodai.SenderAddress, err error) {
	if r.Label != nil {
		if a.Label, err = myodai.ParseSenderLabel(*r.Label); err != nil {
			return a, err
		}
	}
	if r.Address != nil {
		if a.Address, err = parseAddress(*r.Address); err != nil {
			return a, err
		}
	}
	if r.Name != nil {
		if a.Name, err = myodai.ParseSenderName(*r.Name); err != nil {
			return a, err
		}
	}
	if r.ReplyTo != nil {
		a.ReplyTo = myodai.Address{}
		if *r.ReplyTo != "" {
			if a.ReplyTo, err = myodai.ParseAddress(*r.ReplyTo); err != nil {
				err.(*myodai.Error).Field = "reply_to"
				return a, err
			}
		}
	}
	return a, nil
}

// Change changes a sender address. Another address has to be confirmed again
// (E12), and one of another domain needs that domain verified where policy wants
// it; one of the same domain does not (E13).
func (s *Service) Change(ctx context.Context, who Asking, id myodai.SenderID, r Registration) (Registered, error) {
	before, err := s.o.Store.SenderAddress(ctx, who.Tenant, id)
	if err != nil {
		return Registered{}, err
	}
	wanted, err := r.apply(before)
	if err != nil {
		return Registered{}, err
	}
	moved := wanted.Address != before.Address
	own := before
	if moved {
		own = myodai.SenderAddress{}
	}
	o, err := s.outlook(ctx, who.Tenant, wanted.Address, own)
	if err != nil {
		return Registered{}, err
	}
	if moved && o.Refused != nil {
		return Registered{}, o.Refused
	}
	now := time.Now()
	a, err := s.o.Store.UpdateSender(ctx, who.Tenant, id, func(a myodai.SenderAddress) (myodai.SenderAddress, []myodai.Event, error) {
		was := a.Address
		a, err := r.apply(a)
		if err != nil {
			return a, nil, err
		}
		data := map[string]any{}
		if a.Address != was {
			a.ConfirmedAt, a.Look = time.Time{}, myodai.SenderLook{}
			data["was"] = was.String()
		}
		a.ChangedAt = now
		return a, []myodai.Event{s.event(a, myodai.EventSenderChanged, now, data)}, nil
	})
	if err != nil {
		return Registered{}, err
	}
	if !moved {
		return s.look(ctx, Registered{Sender: a, Outlook: o})
	}
	return s.askIfNeeded(ctx, who, Registered{Sender: a, Outlook: o})
}

// Delete takes a sender address away. Mail that waits for it is held back.
func (s *Service) Delete(ctx context.Context, tenant myodai.TenantID, id myodai.SenderID) error {
	a, err := s.o.Store.SenderAddress(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.o.Store.DeleteSender(ctx, tenant, id, s.event(a, myodai.EventSenderDeleted, time.Now(), nil))
}

// Sender shows a sender address with what is known of it.
func (s *Service) Sender(ctx context.Context, tenant myodai.TenantID, id myodai.SenderID) (Registered, error) {
	a, err := s.o.Store.SenderAddress(ctx, tenant, id)
	if err != nil {
		return Registered{}, err
	}
	o, err := s.outlook(ctx, tenant, a.Address, a)
	if err != nil {
		return Registered{}, err
	}
	return s.look(ctx, Registered{Sender: a, Outlook: o})
}

// Senders lists a tenant's sender addresses with what is known of each, oldest
// first.
func (s *Service) Senders(ctx context.Context, tenant myodai.TenantID, page myodai.Page) ([]Registered, string, error) {
	list, next, err := s.o.Store.SenderAddresses(ctx, tenant, page)
	if err != nil {
		return nil, "", err
	}
	out := make([]Registered, 0, len(list))
	for _, a := range list {
		o, err := s.outlook(ctx, tenant, a.Address, a)
		if err != nil {
			return nil, "", err
		}
		r, err := s.look(ctx, Registered{Sender: a, Outlook: o})
		if err != nil {
			return nil, "", err
		}
		out = append(out, r)
	}
	return out, next, nil
}

// look adds the newest question.
func (s *Service) look(ctx context.Context, r Registered) (Registered, error) {
	c, err := s.o.Store.LastConfirmation(ctx, r.Sender.TenantID, r.Sender.ID)
	if err != nil && !isNotFound(err) {
		return r, err
	}
	if err == nil {
		r.Asked = c
	}
	return r, nil
}
