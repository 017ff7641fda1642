// Package e2e plays the main job against programs that others wrote: the
// tenant's zone on NSD, the mail received by Postfix with OpenDKIM and
// OpenDMARC. And it makes the mistakes that DNS administrators make, at NSD,
// Knot and Unbound, and has the program name them. Tracking domains get their
// certificates from Pebble, and their links are followed with Chromium. Customers
// of five systems walk their whole way, each by the policy of theirs, at the
// console in Chromium. It holds tests only.
package e2e
