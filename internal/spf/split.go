package spf

import "strings"

// maxString is the longest string of a TXT record (RFC 1035 §3.3).
const maxString = 255

// Split cuts a record into strings of at most 255 octets, where it can after a
// space: a space that stays at the end of its string is hard to lose, and
// without it two terms become one (RFC 7208 §3.3).
func Split(text string) []string {
	var parts []string
	for len(text) > maxString {
		at := strings.LastIndexByte(text[:maxString], ' ') + 1
		if at == 0 {
			at = maxString
		}
		parts, text = append(parts, text[:at]), text[at:]
	}
	return append(parts, text)
}
