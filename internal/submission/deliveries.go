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
		if w.Fate == FateSend {
			e.direct(&d, w, domain)
		}
		list = append(list, d)
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

// direct puts a delivery on its way.
func (e *Engine) direct(d *myodai.Delivery, w Way, domain myodai.Domain) {
	d.State, d.Route, d.Pool = myodai.DeliveryAccepted, w.Route, w.Pool
	d.ReturnPath = bounce.MintReturnPath(e.o.ReturnKey, d.ID, domain.ReturnPath)
}
