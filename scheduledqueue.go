package myodai

import "strings"

// ScheduledQueue is where deliveries wait that are due and that their site has
// no room for: one for each tenant, class and destination, and for the way there.
// It stands in the store, so what waits there costs no memory (P21), and keeps
// nobody else's mail from being found (P20).
type ScheduledQueue struct {
	TenantID TenantID
	Class    ClassName
	Route    Route
	Pool     string
	Domain   Name // of the recipients
}

// ScheduledQueueOf is the queue that a delivery waits in when it has to.
func ScheduledQueueOf(d Delivery) ScheduledQueue {
	return ScheduledQueue{d.TenantID, d.Class, d.Route, d.Pool, d.Recipient.Domain}
}

// String is the queue's name in the store: its parts with slashes between them,
// which none of them contains.
func (q ScheduledQueue) String() string {
	return strings.Join([]string{string(q.TenantID), string(q.Class), string(q.Route), q.Pool, string(q.Domain)}, "/")
}

// ParseScheduledQueue reads what String wrote; ok is false for anything else.
func ParseScheduledQueue(name string) (q ScheduledQueue, ok bool) {
	parts := strings.Split(name, "/")
	if len(parts) != 5 {
		return ScheduledQueue{}, false
	}
	return ScheduledQueue{TenantID(parts[0]), ClassName(parts[1]), Route(parts[2]), parts[3], Name(parts[4])}, true
}
