//go:build libcrypto && linux

package libcrypto_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"runtime"
	"sync"
	"testing"

	"github.com/myodai/myodai/internal/libcrypto"
)

func newKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Both sign alike, several at a time, and keys that are forgotten meanwhile
// take nothing with them.
func TestSign(t *testing.T) {
	accelerate, err := libcrypto.Open()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		key := newKey(t)
		all.Go(func() {
			for n := range byte(50) {
				fast, err := accelerate(key)
				if err != nil {
					t.Error(err)
					return
				}
				digest := sha256.Sum256([]byte{n})
				got, err := fast.Sign(nil, digest[:], crypto.SHA256)
				want, _ := key.Sign(nil, digest[:], crypto.SHA256)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("signature %x, %v; want %x", got, err, want)
				}
				if n%10 == 0 {
					runtime.GC()
				}
			}
		})
	}
	all.Wait()
	fast, err := accelerate(newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fast.Sign(nil, make([]byte, 20), crypto.SHA1); err == nil {
		t.Error("a digest of SHA-1 is signed")
	}
}

func BenchmarkSign(b *testing.B) {
	key := newKey(b)
	accelerate, err := libcrypto.Open()
	if err != nil {
		b.Fatal(err)
	}
	fast, err := accelerate(key)
	if err != nil {
		b.Fatal(err)
	}
	digest := make([]byte, 32)
	for name, s := range map[string]crypto.Signer{"go": key, "libcrypto": fast} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Sign(nil, digest, crypto.SHA256); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
