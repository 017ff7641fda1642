// Package authdns is the name server of the zone in which the platform publishes
// keys, return paths and report addresses for its tenants.
//
// It answers from an immutable snapshot in memory, which a loop exchanges when
// the records change, and which is kept in a file: with the database away, or
// after a restart without it, the zone goes on being served as it last was
// (P26). It knows one zone, without delegations, wildcards, DNSSEC, transfers or
// updates. It does no recursion.
//
// RFC 1034 and RFC 1035, RFC 2308 (negative answers), RFC 5936 (transfers, which
// are refused), RFC 6604 and RFC 8020 (NXDOMAIN), RFC 6891 (EDNS), RFC 7766
// (TCP), RFC 8482 (ANY).
//
// Whatever it is asked, it says no more than eight times what it heard, and less
// than it heard to a network that asks too much (T49). Before there is any
// snapshot it answers SERVFAIL, so that resolvers turn to another server. A bad
// set of records is a fault and leaves the old snapshot standing.
package authdns
