// Package rdap asks registries what they know of a domain (RFC 9082, RFC 9083):
// whether it is registered, whether it is held back, and through whom.
//
// Which registry knows a name is told by IANA's list (RFC 9224), which is fetched
// when it is needed; the largest registries are built in. Nothing of that ever
// decides about a domain: whatever goes wrong is an answer that is unknown.
package rdap
