package multibuffer_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/myodai/myodai/internal/multibuffer"
)

func newKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func open(t testing.TB) func(*rsa.PrivateKey) (crypto.Signer, error) {
	t.Helper()
	accelerate, err := multibuffer.Open()
	if err != nil {
		t.Skip(err)
	}
	return accelerate
}

// What is signed beside others, with keys of one's own, is what crypto/rsa signs,
// and none of it was signed by crypto/rsa because it was wrong.
func TestSign(t *testing.T) {
	accelerate := open(t)
	var all sync.WaitGroup
	for i := range 9 {
		key := multibuffer.Eight()[i%8]
		fast, err := accelerate(key)
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			for n := range byte(40) {
				digest := sha256.Sum256([]byte{n})
				got, err := fast.Sign(nil, digest[:], crypto.SHA256)
				want, _ := key.Sign(nil, digest[:], crypto.SHA256)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("signature %x, %v; want %x", got, err, want)
				}
			}
		})
	}
	all.Wait()
	if n := multibuffer.Mistakes(); n != 0 {
		t.Errorf("%d signatures were wrong and made again", n)
	}
}

func TestOthersSignAsBefore(t *testing.T) {
	accelerate := open(t)
	digest := sha256.Sum256(nil)
	three := *multibuffer.Eight()[0]
	three.E = 3
	others := map[string]*rsa.PrivateKey{"1024 bits": newKey(t, 1024), "3072 bits": newKey(t, 3072), "exponent 3": &three}
	for name, key := range others {
		s, err := accelerate(key)
		if err != nil || s != crypto.Signer(key) {
			t.Errorf("%s: signer %T, %v; want the key itself", name, s, err)
		}
	}
	s, err := accelerate(multibuffer.Eight()[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(nil, digest[:20], crypto.SHA1); err == nil {
		t.Error("a digest of SHA-1 is signed")
	}
}

// BenchmarkSign gives CPU time, too, which other work on the machine does not
// change by much.
func BenchmarkSign(b *testing.B) {
	accelerate := open(b)
	key := multibuffer.Eight()[0]
	fast, err := accelerate(key)
	if err != nil {
		b.Fatal(err)
	}
	digest := make([]byte, 32)
	for _, with := range []struct {
		name    string
		signer  crypto.Signer
		callers int // per processor
	}{{"crypto_rsa", key, 1}, {"alone", fast, 0}, {"together", fast, 20}} {
		b.Run(with.name, func(b *testing.B) {
			began := ownCPU()
			sign := func() {
				if _, err := with.signer.Sign(nil, digest, crypto.SHA256); err != nil {
					b.Error(err)
				}
			}
			if with.callers == 0 {
				for range b.N {
					sign()
				}
			} else {
				b.SetParallelism(with.callers)
				b.RunParallel(func(next *testing.PB) {
					for next.Next() {
						sign()
					}
				})
			}
			b.ReportMetric(float64(ownCPU()-began)/float64(b.N)/1e3, "CPU-µs/op")
		})
	}
}

// ownCPU is what this process has used.
func ownCPU() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // cannot fail with these arguments
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
