// Package queue drives deliveries from accepted to a terminal state: it claims
// what is due, hands it to an agent by the site it goes to, decides what follows
// from each outcome, and records that.
//
// It does not speak SMTP (delivery does) and does not accept mail (submission
// does). Work is leased, not locked: no transaction is open while the network
// is, and what a dead node held is due again when its lease runs out. Delivery
// is therefore at least once; the window in which a crash repeats a mail is from
// the remote 250 until the outcome is written, which happens at once (P04).
//
// The retry curve obeys RFC 5321 §4.5.4.1 in spirit and is faster at its start,
// because of greylisting (RFC 6647). Sites have lanes, which are fair between
// tenants; what a site has room for now, and what its replies change about that,
// is for package shaping to say. A site that is slow or dead costs its own lane
// only (P10), and what has no room waits in the store (P21). Just before each
// mail the sender's right to send is checked again (P23), and what was accepted
// unsigned is signed.
//
// A store that fails stops the work, is asked again until it answers, and is
// logged once. An agent that panics costs the deliveries that made it an attempt.
package queue
