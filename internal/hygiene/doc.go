// Package hygiene looks at a tenant's addresses before they are mailed for the
// first time: it reads lists, past bounces and whole mailboxes, says which
// addresses are dead, mistyped, without a mail server or made up in bulk, what
// bounce rate that means, and which of them to suppress. It reads and writes
// suppression lists, too.
//
// Everything streams: what is read is spooled to disk in sorted runs and judged
// while they are merged, domain by domain, so that memory does not grow with the
// list. What DNS did not answer is unknown, never evidence (P12).
//
// RFC 4155 (mbox), RFC 4180 (CSV), RFC 2142 (role addresses), RFC 5321 §5.1
// (which hosts take mail), RFC 7505 (null MX).
//
// A file that cannot be read is a problem in the audit's summary, no error. A
// refusal is what a tenant asked for and cannot have; anything else is a fault.
package hygiene
