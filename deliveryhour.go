package myodai

import "time"

// HourDeliveries is what became of deliveries in one hour. Each time that one is
// deferred counts.
type HourDeliveries struct {
	Hour       time.Time // its beginning
	Delivered  int64
	Deferred   int64
	Bounced    int64
	Expired    int64
	Suppressed int64
}

// Count adds an event, if it tells what became of a delivery.
func (h *HourDeliveries) Count(kind EventKind) {
	switch kind {
	case EventMessageDelivered:
		h.Delivered++
	case EventMessageDeferred:
		h.Deferred++
	case EventMessageBounced:
		h.Bounced++
	case EventMessageExpired:
		h.Expired++
	case EventMessageSuppressed:
		h.Suppressed++
	}
}

// Sum is how many things happened in the hour.
func (h HourDeliveries) Sum() int64 {
	return h.Delivered + h.Deferred + h.Bounced + h.Expired + h.Suppressed
}
