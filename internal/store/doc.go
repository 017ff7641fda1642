// Package store keeps everything that survives a restart, and holds the only
// SQL of the program: one text that runs on SQLite and on PostgreSQL.
//
// It owns transactions and makes no decisions: what a domain or a delivery
// becomes is said by a function that the caller hands in, and is written
// together with the events it gives rise to, both or neither. Nothing is held
// locked while the network is used: work is leased until an instant, and the
// lease of a node that died runs out.
//
// Private keys are sealed with AES-256-GCM (NIST SP 800-38D) under a key that
// HKDF (RFC 5869) derives from one that is never in the database, bound to the
// tenant, domain and selector they were made for (P28).
//
// What does not exist, or is another tenant's, is a refusal with CodeNotFound:
// the same answer for both. Any error that is not a *myodai.Error is a fault of
// the database or of what is in it, and then nothing was written; only when the
// connection breaks during a commit is that unknown.
package store
