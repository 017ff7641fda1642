// Package spf reads, writes, counts, evaluates and edits SPF records.
//
// Parse keeps the spelling of every term; Evaluate is check_host; Count says
// what a record costs, term by term; Propose writes the record that a domain
// should publish, and why.
//
// It asks DNS only through the Lookup it is given, keeps nothing, and reads no
// clock: who bounds the time of one question bounds the time of all, because the
// number of questions is bounded here.
//
// It implements RFC 7208. The obsolete type 99 is never asked for (§3.1).
//
// Records of strangers cannot make it fail: what does not parse is a
// SyntaxError with positions, and what DNS does not say is temperror.
package spf
