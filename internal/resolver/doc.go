// Package resolver asks DNS, in two ways. A Prober walks the delegation from the
// root and asks every authoritative server of a zone, afresh, and keeps what each
// one said word for word: what a verdict about a tenant's records stands on. A
// Cache answers the same questions from memory while it may: what routing mail
// stands on.
//
// It does not judge answers: package plan does, with myodai.Answer.Kind to tell
// positive, negative and unknown apart. It does not validate DNSSEC; it reports
// the AD bit of resolvers that do. It opens no connection itself but through the
// Dial it was given.
//
// Standards: RFC 1034 and 1035, 2308 (negative answers), 5452 (forged answers),
// 6891 (EDNS), 7766 (TCP), 8020 (NXDOMAIN), 8914 (extended errors), 9156 (asking
// no server for more than it needs), 9520 (failures are remembered briefly).
//
// It never fails as a whole. Whatever went wrong stands in the answer it went
// wrong for, in Zone.Err, or in Observation.Incomplete, and is never evidence
// (P12).
package resolver
