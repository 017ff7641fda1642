package dkim_test

import (
	"crypto"
	"fmt"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/dkim"
)

// BenchmarkSign is to be read beside BenchmarkBareRSA: at 10 KB signing mail
// should cost at most 1.3 times what the RSA operation costs by itself.
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
