// Package handoff puts one plan into many hands: as a zone file, as a table, as
// the code that DNS is kept in elsewhere, as a Domain Connect link, and as the
// mail that asks a DNS administrator for it.
//
// It decides nothing about records and sends nothing: what to publish comes from
// package plan, how a panel wants it typed from package dnshost. A record that
// somebody already has, such as a DMARC record of their own, is never replaced.
//
// Zone files follow RFC 1035 §5.1, tables RFC 4180, Domain Connect
// draft-ietf-dconn-domainconnect-04.
//
// Rendering cannot fail. What a person wrote into a mail may be refused.
package handoff
