// Package inbound decides what port 25 takes in, and what follows from it:
// bounces, complaints and other answers to our return paths, reports to the
// addresses we publish for them, and mail to our postmaster.
//
// It sends nothing: no bounce, no answer, no forward. What it does not want it
// refuses while the sending server is still there to tell its user (T34, T38).
// It does not believe what it reads either: a DSN acts only on the delivery
// whose signed return path it came to, a complaint on the one whose return path
// it came to or has in it, and both only on that delivery's own recipient (T41,
// T43).
//
// RFC 3464 (DSN), RFC 3834 (auto-replies), RFC 5965 (complaints), RFC 5321
// §4.5.1 (postmaster), RFC 2142 (abuse), RFC 9990 (DMARC aggregate reports,
// which are read in sum and kept).
//
// A recipient that is none of ours is a refusal with CodeNotFound. Any other
// error is a fault, nothing has been written then, and the sending server is to
// be told to come again.
package inbound
