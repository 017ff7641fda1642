// Package diagnose names the one mistake that was made in DNS, and what to type
// instead: from a plan and an observation it derives findings, one of them
// primary, and what is worth asking next.
//
// It asks nothing itself, reads no clock and keeps nothing. It does not decide
// whether a domain is proved: package plan compares plainly, and this package
// explains what that comparison found wrong. Causes come from a closed list;
// texts for people are made from findings, in either language.
//
// Standards: RFC 1034 and 2181 (aliases), 2308 (negative answers), 4592
// (wildcards), 6376 and 8301 (DKIM), 6672 (DNAME), 7208 (SPF), 7505 (null MX),
// 8020 (NXDOMAIN), 8659 (CAA), 9989 and 9990 (DMARC).
//
// It cannot fail. What DNS did not answer stays unknown: then there is a finding
// about the zone or none, never one about a record. Faults on our own side have
// causes of their own.
package diagnose
