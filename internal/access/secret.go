package access

import (
	"crypto/sha256"
	"hash/crc32"
	"io"
	"strings"
)

// A secret is "myo_", 43 characters of randomness and 6 of checksum. Scanners
// for leaked secrets find it by the prefix and know by the checksum, without
// asking anyone, that it is not just something alike (T66).
const (
	secretPrefix   = "myo_"
	secretRandom   = 43 // base 62: 62^43 is just above 2^256
	secretChecksum = 6  // base 62: 62^6 is above 2^32
	secretLength   = len(secretPrefix) + secretRandom + secretChecksum
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewSecret makes a secret from random, which must not fail, and the hash under
// which its credential is kept. The secret itself is kept nowhere.
func NewSecret(random io.Reader) (secret string, hash [32]byte) {
	var b strings.Builder
	b.WriteString(secretPrefix)
	// Octets from 248 on are thrown away, so that every character is equally
	// likely: 248 is the largest multiple of 62 in an octet.
	var octets [64]byte
	for b.Len() < len(secretPrefix)+secretRandom {
		if _, err := io.ReadFull(random, octets[:]); err != nil {
			panic("access: no randomness: " + err.Error())
		}
		for _, o := range octets {
			if o < 248 && b.Len() < len(secretPrefix)+secretRandom {
				b.WriteByte(base62[o%62])
			}
		}
	}
	b.WriteString(checksum(b.String()))
	secret = b.String()
	return secret, HashSecret(secret)
}

// HashSecret is the SHA-256 of a secret, under which its credential is found.
func HashSecret(secret string) [32]byte { return sha256.Sum256([]byte(secret)) }

// WellFormed reports whether s has the form of a secret and the right checksum.
// It says nothing about whether a credential with it exists.
func WellFormed(s string) bool {
	if len(s) != secretLength || !strings.HasPrefix(s, secretPrefix) {
		return false
	}
	body := s[:secretLength-secretChecksum]
	return strings.Trim(s[len(secretPrefix):], base62) == "" && checksum(body) == s[len(body):]
}

// checksum is the CRC-32 of s in base 62.
func checksum(s string) string {
	sum := crc32.ChecksumIEEE([]byte(s))
	var out [secretChecksum]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = base62[sum%62]
		sum /= 62
	}
	return string(out[:])
}
