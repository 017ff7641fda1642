package myodai

import "strings"

// Octets is the 128 bits of an id without its prefix, for places where every
// octet counts; ok is false for what is not an id.
func Octets[T id](v T) (b [16]byte, ok bool) {
	if _, err := ParseID[T](string(v)); err != nil {
		return b, false
	}
	text := string(v)[len(v.prefix())+1:]
	var bits, n uint
	at := len(b)
	for i := len(text) - 1; i >= 0 && at > 0; i-- {
		bits |= uint(strings.IndexByte(idAlphabet, text[i])) << n // #nosec G115 -- ParseID has seen every character
		if n += 5; n >= 8 {
			at--
			b[at] = byte(bits) // #nosec G115 -- one octet at a time
			bits >>= 8
			n -= 8
		}
	}
	if at > 0 { // the first character carries three bits
		b[0] = byte(bits) // #nosec G115 -- one octet at a time
	}
	return b, crockford(b) == text
}

// FromOctets is the id of which Octets gave b.
func FromOctets[T id](b [16]byte) T {
	var zero T
	return T(zero.prefix() + "_" + crockford(b))
}
