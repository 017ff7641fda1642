package console

import (
	"errors"

	"github.com/myodai/myodai"
)

func (s *Server) routeHeld() {
	const one = "POST /messages/{message}/deliveries/{delivery}"
	s.add(one+"/release", administrators, releaseDelivery)
	s.add(one+"/discard", administrators, discardDelivery)
	if s.o.Submission != nil {
		s.add("POST /messages/{message}/release", administrators, releaseMessage)
	}
}

// heldView is a delivery that is held, and what can be decided about it.
type heldView struct {
	Path    string // of the delivery, to decide about it alone; "" when that is not for this reader
	Message string // where the message is sent on its way; "" when that is not for this reader
	Others  string // what it waits for that is decided elsewhere; "" for nothing
}

// newHeldView says what can be decided about a delivery, nil when it is not held.
func newHeldView(d myodai.Delivery, may, release bool) *heldView {
	if d.State != myodai.DeliveryHeld {
		return nil
	}
	path, view := messagePath(d.MessageID), heldView{}
	switch {
	case d.Hold == myodai.HoldStanding || d.Hold == myodai.HoldCrashed:
		view.Others = "messages.held_" + string(d.Hold)
	case !may:
	case d.Hold == myodai.HoldSuppressed:
		view.Path = path + "/deliveries/" + string(d.ID)
	case release:
		view.Message = path + "/release"
	}
	return &view
}

// messagePath is the page of a message.
func messagePath(id myodai.MessageID) string { return "/messages/" + string(id) }

// releaseDelivery sends one delivery to a suppressed address after all.
func releaseDelivery(v *visit) error {
	return v.decideHeld(myodai.DeliveryAccepted, myodai.EventMessageReleased, "messages.released")
}

// discardDelivery gives one up.
func discardDelivery(v *visit) error {
	return v.decideHeld(myodai.DeliverySuppressed, myodai.EventMessageSuppressed, "messages.discarded")
}

func (v *visit) decideHeld(state myodai.DeliveryState, kind myodai.EventKind, said string) error {
	message, err := myodai.ParseID[myodai.MessageID](v.r.PathValue("message"))
	if err != nil {
		return errNoPage
	}
	id, err := myodai.ParseID[myodai.DeliveryID](v.r.PathValue("delivery"))
	if err != nil {
		return errNoPage
	}
	_, err = v.o.Store.DecideHeld(v.r.Context(), v.actor.Tenant, id, v.now, func(d myodai.Delivery) (myodai.Delivery, []myodai.Event, error) {
		if d.MessageID != message {
			return d, nil, errNoPage
		}
		e := v.did(kind, map[string]any{"recipient": d.Recipient.String(), "because": d.Last.Text})
		e.MessageID, e.DeliveryID = d.MessageID, d.ID
		d.State = state
		return d, []myodai.Event{e}, nil
	})
	if err == nil && state == myodai.DeliveryAccepted && v.o.Wake != nil {
		v.o.Wake()
	}
	return v.afterDecision(message, err, said)
}

// releaseMessage sends a message on its way whose author is verified by now.
func releaseMessage(v *visit) error {
	id, err := myodai.ParseID[myodai.MessageID](v.r.PathValue("message"))
	if err != nil {
		return errNoPage
	}
	_, err = v.o.Submission.Release(v.r.Context(), v.actor.Tenant, id, "")
	if refusal, ok := errors.AsType[*myodai.Error](err); ok && refusal.Code == myodai.CodeForbidden {
		return v.done(messagePath(id), "messages.not_yet")
	}
	return v.afterDecision(id, err, "messages.sent_on")
}

// afterDecision goes back to the message. That somebody else was faster is nothing
// to complain about: the page shows it.
func (v *visit) afterDecision(id myodai.MessageID, err error, said string) error {
	refusal, refused := errors.AsType[*myodai.Error](err)
	switch {
	case refused && refusal.Code == myodai.CodeConflict:
		return v.to(messagePath(id))
	case err != nil:
		return err
	}
	return v.done(messagePath(id), said)
}
