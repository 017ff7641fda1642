package myodai

import "time"

// Accepted is everything that is written when responsibility for a message is
// taken: all of it or nothing (P01).
type Accepted struct {
	Message    Message
	Body       []byte     // the message as it will be sent, signatures included unless it is Unsigned
	Deliveries []Delivery // one per recipient, suppressed ones included
	Events     []Event
	// Unsigned says that Body has no signatures yet: it gets them when it is sent, or
	// when it is released.
	Unsigned bool

	// IdempotencyKey is the key the submitter gave, "" for none. The same key of
	// the same tenant means the same message for 24 hours (P05).
	IdempotencyKey string
	// RequestHash is the SHA-256 of the request the key came with, so that a key
	// used again for something else is noticed. Unused without a key.
	RequestHash [32]byte
}

// Finished is what is written when an attempt is over: all of it or, when the
// lease was taken over meanwhile, nothing.
type Finished struct {
	Delivery    Delivery // in its new state, with DueAt and Last as decided
	Attempt     Attempt
	Events      []Event
	Suppression *Suppression // nil when the outcome suppresses nothing
	Notice      NoticeKind   // of the DSN that the sender is to have
	// Signatures are what a message that was accepted unsigned was sent with, as they
	// stand before it; nil when nobody signed it for this attempt. The first ones stay.
	Signatures []byte
}

// QueueLine sums up what waits for one recipient domain.
type QueueLine struct {
	Domain   Name      // of the recipients
	Accepted int       // deliveries not attempted yet
	Deferred int       // deliveries attempted, and to be attempted again
	OldestAt time.Time // when the oldest of them was queued
	DueAt    time.Time // when the next of them may be attempted; now when one may already
}

// Deferral sums up what waits to be tried again for one recipient domain.
type Deferral struct {
	Domain     Name // of the recipients
	Deliveries int
	OldestAt   time.Time // when the oldest of them was queued
	Last       Outcome   // of the newest of them
}

// HeldAuthor is whose mail is held: what decides whether it still has to be is
// the same for all of it.
type HeldAuthor struct {
	TenantID TenantID
	From     Address
	Class    ClassName
}

// Released is everything that is written when a held message goes on its way.
type Released struct {
	Message    Message    // with what it rests on, and the From it is sent with
	Body       []byte     // as it will be sent, signatures included
	Deliveries []Delivery // those that were held; State, Route, ReturnPath and DueAt are written
	Events     []Event
}
