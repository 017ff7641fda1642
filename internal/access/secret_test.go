package access_test

import (
	"bytes"
	"crypto/rand"
	"regexp"
	"testing"

	"github.com/myodai/myodai/internal/access"
)

// T66: the form is public, so that scanners can know it.
func TestSecretForm(t *testing.T) {
	form := regexp.MustCompile(`^myo_[0-9A-Za-z]{49}$`)
	seen := map[string]bool{}
	count := map[byte]int{}
	for range 1000 {
		secret, hash := access.NewSecret(rand.Reader)
		if !form.MatchString(secret) || !access.WellFormed(secret) {
			t.Fatalf("NewSecret = %q", secret)
		}
		if hash != access.HashSecret(secret) {
			t.Fatal("the hash is not of the secret")
		}
		if seen[secret] {
			t.Fatal("the same secret twice")
		}
		seen[secret] = true
		for _, c := range []byte(secret[4:47]) {
			count[c]++
		}
	}
	// 43,000 characters, 694 of each expected, standard deviation 26.
	for c, n := range count {
		if n < 500 || n > 900 {
			t.Errorf("%q occurs %d times of 43000: not uniform", c, n)
		}
	}
	if len(count) != 62 {
		t.Errorf("%d different characters, want 62", len(count))
	}
}

func TestChecksumNoticesEveryChangedCharacter(t *testing.T) {
	secret, _ := access.NewSecret(bytes.NewReader(bytes.Repeat([]byte{1, 7, 99, 255, 42}, 64)))
	for i := range secret {
		changed := []byte(secret)
		changed[i] ^= 1
		if access.WellFormed(string(changed)) {
			t.Errorf("%q passes", changed)
		}
	}
	for _, s := range []string{"", "myo_", secret[:52], secret + "0", secret[4:], " " + secret[1:]} {
		if access.WellFormed(s) {
			t.Errorf("%q passes", s)
		}
	}
}

func FuzzWellFormed(f *testing.F) {
	secret, _ := access.NewSecret(rand.Reader)
	f.Add(secret)
	f.Add("myo_")
	f.Fuzz(func(t *testing.T, s string) {
		if access.WellFormed(s) && len(s) != len(secret) {
			t.Errorf("%q passes", s)
		}
	})
}
