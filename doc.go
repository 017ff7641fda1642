// Package myodai holds the nouns of the service with which a SaaS sends e-mail
// in its customers' own names, and the rules that need nothing but nouns.
//
// There is no I/O here, no clock, no randomness and no interface. What acts on
// the nouns stands under internal, one room per job: docs/architecture.md draws
// the house, docs/glossary.md says what each word means.
package myodai
