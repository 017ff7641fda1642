package myodai

import "context"

// Job is work for one recipient domain: deliveries that may share a connection.
type Job struct {
	Domain Name   // right of the @ of every recipient
	Route  Route  // of every delivery
	Source Source // that it leaves from
	// Messages bounds what one connection takes; 0 means any number.
	Messages int
	// Recipients bounds what one transaction has; 0 means as many as every server
	// has to take.
	Recipients int
	// NoChunking has the message sent with DATA also to servers that offer CHUNKING.
	NoChunking bool
	Items      []JobItem
	// Settled, unless nil, is told the outcome of Items[i] as soon as it stands,
	// before anything is said about the next item. What it does with it should
	// be quick: until a delivered outcome is on disk a crash repeats the mail (P04).
	Settled func(i int, o Outcome)
	// Enough, unless nil, tells that nothing more is to be begun: the site wants to
	// be left alone. What was not begun keeps the zero Outcome.
	Enough func() bool
}

// JobItem is one delivery of a job. Deliveries of one message are one SMTP
// transaction each as long as each has a return path of its own, and share one
// where they have one in common.
type JobItem struct {
	Delivery Delivery
	// Load checks once more that the sender may still send (P23) and returns the
	// signed message in wire form: CRLF line ends, no dot-stuffing. It is called
	// just before MAIL FROM, not at all when no server was reached, and again
	// when another server has to be tried. On an error nothing is sent: a refusal
	// (*Error) holds the delivery back for the reason it gives, anything else is
	// our own fault; both end in a transient outcome.
	Load func(ctx context.Context) ([]byte, error)
}
