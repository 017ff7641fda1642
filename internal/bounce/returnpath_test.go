package bounce_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

var (
	returnKey = sha256.Sum256([]byte("a key for tests"))
	sentAt    = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	bounceAt  = myodai.Name("bounce.customer.example")
)

func deliveryID(seed byte) myodai.DeliveryID {
	return myodai.NewID[myodai.DeliveryID](sentAt, bytes.NewReader(bytes.Repeat([]byte{seed}, 16)))
}

func TestReturnPathIsReadBack(t *testing.T) {
	id := deliveryID(7)
	a := bounce.MintReturnPath(returnKey, id, bounceAt)
	if a.Local != strings.ToLower(a.Local) || len(a.Local) != 55 || a.Domain != bounceAt {
		t.Errorf("MintReturnPath = %v, want 55 octets in lower case at %s", a, bounceAt)
	}
	parsed, err := myodai.ParseAddress(a.String())
	if err != nil || parsed != a {
		t.Errorf("ParseAddress(%q) = %v, %v", a, parsed, err)
	}
	upper := myodai.Address{Local: strings.ToUpper(a.Local), Domain: bounceAt}
	alias := myodai.Address{Local: a.Local, Domain: "token.rp.plat.example"}
	for _, tt := range []struct {
		name string
		a    myodai.Address
		at   time.Time
	}{
		{"at once", a, sentAt},
		{"by a clock that is behind", a, sentAt.Add(-time.Hour)},
		{"in upper case", upper, sentAt},
		{"at the host its alias points to", alias, sentAt},
		{"at the end of its life", a, sentAt.Add(bounce.ReturnPathLife)},
	} {
		if got, err := bounce.ReadReturnPath(returnKey, tt.a, tt.at); err != nil || got != (bounce.Origin{Delivery: id}) {
			t.Errorf("%s: ReadReturnPath = %+v, %v; want %q", tt.name, got, err, id)
		}
	}
}

// A return path that several share is another one than that of its first, and
// neither can be made from the other.
func TestSharedReturnPathIsReadBack(t *testing.T) {
	id := deliveryID(7)
	own, shared := bounce.MintReturnPath(returnKey, id, bounceAt), bounce.MintSharedReturnPath(returnKey, id, bounceAt)
	if len(shared.Local) != 55 || !bounce.IsShared(shared) || bounce.IsShared(own) || own.Local[2:] == shared.Local[2:] {
		t.Errorf("own %s, shared %s", own, shared)
	}
	upper := myodai.Address{Local: strings.ToUpper(shared.Local), Domain: bounceAt}
	for _, a := range []myodai.Address{shared, upper} {
		if got, err := bounce.ReadReturnPath(returnKey, a, sentAt); err != nil || got != (bounce.Origin{Delivery: id, Shared: true}) {
			t.Errorf("ReadReturnPath(%s) = %+v, %v", a, got, err)
		}
	}
	for _, local := range []string{"s" + own.Local[1:], "b" + shared.Local[1:]} {
		if got, err := bounce.ReadReturnPath(returnKey, myodai.Address{Local: local, Domain: bounceAt}, sentAt); err == nil {
			t.Errorf("ReadReturnPath(%s) = %+v, want a refusal", local, got)
		}
	}
}

