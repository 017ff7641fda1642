// Package multibuffer signs with RSA-2048 for several callers at once, in the
// lanes of wide vectors: a private-key operation is two powers, each in a lane of
// its own, and eight lanes take hardly longer than one.
//
// It needs an x86 processor with AVX-512 IFMA and nothing else: no C, no library
// (docs/decisions/0011-rsa-in-lanes.md). The signatures are those of crypto/rsa
// to the octet. Each is checked with the public key before it is handed out, and
// made again by crypto/rsa should it ever be wrong, so a fault of this package or
// of the processor neither leaves here nor gives the key away.
//
// The assembly that multiplies is written by package kernels below this one.
package multibuffer
