// Package delivery hands messages to the mail servers of their recipients'
// domains, or to a smarthost, and says what came of each.
//
// An Agent takes a job, which is some deliveries to one domain, finds the
// servers (RFC 5321 §5.1, RFC 7505), and talks SMTP with them over as few
// connections as they allow (RFC 5321, with PIPELINING, CHUNKING, SIZE, 8BITMIME,
// SMTPUTF8, STARTTLS, DSN, REQUIRETLS and, at a smarthost, AUTH). Between jobs it
// remembers nothing but connections that were of use, for seconds, servers with
// which CHUNKING went wrong, for an hour, and MTA-STS policies.
//
// TLS is opportunistic (RFC 7435) unless the recipient's domain demands more, by
// DANE (RFC 7672) or MTA-STS (RFC 8461), or the sender does (RFC 8689); the way to
// a smarthost that wants a password is verified in any case.
//
// It does not decide when to try again (queue does), and does not sign. Which
// addresses may be dialed is the business of the Dial it is given.
//
// Nothing here fails with an error: what remote parties say or do not say is an
// Outcome, and so is a message that we refuse to put on the wire.
package delivery
