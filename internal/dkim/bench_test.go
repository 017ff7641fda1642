package dkim_test

import (
	"crypto"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai/internal/dkim"
)

// BenchmarkSignBesideBareRSA signs mail of 10 KB in turns with the bare private-key
// operation, and gives the ratio of the medians, which should be at most 1.3
// whatever else the machine does.
func BenchmarkSignBesideBareRSA(b *testing.B) {
	message := []byte(mail + strings.Repeat("The quick brown fox jumps over the lazy dog, again and again.\r\n", (10<<10)/63))
	digest, signers := make([]byte, 32), []dkim.Signer{rsaSigner()}
	var signing, bare []time.Duration
	took := func(do func() error) time.Duration {
		began := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	for b.Loop() {
		signing = append(signing, took(func() error { _, err := dkim.Sign(message, signers, signedAt); return err }))
		bare = append(bare, took(func() error { _, err := rsaKey().Sign(nil, digest, crypto.SHA256); return err }))
	}
	slices.Sort(signing)
	slices.Sort(bare)
	b.ReportMetric(float64(signing[len(signing)/2])/float64(bare[len(bare)/2]), "of-bare")
}

// BenchmarkSign tells the price by size and kind of key.
func BenchmarkSign(b *testing.B) {
	for _, size := range []int{10 << 10, 100 << 10} {
		message := []byte(mail + strings.Repeat("The quick brown fox jumps over the lazy dog, again and again.\r\n", size/63))
		for name, signer := range map[string]dkim.Signer{"rsa": rsaSigner(), "ed25519": edSigner()} {
			b.Run(fmt.Sprintf("%s/%dK", name, size>>10), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := dkim.Sign(message, []dkim.Signer{signer}, signedAt); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkBareRSA(b *testing.B) {
	digest := make([]byte, 32)
	for b.Loop() {
		if _, err := rsaKey().Sign(nil, digest, crypto.SHA256); err != nil {
			b.Fatal(err)
		}
	}
}
