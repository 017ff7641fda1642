// Package smtptest has mail servers for tests, all of them real ones on
// loopback: one that plays a written dialogue and insists on its half, one that
// takes mail and keeps it, and several that behave badly.
//
// They serve tests of SMTP clients and know no more of RFC 5321 than those need.
// A server that sees something it does not expect says so through the test it
// was started with. Beside them are the strings by which a mail could become two.
package smtptest
