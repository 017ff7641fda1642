// Package dnstest is an authoritative DNS server for tests and for the demo. It
// serves zones written as zone files, several at once, with delegations, glue,
// aliases, DNAME and wildcards, over UDP and TCP on one port; and it misbehaves
// on request.
//
// It does not sign, transfer or update zones, and it is in no way hardened: it
// belongs on loopback.
//
// Standards: RFC 1034 §4.3.2, 2308, 4592, 6672.
//
// Zone text that cannot be read is an error of Set. A broken question gets no
// answer.
package dnstest
