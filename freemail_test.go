package myodai_test

import (
	"os"
	"strings"
	"testing"

	"github.com/myodai/myodai"
)

func TestFreeMail(t *testing.T) { // A23, E11
	for _, n := range []myodai.Name{"gmail.com", "yahoo.co.jp", "docomo.ne.jp", "ezweb.ne.jp", "softbank.ne.jp", "icloud.com", "mail.gmail.com"} {
		if !n.IsFreeMail() {
			t.Errorf("%s is not recognized as free mail", n)
		}
	}
	for _, n := range []myodai.Name{"notgmail.com", "gmail.com.example", "acme.co.jp", "ne.jp", "com"} {
		if n.IsFreeMail() {
			t.Errorf("%s is taken for free mail", n)
		}
	}
}

// TestFreeMailListIsClean keeps every line a name in its one form, once.
func TestFreeMailListIsClean(t *testing.T) {
	text, err := os.ReadFile("freemail.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if n, err := myodai.ParseName(line); err != nil || string(n) != line || n.IsPublicSuffix() || seen[line] {
			t.Errorf("%q: parsed as %q, %v; seen before: %v", line, n, err, seen[line])
		}
		seen[line] = true
	}
}
