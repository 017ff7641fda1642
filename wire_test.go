package myodai

import "testing"

func TestIsWireForm(t *testing.T) {
	for text, want := range map[string]bool{
		"":                        true,
		"a":                       true,
		"a\r\n":                   true,
		"\r\n":                    true,
		"a\r\n\r\nb":              true,
		"12345\r\n12345":          true,
		"123456\r\n":              false, // too long
		"\r\n123456":              false,
		"a\n":                     false,
		"\n":                      false,
		"a\r":                     false,
		"\r":                      false,
		"a\rb\r\n":                false,
		"\r\r\n":                  false,
		"a\r\n\n":                 false,
		"a\x00\r\n":               false,
		"a\r\n\x00":               false,
		"a\r\nb\r\nc\rd\ne\r\n":   false,
		"a\r\n.\r\nMAIL\r\nb\r\n": true,
	} {
		if got := IsWireForm([]byte(text), 5); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
