// Package dmarc reads DMARC records, finds the one that applies to a domain, and
// says what it makes of a message and of a change.
//
// It asks no DNS itself: a Lookup is given to it, which runs over the network or
// over what a check recorded (Recorded). It does not verify DKIM or SPF, it
// takes their results. Of aggregate reports it reads the sum (RFC 9990 §3).
//
// It follows RFC 9989, which replaced RFC 7489 in 2026: a tree walk instead of
// the public suffix list, the tags np, psd and t, no pct, rf and ri. Reports to
// other domains are authorized by RFC 9990 §4.
//
// What is wrong with a record is a list of Problems from a closed set. An error
// of a Lookup makes the answer unknown, which is never taken for "there is no
// record" (P12): functions return it as their error, Evaluate as ResultTempError.
package dmarc
