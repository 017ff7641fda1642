// Package smtpd is the SMTP server, with two faces: submission (587 with
// STARTTLS, 465 with TLS from the start), where known programs hand in mail, and
// MX (25), where strangers bring mail to us.
//
// It decides nothing about mail. Who may log in, which recipient exists and what
// becomes of a message is said by the functions in Options; refusals (*myodai.Error)
// and faults are turned into replies by the one table in reply.go, and the text
// of a fault never reaches the client.
//
// It follows RFC 5321, RFC 6409, RFC 2920 (PIPELINING), RFC 1870 (SIZE), RFC 6152
// (8BITMIME), RFC 6531 (SMTPUTF8), RFC 2034 (ENHANCEDSTATUSCODES), RFC 3030
// (CHUNKING), RFC 9422 (LIMITS), RFC 3207 (STARTTLS), RFC 4954 (AUTH) and, at
// submission, RFC 3461 (DSN) and RFC 8689 (REQUIRETLS), and is stricter than they ask where leniency is
// how mail is smuggled: only CRLF.CRLF ends a message, and a bare CR, a bare LF
// or a NUL ends the connection (T28).
//
// A connection that fails, stalls or panics ends alone.
package smtpd
