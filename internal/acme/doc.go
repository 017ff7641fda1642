// Package acme obtains and renews certificates from a certificate authority by
// ACME (RFC 8555), and has them at hand for TLS handshakes.
//
// Orders are made only for names that the store says may have one: those of
// tracking domains that are proved, and the platform's own. Nothing a stranger
// asks for in a handshake makes an order (T56). What an order came to is decided
// by package myodai, kept in the store and shared by all nodes; the node that
// makes it holds a lease and no transaction.
//
// Names are validated by DNS, with a TXT record in our own zone, or by a page on
// the tracking host. When to renew is asked of the authority where it says so
// (RFC 9773).
package acme
