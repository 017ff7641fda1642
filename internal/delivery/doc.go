// Package delivery hands messages to the mail servers of their recipients'
// domains, or to a smarthost, and says what came of each.
//
// An Agent takes a job, which is some deliveries to one domain, finds the
// servers (RFC 5321 §5.1, RFC 7505), and talks SMTP with them over as few
// connections as they allow (RFC 5321, with PIPELINING, SIZE, 8BITMIME,
// SMTPUTF8, STARTTLS and, at a smarthost, AUTH PLAIN). Between jobs it remembers
// nothing but connections that were of use, for seconds.
//
// It does not decide when to try again (queue does), does not sign, and does
// not check MTA-STS or DANE: TLS is opportunistic, and only the way to a
// smarthost that wants a password is verified. Which addresses may be dialed is
// the business of the Dial it is given.
//
// Nothing here fails with an error: what remote parties say or do not say is an
// Outcome, and so is a message that we refuse to put on the wire.
package delivery
