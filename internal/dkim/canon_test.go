package dkim

import (
	"bytes"
	"crypto/sha256"
	"regexp"
	"strings"
	"testing"
)

// The message and the results of RFC 6376 §3.4.5.
const rfcMessage = "A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n"

func TestCanonicalizationOfRFC6376(t *testing.T) {
	header, body := splitMessage(nil, []byte(rfcMessage))
	var relaxed, simple []byte
	for _, f := range header {
		relaxed = appendRelaxed(relaxed, f)
		simple = append(simple, f.raw...)
	}
	if want := "a:X\r\nb:Y Z\r\n"; string(relaxed) != want {
		t.Errorf("relaxed header = %q, want %q", relaxed, want)
	}
	if want := "A: X\r\nB : Y\t\r\n\tZ  \r\n"; string(simple) != want {
		t.Errorf("simple header = %q, want %q", simple, want)
	}
	for c, want := range map[Canonicalization]string{
		Relaxed: " C\r\nD E\r\n",
		Simple:  " C \r\nD \t E\r\n",
	} {
		got := hashBody(body, c, -1)
		if got.sum != sha256.Sum256([]byte(want)) || got.length != int64(len(want)) {
			t.Errorf("%s body hash is not that of %q", c, want)
		}
	}
}

func TestHashBody(t *testing.T) {
	long := strings.Repeat("x", 10000)
	for _, tt := range []struct {
		name            string
		body            string
		relaxed, simple string
	}{
		{"no body", "", "", "\r\n"},
		{"one empty line", "\r\n", "", "\r\n"},
		{"empty lines", "\r\n\r\n\r\n", "", "\r\n"},
		{"only white space", " \t ", "", " \t \r\n"},
		{"only lines of white space", " \r\n\t\r\n", "", " \r\n\t\r\n"},
		{"no line end at the end", "a", "a\r\n", "a\r\n"},
		{"empty lines within and at the end", "a\r\n\r\n\r\nb\r\n\r\n", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"},
		{"white space at the start stays one space", "\t \ta\r\n", " a\r\n", "\t \ta\r\n"},
		{"tab alone", "a\tb\r\n", "a b\r\n", "a\tb\r\n"},
		{"white space at the end", "a \t\r\nb\t\r\n", "a\r\nb\r\n", "a \t\r\nb\t\r\n"},
		{"line of white space within", "a\r\n \r\nb\r\n", "a\r\n\r\nb\r\n", "a\r\n \r\nb\r\n"},
		{"bare CR and LF are characters", "a\rb\nc \n\r\n", "a\rb\nc \n\r\n", "a\rb\nc \n\r\n"},
		{"lines that stay around lines that do not", "a b c d e\r\n\r\nf g h\r\ni  j\r\n\r\n\r\nk l m n o\r\n\r\n",
			"a b c d e\r\n\r\nf g h\r\ni j\r\n\r\n\r\nk l m n o\r\n", "a b c d e\r\n\r\nf g h\r\ni  j\r\n\r\n\r\nk l m n o\r\n"},
		{"longer than the buffer", long + "  " + long, long + " " + long + "\r\n", long + "  " + long + "\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for c, want := range map[Canonicalization]string{Relaxed: tt.relaxed, Simple: tt.simple} {
				for _, limit := range []int{-1, 0, 1, len(want) - 1, len(want), len(want) + 1} {
					hashed := want
					if limit >= 0 {
						hashed = want[:min(limit, len(want))]
					}
					got := hashBody([]byte(tt.body), c, int64(max(limit, -1)))
					if got.sum != sha256.Sum256([]byte(hashed)) || got.length != int64(len(want)) {
						t.Errorf("%s with limit %d: not the hash of %q, or length %d is not %d", c, limit, hashed, got.length, len(want))
					}
				}
			}
		})
	}
}

// naiveRelaxed is RFC 6376 §3.4.4 word for word.
func naiveRelaxed(body string) string {
	body = regexp.MustCompile(`[ \t]+\r\n`).ReplaceAllString(body+"\r\n", "\r\n")
	body = regexp.MustCompile(`[ \t]+`).ReplaceAllString(body, " ")
	body = regexp.MustCompile(`(\r\n)+$`).ReplaceAllString(body, "")
	if body == "" {
		return ""
	}
	return body + "\r\n"
}

func FuzzRelaxedBody(f *testing.F) {
	f.Add([]byte(rfcMessage))
	f.Add([]byte("a \r\n\t\r\nb\t c\r\n\r\n"))
	f.Add([]byte(" \r \n \r\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		want := naiveRelaxed(string(body))
		got := hashBody(body, Relaxed, -1)
		if got.sum != sha256.Sum256([]byte(want)) || got.length != int64(len(want)) {
			t.Fatalf("hashBody(%q) is not the hash of %q", body, want)
		}
	})
}

func TestSplitMessage(t *testing.T) {
	for _, tt := range []struct {
		name, message string
		names         string
		body          string
	}{
		{"header and body", "A: 1\r\nB: 2\r\n\r\nbody", "A B", "body"},
		{"folded", "A: 1\r\n\t2\r\n 3\r\nB: 4\r\n\r\n", "A B", ""},
		{"no body", "A: 1\r\nB: 2\r\n", "A B", ""},
		{"no end of line", "A: 1\r\nB: 2", "A B", ""},
		{"no header", "\r\nbody", "", "body"},
		{"line without a colon", "A: 1\r\nnonsense\r\nB: 2\r\n\r\nx", "A  B", "x"},
		{"white space before the colon", "A : 1\r\n\r\nx", "A", "x"},
		{"line of white space does not end the header", "A: 1\r\n \r\nB: 2\r\n\r\nx", "A B", "x"},
		{"empty", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header, body := splitMessage(nil, []byte(tt.message))
			var names []string
			for _, f := range header {
				names = append(names, string(f.name))
			}
			if got := strings.Join(names, " "); got != tt.names || string(body) != tt.body {
				t.Errorf("splitMessage = %q and %q, want %q and %q", got, body, tt.names, tt.body)
			}
		})
	}
}

func TestOnlyCRLF(t *testing.T) {
	for _, tt := range []struct {
		text string
		want bool
	}{
		{"", true}, {"a", true}, {"a\r\nb\r\n", true}, {"\r\n\r\n", true},
		{"\n", false}, {"\r", false}, {"a\nb\r\n", false}, {"a\rb\r\n", false},
		{"a\r\r\n", false}, {"a\r\n\n", false}, {"a\r\nb\r", false}, {"a\n\r", false},
	} {
		if got := onlyCRLF([]byte(tt.text)); got != tt.want {
			t.Errorf("onlyCRLF(%q) = %t, want %t", tt.text, got, tt.want)
		}
	}
}

// TestOnlyCRLFAgainstAll compares with the definition, for every text of up to
// six of the characters that matter (P24).
func TestOnlyCRLFAgainstAll(t *testing.T) {
	texts := [][]byte{nil}
	for range 6 {
		var longer [][]byte
		for _, text := range texts {
			for _, c := range []byte("\r\nx") {
				longer = append(longer, append(bytes.Clone(text), c))
			}
		}
		for _, text := range longer {
			want := !bytes.ContainsAny(bytes.ReplaceAll(text, crlf, []byte("x")), "\r\n")
			if got := onlyCRLF(text); got != want {
				t.Fatalf("onlyCRLF(%q) = %t, want %t", text, got, want)
			}
		}
		texts = longer
	}
}
