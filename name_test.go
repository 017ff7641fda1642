package myodai_test

import (
	"strings"
	"testing"

	"github.com/myodai/myodai"
)

func TestParseName(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "example.com", "example.com"},
		{"upper case", "Example.COM", "example.com"},
		{"final dot", "example.com.", "example.com"},
		{"spaces around", "  example.com ", "example.com"},
		{"Japanese", "日本語.jp", "xn--wgv71a119e.jp"},
		{"full-width letters", "ｅxample.com", "example.com"},
		{"ideographic full stop", "example。com", "example.com"},
		{"soft hyphen", "exam\u00adple.com", "example.com"},
		{"63 octets in a label", strings.Repeat("a", 63) + ".com", strings.Repeat("a", 63) + ".com"},
		{"hyphen inside", "a-b.example.com", "a-b.example.com"},
	} {
		got, err := myodai.ParseName(tt.in)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: ParseName(%q) = %q, %v, want %q", tt.name, tt.in, got, err, tt.want)
		}
	}
}

// TestParseNameRefuses holds the 30 broken names of the issue, T06 and T09.
func TestParseNameRefuses(t *testing.T) {
	for _, in := range []string{
		"", ".", "..", "com", "localhost", "example..com", ".example.com", "-a.example", "a-.example",
		"exa mple.com", "exa_mple.com", "_dmarc.example.com", "example.com/", "http://example.com", "a@example.com",
		"192.0.2.1", "[192.0.2.1]", "2001:db8::1", "[IPv6:2001:db8::1]", "1.2.3", "example.123",
		strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 127) + "com", "xn--example-.com", "xn--.com", "xn--a.com",
		"exa\x00mple.com", "exam\r\nple.com", "*.example.com", "ex%61mple.com", "example.com:25", "a\u200d.com", "☃\ufe0f\u200d.\u0300",
		"\u0627a.com",
	} {
		if got, err := myodai.ParseName(in); err == nil {
			t.Errorf("ParseName(%q) = %q, want a refusal", in, got)
		}
	}
}

func TestUnderKeepsLabelBoundaries(t *testing.T) { // requirements D, rows 1-4; T07
	for _, tt := range []struct {
		name, zone myodai.Name
		want       bool
	}{
		{"interfactory1.co.jp", "interfactory1.co.jp", true},
		{"example.com", "interfactory1.co.jp", false},
		{"test.interfactory1.co.jp", "interfactory1.co.jp", true},
		{"testinterfactory1.co.jp", "interfactory1.co.jp", false},
		{"com", "example.com", false},
		{"example.com", "", true},
	} {
		if got := tt.name.Under(tt.zone); got != tt.want {
			t.Errorf("%q.Under(%q) = %v, want %v", tt.name, tt.zone, got, tt.want)
		}
	}
}

func TestPublicSuffixes(t *testing.T) { // T06
	for _, n := range []myodai.Name{"com", "co.jp", "github.io", "tokyo.jp", "localhost", "jp"} {
		if !n.IsPublicSuffix() || n.Registrable() != "" {
			t.Errorf("%q is not taken for a public suffix", n)
		}
	}
	if n := myodai.Name("mail.acme.co.jp"); n.IsPublicSuffix() || n.Registrable() != "acme.co.jp" {
		t.Errorf("Registrable(%q) = %q", n, n.Registrable())
	}
}

func TestParseAddress(t *testing.T) {
	for _, tt := range []struct{ in, local, domain, out string }{
		{"sales@example.com", "sales", "example.com", "sales@example.com"},
		{"Sales+tag@EXAMPLE.com", "Sales+tag", "example.com", "Sales+tag@example.com"},
		{`"a b"@example.com`, "a b", "example.com", `"a b"@example.com`},
		{`"a\"b"@example.com`, `a"b`, "example.com", `"a\"b"@example.com`},
		{`"plain"@example.com`, "plain", "example.com", "plain@example.com"},
		{"営業@例え.jp", "営業", "xn--r8jz45g.jp", "営業@xn--r8jz45g.jp"},
	} {
		got, err := myodai.ParseAddress(tt.in)
		want := myodai.Address{Local: tt.local, Domain: myodai.Name(tt.domain)}
		if err != nil || got != want || got.String() != tt.out {
			t.Errorf("ParseAddress(%q) = %+v (%s), %v, want %+v", tt.in, got, got, err, want)
		}
	}
	for _, in := range []string{
		"", "@", "a@", "@b.example", "a", "a b@c.example", "a@b@c.example", "<a@b.example>", "A <a@b.example>",
		"a@[127.0.0.1]", "a@127.0.0.1", "grp: v@x.example;", "a@-x.example", "a..b@c.example", ".a@c.example",
		"a.@c.example", "a@b.example\r\nRCPT TO:<x@y.example>", "a\r\n@b.example", `"a@b.example`, `""@b.example`,
		"a(comment)@b.example", "@relay.example:a@b.example", strings.Repeat("a", 65) + "@b.example", "a@b", `"a` + "\r\n" + `b"@c.example`,
	} {
		if got, err := myodai.ParseAddress(in); err == nil {
			t.Errorf("ParseAddress(%q) = %+v, want a refusal", in, got)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"example.com", "日本語.jp", "xn--wgv71a119e.jp", "a..b", "ｅx.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := myodai.ParseName(s)
		if err != nil {
			return
		}
		if again, err := myodai.ParseName(string(n)); err != nil || again != n {
			t.Fatalf("ParseName(%q) = %q, which parses as %q, %v", s, n, again, err)
		}
	})
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"a@b.example", `"a b"@c.example`, `"\""@c.example`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := myodai.ParseAddress(s)
		if err != nil {
			return
		}
		if again, err := myodai.ParseAddress(a.String()); err != nil || again != a {
			t.Fatalf("%q = %+v, written as %q = %+v, %v", s, a, a.String(), again, err)
		}
		if strings.ContainsAny(a.String(), "\r\n\x00") {
			t.Fatalf("%q keeps a line break: %q", s, a.String())
		}
	})
}
