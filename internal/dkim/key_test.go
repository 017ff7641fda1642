package dkim_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// rsaKey is made once: it takes a tenth of a second.
var rsaKey = sync.OnceValue(func() crypto.Signer {
	key, err := dkim.GenerateKey(myodai.KeyRSA, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

// edKey is the same key in every run, so that its signatures are too.
var edKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

func TestGeneratedKeysAreWhatWePublish(t *testing.T) {
	for _, tt := range []struct {
		algorithm myodai.KeyAlgorithm
		bits      int
	}{
		{myodai.KeyRSA, 2048},
		{myodai.KeyEd25519, 256},
	} {
		t.Run(string(tt.algorithm), func(t *testing.T) {
			key, err := dkim.GenerateKey(tt.algorithm, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			record := dkim.KeyRecord(tt.algorithm, dkim.Public(key))
			got, err := dkim.ParseKeyRecord(record)
			if err != nil {
				t.Fatalf("ParseKeyRecord(%q): %v", record, err)
			}
			if got.Bits != tt.bits || got.Algorithm != tt.algorithm {
				t.Errorf("record is of %s with %d bits, want %s with %d", got.Algorithm, got.Bits, tt.algorithm, tt.bits)
			}
			if !key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(got.Key) {
				t.Error("the record holds another key")
			}
			if again := got.String(); again != record {
				t.Errorf("String() = %q, want %q", again, record)
			}
		})
	}
}

func TestGenerateKeyEd25519ReadsItsReader(t *testing.T) {
	one, err := dkim.GenerateKey(myodai.KeyEd25519, bytes.NewReader(make([]byte, 64)))
	if err != nil {
		t.Fatal(err)
	}
	two, err := dkim.GenerateKey(myodai.KeyEd25519, bytes.NewReader(make([]byte, 64)))
	if err != nil {
		t.Fatal(err)
	}
	if dkim.Public(one) != dkim.Public(two) {
		t.Error("the same randomness gave different keys")
	}
	if _, err := dkim.GenerateKey(myodai.KeyEd25519, iotest.ErrReader(errors.New("dry"))); err == nil {
		t.Error("a reader that fails gave a key")
	}
	if _, err := dkim.GenerateKey("dsa", rand.Reader); err == nil {
		t.Error("an unknown algorithm gave a key")
	}
}

func TestPublicOfOtherKeysIsEmpty(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got := dkim.Public(key); got != "" {
		t.Errorf("Public = %q, want nothing", got)
	}
}

func TestRSAGenerationIsLargeEnough(t *testing.T) {
	if bits := rsaKey().Public().(*rsa.PublicKey).N.BitLen(); bits != 2048 {
		t.Errorf("the RSA key has %d bits, want 2048", bits)
	}
}