// Threat T41: whatever is not exactly what we minted is refused.
func TestForgedReturnPathsAreRefused(t *testing.T) {
	a := bounce.MintReturnPath(returnKey, deliveryID(7), bounceAt)
	other := bounce.MintReturnPath(returnKey, deliveryID(8), bounceAt)
	foreign := bounce.MintReturnPath(sha256.Sum256([]byte("another key")), deliveryID(7), bounceAt)
	id, mac := a.Local[2:28], a.Local[29:]

	for _, tt := range []struct {
		name, local string
		at          time.Time
	}{
		{"too old by a millisecond", a.Local, sentAt.Add(bounce.ReturnPathLife + time.Millisecond)},
		{"made with another key", foreign.Local, sentAt},
		{"id of one, signature of another", "b-" + id + "-" + other.Local[29:], sentAt},
		{"younger id under an old signature", "b-7zzzzzzzzz" + id[10:] + "-" + mac, sentAt},
		{"no signature", "b-" + id + "-", sentAt},
		{"no second hyphen", "b-" + id + mac, sentAt},
		{"signature cut", "b-" + id + "-" + mac[:25], sentAt},
		{"signature longer", a.Local + "0", sentAt},
		{"unused last bits set", a.Local[:54] + nextLetter(a.Local[54]), sentAt},
		{"letter outside the alphabet", "b-" + id[:25] + "u-" + mac, sentAt},
		{"detail after a plus", a.Local + "+x", sentAt},
		{"prefix missing", id + "-" + mac, sentAt},
		{"other prefix", "c-" + id + "-" + mac, sentAt},
		{"id with its prefix", "b-dlv_" + id + "-" + mac, sentAt},
		{"Kelvin sign for k", strings.Replace("b-"+id+"-"+mac, mac[:1], "\u212a", 1), sentAt},
		{"route", "@evil.example:" + a.Local, sentAt},
		{"percent", a.Local + "%evil.example", sentAt},
		{"bang", "evil.example!" + a.Local, sentAt},
		{"nothing", "", sentAt},
		{"prefix alone", "b-", sentAt},
		{"hyphens alone", "b--", sentAt},
		{"NUL inside", a.Local[:20] + "\x00" + a.Local[21:], sentAt},
	} {
		got, err := bounce.ReadReturnPath(returnKey, myodai.Address{Local: tt.local, Domain: bounceAt}, tt.at)
		refusal, ok := errors.AsType[*myodai.Error](err)
		if got != (bounce.Origin{}) || !ok || refusal.Code != myodai.CodeNotFound {
			t.Errorf("%s: ReadReturnPath(%q) = %+v, %v; want a refusal", tt.name, tt.local, got, err)
		}
	}
}

// Every single changed character and ten thousand random signatures (T41).
func TestGuessedReturnPathsAreRefused(t *testing.T) {
	a := bounce.MintReturnPath(returnKey, deliveryID(7), bounceAt)
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	try := func(local string) {
		t.Helper()
		if id, err := bounce.ReadReturnPath(returnKey, myodai.Address{Local: local, Domain: bounceAt}, sentAt); err == nil {
			t.Fatalf("ReadReturnPath(%q) = %+v, want a refusal", local, id)
		}
	}
	for i := range a.Local {
		for _, c := range []byte(alphabet + "-") {
			if a.Local[i] != c {
				try(a.Local[:i] + string(c) + a.Local[i+1:])
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		mac := make([]byte, 26)
		for i := range mac {
			mac[i] = alphabet[random.IntN(32)]
		}
		try(a.Local[:29] + string(mac))
	}
}

func FuzzReadReturnPath(f *testing.F) {
	f.Add(bounce.MintReturnPath(returnKey, deliveryID(7), bounceAt).Local)
	f.Add(bounce.MintSharedReturnPath(returnKey, deliveryID(7), bounceAt).Local)
	f.Add("b-0-0")
	f.Fuzz(func(t *testing.T, local string) {
		origin, err := bounce.ReadReturnPath(returnKey, myodai.Address{Local: local, Domain: bounceAt}, sentAt)
		if (origin.Delivery == "") == (err == nil) {
			t.Fatalf("ReadReturnPath(%q) = %+v, %v", local, origin, err)
		}
		mint := bounce.MintReturnPath
		if origin.Shared {
			mint = bounce.MintSharedReturnPath
		}
		if err == nil && !strings.EqualFold(mint(returnKey, origin.Delivery, bounceAt).Local, local) {
			t.Fatalf("ReadReturnPath(%q) = %+v, which is written otherwise", local, origin)
		}
	})
}

// nextLetter differs from c only in its last bit, which the signature's 130
// bits have beyond the 128 that are used.
func nextLetter(c byte) string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	return string(alphabet[strings.IndexByte(alphabet, c)^1])
}
