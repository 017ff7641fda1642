// Package e2e plays the main job against programs that others wrote: the
// tenant's zone on NSD, the mail received by Postfix with OpenDKIM and
// OpenDMARC. It holds tests only.
package e2e
