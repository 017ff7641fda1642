package access

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/myodai/myodai"
)

func TestPasswords(t *testing.T) {
	dear := newPasswords(rand.Reader, DefaultCost)
	costly, err := dear.hash(t.Context(), "correct horse battery")
	if err != nil || !strings.HasPrefix(costly, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Fatalf("hash = %s, %v", costly, err)
	}
	p := newPasswords(rand.Reader, Cost{Time: 1, Memory: 64, Threads: 1})
	phc, err := p.hash(t.Context(), "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name         string
		with         *passwords
		phc          string
		password     string
		right, stale bool
	}{
		{"right", p, phc, "correct horse battery", true, false},
		{"wrong", p, phc, "correct horse batterz", false, false},
		{"right, at another cost by now", p, costly, "correct horse battery", true, true},
		{"nobody's", p, "", "correct horse battery", false, false},
		{"nobody's, and none given", p, "", "", false, false},
		{"longer than any", p, phc, strings.Repeat("x", 10_000), false, false},
		{"a hash of something else", p, "$2a$10$abcdefghijklmnopqrstuv", "correct horse battery", false, false},
		{"a hash cut short", p, phc[:len(phc)-5], "correct horse battery", false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			right, stale, err := tt.with.verify(t.Context(), tt.phc, tt.password)
			if err != nil || right != tt.right || stale != tt.stale {
				t.Errorf("verify = %t, %t, %v, want %t, %t", right, stale, err, tt.right, tt.stale)
			}
		})
	}
}

func TestCheckPassword(t *testing.T) {
	email := myodai.Address{Local: "Yamada", Domain: "acme.example"}
	for password, good := range map[string]bool{
		"correct horse battery":         true,
		"あいうえおかきくけこさし":                  true,
		"elevenchars":                   false,
		"aaaaaaaaaaaaaaaa":              false,
		"abababababababab":              false,
		"my yamada password":            false,
		"we work at ACME.example":       false,
		strings.Repeat("abcdefg", 29):   false,
		"valid but for this \xff octet": false,
	} {
		if err := CheckPassword(password, email); (err == nil) != good {
			t.Errorf("CheckPassword(%q) = %v", password, err)
		}
	}
}

// The vectors of RFC 6238 appendix B, cut to six digits.
func TestTOTPVectors(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totpCode(secret, at/30); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}
