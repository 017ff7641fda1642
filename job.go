package myodai

import "context"

// Job is work for one recipient domain: deliveries that may share a connection.
type Job struct {
	Domain Name // right of the @ of every recipient
	Items  []JobItem
}

// JobItem is one delivery of a job. Deliveries of one message still are one SMTP
// transaction each, because each has a return path of its own.
type JobItem struct {
	Delivery Delivery
	// Load checks once more that the sender may still send (P23) and returns the
	// signed message in wire form: CRLF line ends, no dot-stuffing. It is called
	// just before MAIL FROM, at most once, and not at all when no server was
	// reached. On an error nothing is sent: a refusal (*Error) holds the delivery
	// back for the reason it gives, anything else is our own fault; both end in
	// a transient outcome.
	Load func(ctx context.Context) ([]byte, error)
}
