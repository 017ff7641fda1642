package submission

import (
	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

// deliveries makes one delivery per recipient, and the events of the message.
// domain takes the bounces of what is sent.
func (e *Engine) deliveries(m myodai.Message, w Way, domain myodai.Domain, recipients []myodai.Address, sole myodai.DeliveryID) (
	[]myodai.Delivery, []myodai.Event) {
	list := make([]myodai.Delivery, 0, len(recipients))
	events := []myodai.Event{e.event(m, myodai.EventMessageAccepted, "", map[string]any{
		"recipients": len(recipients), "class": string(m.Class), "suppressed": 0,
	})}
	for _, rcpt := range recipients {
		id := sole
		if id == "" {
			id = myodai.NewID[myodai.DeliveryID](m.AcceptedAt, e.o.Random)
		}
		d := myodai.Delivery{
			ID: id, TenantID: m.TenantID, MessageID: m.ID, Recipient: rcpt, State: myodai.DeliveryHeld, Class: m.Class,
			DueAt: m.AcceptedAt, QueuedAt: m.AcceptedAt, ExpiresAt: m.ExpiresAt,
		}
		list = append(list, d)
	}
	if w.Fate == FateSend {
		e.direct(list, w, domain)
	}
	if w.Fate == FateHold {
		events = append(events, e.event(m, myodai.EventMessageHeld, "", map[string]any{"why": string(w.Why), "lacking": w.Lacking}))
	} else {
		events[0].Data["route"], events[0].Data["basis"], events[0].Data["sent_from"] = string(w.Route), string(m.Basis), m.From.String()
	}
	return list, events
}

func (e *Engine) event(m myodai.Message, kind myodai.EventKind, delivery myodai.DeliveryID, data map[string]any) myodai.Event {
	return myodai.Event{
		ID: myodai.NewID[myodai.EventID](m.AcceptedAt, e.o.Random), TenantID: m.TenantID, Kind: kind, At: m.AcceptedAt,
		DomainID: m.DomainID, MessageID: m.ID, DeliveryID: delivery, Data: data,
	}
}

// direct puts deliveries of a message on their way. Who is alone at a domain, has a
// return path alone, whatever the class says: there is nobody to share it with.
func (e *Engine) direct(list []myodai.Delivery, w Way, domain myodai.Domain) {
	var shared map[myodai.Name]myodai.Address
	if w.Returns == myodai.ReturnPathMessage && len(list) > 1 {
		shared = e.sharedPaths(list, domain.ReturnPath)
	}
	for i := range list {
		d := &list[i]
		d.State, d.Route, d.Pool = myodai.DeliveryAccepted, w.Route, w.Pool
		path, ok := shared[d.Recipient.Domain]
		if !ok {
			path = bounce.MintReturnPath(e.o.ReturnKey, d.ID, domain.ReturnPath)
		}
		d.ReturnPath = path
	}
}

// sharedPaths makes a return path for each domain at which several recipients are.
func (e *Engine) sharedPaths(list []myodai.Delivery, host myodai.Name) map[myodai.Name]myodai.Address {
	first, shared := map[myodai.Name]myodai.DeliveryID{}, map[myodai.Name]myodai.Address{}
	for _, d := range list {
		to := d.Recipient.Domain
		if id, second := first[to]; !second {
			first[to] = d.ID
		} else if _, made := shared[to]; !made {
			shared[to] = bounce.MintSharedReturnPath(e.o.ReturnKey, id, host)
		}
	}
	return shared
}
