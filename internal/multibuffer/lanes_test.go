package multibuffer

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/big"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

var eight = sync.OnceValue(func() (keys []*rsa.PrivateKey) {
	for range together {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys = append(keys, key)
	}
	return keys
})

// prepared is eight keys of different owners, and a room.
func prepared(t *testing.T) (keys []*key, r *room) {
	t.Helper()
	if !supported() {
		t.Skip("the processor has no AVX-512 IFMA")
	}
	for _, private := range eight() {
		k, err := newKey(private)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	return keys, rooms.Get().(*room)
}

func random(t *testing.T, below *big.Int) *big.Int {
	t.Helper()
	x, err := rand.Int(rand.Reader, below)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func set(z *number, lane int, x *big.Int) {
	p := plainOf(x)
	put(z[:], lane, p[:])
}

// value adds up columns, which may be negative.
func value(z []vector, lane int) *big.Int {
	x := new(big.Int)
	for i := len(z) - 1; i >= 0; i-- {
		x.Lsh(x, width).Add(x, big.NewInt(int64(z[i][lane])))
	}
	return x
}

// Numbers at every edge, another in each lane, beside math/big's.
func TestKernels(t *testing.T) {
	keys, r := prepared(t)
	var primes [lanes]*big.Int
	for lane := range lanes {
		k := keys[lane]
		p := []*prime{&k.p, &k.q}[lane%2]
		primes[lane] = k.private.Primes[lane%2]
		r.modulus.load(lane, p)
	}
	one := big.NewInt(1)
	edges := []func(n *big.Int) *big.Int{
		func(*big.Int) *big.Int { return new(big.Int) },
		func(*big.Int) *big.Int { return one },
		func(n *big.Int) *big.Int { return new(big.Int).Sub(n, one) },
		func(n *big.Int) *big.Int { return n },
		func(n *big.Int) *big.Int { return new(big.Int).Lsh(n, 3) },
		func(*big.Int) *big.Int { return new(big.Int).Sub(power(digits), one) }, // all digits at their largest
		func(*big.Int) *big.Int { return new(big.Int).Sub(power(digits), power(digits/2)) },
		func(*big.Int) *big.Int { return new(big.Int).Sub(power(digits/2), one) },
		func(*big.Int) *big.Int { return power(digits - 1) },
		func(n *big.Int) *big.Int { return random(t, n) },
		func(*big.Int) *big.Int { return random(t, power(digits)) },
	}
	equal := func(what string, lane int, got, want *big.Int) {
		t.Helper()
		if got.Cmp(want) != 0 {
			t.Errorf("%s in lane %d: %x, want %x", what, lane, got, want)
		}
	}
	reduced := func(what string, lane int, product *big.Int) {
		t.Helper()
		got, n := value(r.x[:], lane), primes[lane]
		equal(what+" modulo n", lane, modulo(new(big.Int).Mul(got, power(digits)), n), modulo(product, n))
		bound := new(big.Int).Rsh(product, digits*width)
		if got.Sign() < 0 || got.Cmp(bound.Add(bound, new(big.Int).Mul(n, big.NewInt(4)))) >= 0 {
			t.Errorf("%s in lane %d is %x, too large", what, lane, got)
		}
	}
	pairs := len(edges) * len(edges)
	for at := 0; at < pairs; at += lanes {
		var x, y [lanes]*big.Int
		for lane := range lanes {
			pair := (at + lane) % pairs
			x[lane], y[lane] = edges[pair%len(edges)](primes[lane]), edges[pair/len(edges)](primes[lane])
			set(&r.low, lane, x[lane])
			set(&r.high, lane, y[lane])
			r.index[lane] = uint64(at/lanes+5*lane) % 16
			for i := range r.table {
				set(&r.table[i], lane, new(big.Int).Add(x[lane], big.NewInt(int64(i))))
			}
		}
		square(&r.sum, &r.low)
		for lane := range lanes {
			equal("square", lane, value(r.sum.columns[:], lane), new(big.Int).Mul(x[lane], x[lane]))
		}
		reduce(&r.x, &r.sum, &r.modulus)
		for lane := range lanes {
			reduced("square", lane, new(big.Int).Mul(x[lane], x[lane]))
		}
		multiply(&r.sum, &r.low, &r.high, &r.chosen[0], &r.table, &r.index)
		for lane := range lanes {
			equal("product", lane, value(r.sum.columns[:], lane), new(big.Int).Mul(x[lane], y[lane]))
			equal("choice", lane, value(r.chosen[0][:], lane), value(r.table[r.index[lane]][:], lane))
		}
		reduce(&r.x, &r.sum, &r.modulus)
		for lane := range lanes {
			reduced("product", lane, new(big.Int).Mul(x[lane], y[lane]))
		}
	}
}

// A batch of any size is what crypto/rsa signs; and what is in one lane only, and
// wrong, is wrong for its lane only.
func TestEveryLane(t *testing.T) {
	keys, r := prepared(t)
	var digests, want [][]byte
	for i, k := range keys {
		digest := sha256.Sum256([]byte{byte(i)})
		signature, err := k.private.Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		digests, want = append(digests, digest[:]), append(want, signature)
	}
	for n := 1; n <= len(keys); n++ {
		for i, got := range r.sign(keys[:n], digests[:n]) {
			if !bytes.Equal(got, want[i]) {
				t.Errorf("%d together: the signature %d is %x, want %x", n, i, got, want[i])
			}
		}
	}
	for i, k := range keys {
		n, s := k.private.N, new(big.Int).SetBytes(want[i])
		for name, wrong := range map[string]*big.Int{
			"one bit":     new(big.Int).Xor(s, big.NewInt(1<<i)),
			"upper bit":   new(big.Int).Xor(s, new(big.Int).Lsh(big.NewInt(1), uint(1030+i))),
			"0":           new(big.Int),
			"1":           big.NewInt(1),
			"n-1":         new(big.Int).Sub(n, big.NewInt(1)),
			"n":           n,
			"negative":    new(big.Int).Sub(n, s),
			"another's":   new(big.Int).SetBytes(want[(i+1)%len(want)]),
			"right for p": crt(k.private, s, big.NewInt(7)),
			"right for q": crt(k.private, big.NewInt(7), s),
			"not reduced": new(big.Int).Mod(new(big.Int).Add(s, n), new(big.Int).Lsh(big.NewInt(1), 8*size)),
		} {
			given := append([][]byte{}, want...)
			given[i] = wrong.FillBytes(make([]byte, size))
			for lane, right := range r.check(keys, digests, given) {
				if right != (lane != i) {
					t.Errorf("%s in lane %d: lane %d right is %v", name, i, lane, right)
				}
			}
		}
	}
}

// crt is x modulo p and y modulo q.
func crt(k *rsa.PrivateKey, x, y *big.Int) *big.Int {
	h := new(big.Int).Sub(x, y)
	h.Mul(h, k.Precomputed.Qinv).Mod(h, k.Primes[0])
	return h.Mul(h, k.Primes[1]).Add(h, new(big.Int).Mod(y, k.Primes[1]))
}

// A key that has gone bad in memory signs wrong in the lanes: it is noticed, and
// crypto/rsa signs.
func TestWrongSignaturesStay(t *testing.T) {
	keys, _ := prepared(t)
	b := &batches{workers: 1, full: make(chan struct{}, 1)}
	digest := sha256.Sum256(nil)
	for name, spoil := range map[string]func(*key){
		"the coefficient": func(k *key) { k.coeff[3] ^= 1 },
		"a prime":         func(k *key) { k.q.n[7] ^= 1 << 40 },
		"the exponent":    func(k *key) { k.p.exponent[200] ^= 1 },
	} {
		k := *keys[0]
		spoil(&k)
		before := mistakes.Load()
		got, err := (&signer{&k, b}).Sign(nil, digest[:], crypto.SHA256)
		want, _ := k.private.Sign(nil, digest[:], crypto.SHA256)
		if err != nil || !bytes.Equal(got, want) || mistakes.Load() != before+1 {
			t.Errorf("%s: signature %x, %v, %d mistakes; want %x and one", name, got, err, mistakes.Load()-before, want)
		}
	}
	mistakes.Store(0)
}

// BenchmarkBatch gives the CPU time of a signature where one thread makes batches,
// and where two do, which share a core if the machine's processors are its threads.
func BenchmarkBatch(b *testing.B) {
	if !supported() {
		b.Skip("the processor has no AVX-512 IFMA")
	}
	k, err := newKey(eight()[0])
	if err != nil {
		b.Fatal(err)
	}
	for _, threads := range []int{1, 2} {
		for _, n := range []int{1, pairs, together} {
			b.Run(fmt.Sprintf("%d_by_%d", n, threads), func(b *testing.B) {
				keys, digests := slices.Repeat([]*key{k}, n), slices.Repeat([][]byte{make([]byte, 32)}, n)
				var all sync.WaitGroup
				var cpu atomic.Int64
				for range threads {
					all.Go(func() {
						runtime.LockOSThread()
						r, began := rooms.Get().(*room), threadCPU()
						for range b.N {
							r.sign(keys, digests)
						}
						cpu.Add(threadCPU() - began)
					})
				}
				all.Wait()
				b.ReportMetric(float64(cpu.Load())/float64(b.N*n*threads)/1e3, "CPU-µs/signature")
			})
		}
	}
}

// threadCPU is what the calling thread has used, in nanoseconds.
func threadCPU() int64 {
	var used syscall.Rusage
	_ = syscall.Getrusage(1, &used) // RUSAGE_THREAD of Linux
	return used.Utime.Nano() + used.Stime.Nano()
}
