// Bench measures, in one run on loopback, how fast Myodai takes mail in, signs
// it and hands it on, beside Postfix with OpenDKIM, with Rspamd and without either,
// and beside the limits of the machine. Every message is signed with RSA-2048 and durable before its 250.
//
// It verifies at the receiving end that every message arrived, once, and that
// the signatures of a sample are good. What is not installed is skipped by name.
// The table goes to standard output, in Markdown; docs/performance.md explains
// it.
package main
