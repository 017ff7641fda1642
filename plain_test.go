package myodai

import (
	"strings"
	"testing"
)

// FuzzPlainNames holds the short way of ParseName against the long one.
func FuzzPlainNames(f *testing.F) {
	for _, s := range []string{
		"example.com", "a-b.example", "xn--wgv71a.example", "ab--c.example", "-a.example", "a-.example", "1.2.3.4", "1.example", "a.1",
		"a..example", "a", "", strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 127) + "example", "_a.example", "A.example", "0a.a0",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !isPlain(s) {
			return
		}
		if ascii, err := registrable.ToASCII(s); err != nil || ascii != s {
			t.Errorf("%q to ASCII: %q, %v", s, ascii, err)
		}
		if unicode, err := registrable.ToUnicode(s); err != nil || unicode != s {
			t.Errorf("%q to Unicode: %q, %v", s, unicode, err)
		}
	})
}
