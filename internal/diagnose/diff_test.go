package diagnose

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestDiff(t *testing.T) {
	for _, tt := range []struct{ name, found, expected, want string }{
		{"equal", "abc", "abc", "abc"},
		{"nothing found", "", "abc", "[+abc+]"},
		{"nothing expected", "abc", "", "[-abc-]"},
		{"both empty", "", "", ""},
		{"exchanged letters", "rp.plta.example", "rp.plat.example", "rp.pl[-t-]a[+t+].example"},
		{"appended", "s1.plat.example.acme.example", "s1.plat.example", "s1.plat.example[-.acme.example-]"},
		{"cut off", "s1.k7f3.dkim", "s1.k7f3.dkim.plat.example", "s1.k7f3.dkim[+.plat.example+]"},
		{"one character for another", "sl", "s1", "s[-l-][+1+]"},
		{"a look-alike is spelled out", "v=spf1 –all", "v=spf1 -all", "v=spf1 [-–<U+2013>-][+-+]all"},
		{"an invisible character is spelled out", "_dmarc\u200b.acme.example", "_dmarc.acme.example", "_dmarc[-<U+200B>-].acme.example"},
		{"Japanese letters are whole", "会杜.example", "会社.example", "会[-杜-][+社+].example"},
		{"chance letters do not stay between changes", "kqzwvx", "abqcdv", "[-kqzwvx-][+abqcdv+]"},
		{"no text at all", "a\xff\xfe", "a\xff\xfd", "a<FF>[-<FE>-][+<FD>+]"},
		{"a long equal run is shortened", strings.Repeat("a", 80) + "x", strings.Repeat("a", 80) + "y",
			strings.Repeat("a", 12) + " … " + strings.Repeat("a", 24) + "[-x-][+y+]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := MarkDiff(Diff(tt.found, tt.expected)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// sideOf puts one side of a difference together again.
func sideOf(parts []DiffPart, side DiffOp) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Op == DiffEqual || p.Op == side {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// TestDiffIsBounded: values as long as DNS can make them cost little.
func TestDiffIsBounded(t *testing.T) {
	for _, size := range []int{maxDiffLength, maxDiffLength + 1, 65_535} {
		a, b := strings.Repeat("ab", size/2), strings.Repeat("ba", size/2)+"c"
		start := time.Now()
		parts := Diff(a, b)
		if sideOf(parts, DiffDelete) != a || sideOf(parts, DiffInsert) != b {
			t.Errorf("%d characters: the parts are not the values", size)
		}
		if line := MarkDiff(parts); len(line) > 4096 {
			t.Errorf("%d characters: the line has %d octets", size, len(line))
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%d characters took %v", size, took)
		}
	}
}

func TestSpell(t *testing.T) {
	for in, want := range map[string]string{
		"plain text":          "plain text",
		"tab\tand\nline":      "tab<U+0009>and<U+000A>line",
		"\x1b[31m":            "<U+001B>[31m",
		`_dmarc\226\128\139`:  "_dmarc<U+200B>", // as names and texts have it on the wire
		`\239\188\191dmarc`:   "＿<U+FF3F>dmarc",
		`\255\032\127\300`:    `\255\032\127\300`,
		"a\u00a0b":            "a<U+00A0>b",
		"full　width":          "full<U+3000>width",
		"＿dmarc":              "＿<U+FF3F>dmarc",
		"会社.example":          "会社.example",
		"\u202eevil":          "<U+202E>evil",
		"\xff":                "<FF>",
		"\ufffd":              "\ufffd",
		"аcme":                "а<U+0430>cme",
		"“v=spf1”":            "“<U+201C>v=spf1”<U+201D>",
		"\u007f":              "<U+007F>",
		strings.Repeat("", 3): "",
	} {
		if got := Spell(in); got != want {
			t.Errorf("Spell(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzDiff(f *testing.F) {
	f.Add("rp.plta.example", "rp.plat.example")
	f.Add("会杜\u200b", "会社\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		parts := Diff(a, b)
		if sideOf(parts, DiffDelete) != a || sideOf(parts, DiffInsert) != b {
			t.Errorf("Diff(%q, %q) = %q", a, b, parts)
		}
		if !utf8.ValidString(MarkDiff(parts)) {
			t.Errorf("the line is no text: %q", MarkDiff(parts))
		}
	})
}
