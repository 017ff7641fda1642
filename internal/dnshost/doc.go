// Package dnshost knows how DNS hosts want records typed: it recognizes a host
// by the name servers of a delegation, renders a planned record as the fields of
// its panel, and warns of what cannot be entered there.
//
// It asks nothing and decides nothing: what is not known of a host is left
// open, and what is only believed is marked, to be shown as a hint.
//
// Names and strings follow RFC 1035. The facts are in hosts.json.
//
// An unknown host is not an error: Generic stands in for it.
package dnshost
