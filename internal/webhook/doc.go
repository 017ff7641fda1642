// Package webhook tells tenants about events, until they acknowledge: by
// Standard Webhooks, with a POST that is signed and repeated until it is
// answered with 2xx.
//
// An event is told at least once, under its own id each time, and mostly in the
// order in which events happened. A webhook that does not answer is tried less
// and less often, without the others noticing; after three days it is disabled
// and its owners are told.
//
// What a receiver answers is a stranger's. Every connection goes through egress
// (T58, T59), follows no redirect, and reads no more than it must (T62).
package webhook
