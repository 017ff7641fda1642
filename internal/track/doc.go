// Package track counts clicks and opens and takes unsubscriptions in: it puts
// links to a tracking host into a mail, and answers there when somebody follows
// them. The room that makes a link is the room that reads it.
//
// A link holds all that is needed to answer it, sealed: nothing is looked up, so
// it works while the database is away, and nobody without the key can make one
// that leads anywhere (T52). It is bound to the host it was made for and to the
// tenant (T53), and shows neither the recipient nor the destination (T54).
//
// Rewriting changes links and nothing else. Texts are searched in the form they
// have in the message, and what is not understood for certain stays as it is.
//
// What happened is first appended to a file and brought into the store from
// there, each visit once (docs/decisions/0009-links-hold-their-destination.md).
//
// It follows RFC 8058 for unsubscribing with one click, RFC 2369 for its header
// field, and RFC 2045, RFC 2046 and RFC 1468 for the texts of mails.
package track
