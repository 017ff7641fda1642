// Package dkim makes DKIM keys and their records, signs messages, and verifies
// signatures.
//
// It asks no DNS: Verify is given a function that does. It keeps no private
// keys, and it does not judge who may sign as whom. Messages are octets with
// CRLF line ends; nothing here repairs them.
//
// It follows RFC 6376 as changed by RFC 8301 (no SHA-1, no RSA key below 1024
// bits) and RFC 8463 (Ed25519). Reading TXT records follows RFC 6376 §3.6.2.2,
// internationalized signatures RFC 8616 as far as d= and s= go.
//
// Sign returns an error for a message it must not sign. A key record that
// cannot be used is a *KeyError with a Problem from a closed list. Verify never
// fails: what is wrong with a signature is a result with its reason.
package dkim
