// Package demo holds what the demo needs beside the program itself: a DNS
// name space with a DNS host on loopback, and a receiving mail server that
// checks SPF, DKIM and DMARC by itself.
//
// It belongs on one machine and serves nobody else.
package demo
