// Package connecttest is a DNS host that speaks Domain Connect, for tests: a small
// web server that tells what it can do, checks the signature of a link by the key
// in DNS, asks its customer, writes the template's records, and sends the customer
// back (draft-ietf-dconn-domainconnect-04). It lies when it is told to.
package connecttest
