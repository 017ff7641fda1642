package delivery

import "time"

// What one attempt may use (T36). Nobody runs more exchangers than this in
// earnest; the largest mailbox providers publish five.
const (
	maxHosts     = 10 // MX hosts tried
	maxAddresses = 5  // addresses tried per host
	maxAliases   = 8  // CNAMEs followed within one answer
)

// What one reply may use (T37). RFC 5321 §4.5.3.1.5 allows lines of 512 octets;
// real servers send longer ones, with URLs in them.
const (
	maxReplyLine  = 2000 // octets, line end included
	maxReplyLines = 128
	keptReplyLine = 400  // octets of a line that are kept: no keyword and no reason is longer
	maxReplyText  = 2000 // octets of Outcome.Text
)

// maxDialogue is the size of Outcome.Dialogue: half for the opening of the
// connection, half for the transaction, and of that again half for what concerns
// one recipient, of whom each has leastDialogue when there are many.
const maxDialogue, leastDialogue = 16 << 10, 1 << 10

// maxRecipients is how many recipients a transaction has at most; every server
// has to take as many (RFC 5321 §4.5.3.1.8). One that takes fewer says so.
const maxRecipients = 100

// maxWireLine is the longest line of a message, without its CRLF (RFC 5322 §2.1.1).
const maxWireLine = 998

// Timeouts bounds every wait. A zero field means the default beside it, which
// is the least RFC 5321 §4.5.3.2 asks for where it asks for anything.
type Timeouts struct {
	Connect  time.Duration // 30 s: to one address; the RFC has none, this is what Postfix uses
	Greeting time.Duration // 5 min
	Hello    time.Duration // 5 min: EHLO, HELO, STARTTLS, AUTH, RSET; and the TLS handshake
	Mail     time.Duration // 5 min
	Rcpt     time.Duration // 5 min
	Data     time.Duration // 2 min: until 354
	Block    time.Duration // 3 min: for each 16 KiB to leave
	Final    time.Duration // 10 min: after the final dot. Giving up early here makes duplicates (RFC 1047)
	Quit     time.Duration // 5 s: everything is decided by then

	// Begin is the age of an attempt from which no new transaction begins and no
	// further server is tried: 10 min.
	Begin time.Duration
	// Total is the age at which an attempt ends in any case: 20 min (P10). A lease
	// on its deliveries must be longer.
	Total time.Duration
}

// withDefaults fills in the zero fields.
func (t Timeouts) withDefaults() Timeouts {
	for _, f := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.Connect, 30 * time.Second},
		{&t.Greeting, 5 * time.Minute},
		{&t.Hello, 5 * time.Minute},
		{&t.Mail, 5 * time.Minute},
		{&t.Rcpt, 5 * time.Minute},
		{&t.Data, 2 * time.Minute},
		{&t.Block, 3 * time.Minute},
		{&t.Final, 10 * time.Minute},
		{&t.Quit, 5 * time.Second},
		{&t.Begin, 10 * time.Minute},
		{&t.Total, 20 * time.Minute},
	} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	return t
}
