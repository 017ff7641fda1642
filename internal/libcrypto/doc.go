// Package libcrypto signs with the machine's OpenSSL, whose RSA is several times
// as fast as Go's where the processor can multiply big numbers in vectors.
//
// It is an option: only a program that was built with the tag libcrypto looks
// for the library, and one that does not find it goes on with Go's own
// (docs/decisions/0008-faster-rsa.md). The signatures are the same to the octet.
package libcrypto
