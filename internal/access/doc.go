// Package access says who asks, and what they may do: it makes tenants and
// their credentials, recognizes secrets, and keeps the operator's operations
// and the tenants' apart.
//
// A secret has 256 bits of randomness, so it is looked up by its plain SHA-256
// and nothing slow has to protect it (T66). What was recognized is remembered
// for at most [cacheFor], which bounds how long a revoked credential goes on
// working on another node (P31); on the node that revoked it, it stops at once.
//
// Every refusal of a secret reads the same, whatever is wrong with it (T67).
package access
