package myodai_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/myodai/myodai"
)

// The nine rows of requirements D, and what D17 says about them (T07).
func TestSenderListMatch(t *testing.T) {
	for _, tt := range []struct{ name, list, from, want string }{
		{"row 1: the domain", "interfactory1.example", "test@interfactory1.example", "interfactory1.example"},
		{"row 2: another domain", "interfactory1.example", "test@example.com", ""},
		{"row 3: a subdomain", "interfactory1.example", "test@test.interfactory1.example", "interfactory1.example"},
		{"row 4: a name that ends alike", "interfactory1.example", "test@testinterfactory1.example", ""},
		{"row 5: a list with a comma", "interfactory1.example,example.com", "test@interfactory1.example", "interfactory1.example"},
		{"row 6: a list with a line break", "interfactory1.example\ntest.com", "test@interfactory1.example", "interfactory1.example"},
		{"row 7: the address", "test@testinterfactory1.example", "test@testinterfactory1.example", "test@testinterfactory1.example"},
		{"row 8: an address of another domain", "test@testinterfactory1.example", "test@example.com", ""},
		{"row 9: nothing", "", "test@testinterfactory1.example", ""},
		{"the second of a list", "interfactory1.example,example.com", "test@example.com", "example.com"},
		{"CRLF and spaces", " interfactory1.example \r\n\r\n , example.com ", "test@example.com", "example.com"},
		{"another address of an address's domain", "test@example.com", "sales@example.com", ""},
		{"an address below an address's domain", "test@example.com", "test@mail.example.com", ""},
		{"a plus tag", "test@example.com", "test+1@example.com", ""},
		{"a domain in capitals", "EXAMPLE.com", "test@example.COM", "example.com"},
		{"an IDN in Unicode", "例え.jp", "test@xn--r8jz45g.jp", "xn--r8jz45g.jp"},
		{"nothing but separators", ",\n,", "test@example.com", ""},
	} {
		list, err := myodai.ParseSenderList(tt.list)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		from, err := myodai.ParseAddress(tt.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := list.Match(from); got != tt.want {
			t.Errorf("%s: matches %q, want %q", tt.name, got, tt.want)
		}
	}
	for _, bad := range []string{"co.jp", "com", "a b.example", "example.com;example.net", "@example.com", strings.Repeat("a.example,", 1001)} {
		if list, err := myodai.ParseSenderList(bad); err == nil {
			t.Errorf("%.30q is read as %v", bad, list)
		}
	}
}

// T07: a hundred generated names match by labels and never by characters.
func TestSenderListKeepsToLabels(t *testing.T) {
	chance := rand.New(rand.NewPCG(7, 7))
	label := func() string { return string(rune('a'+chance.IntN(3))) + string(rune('a'+chance.IntN(3))) }
	for range 100 {
		entry := label() + "." + label() + ".example.com"
		list, err := myodai.ParseSenderList(entry)
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			domain string
			want   bool
		}{
			{entry, true}, {label() + "." + entry, true}, {label() + entry, false}, {label() + "-" + entry, false},
			{entry[3:], false}, {entry + "." + label() + ".example", false},
		} {
			from := myodai.Address{Local: "a", Domain: myodai.Name(tt.domain)}
			if got := list.Match(from) != ""; got != tt.want && tt.domain != entry {
				t.Errorf("%s and %s: %t", entry, tt.domain, got)
			}
		}
	}
}
