package multibuffer

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"math/big"
)

// size is that of a signature, in octets; exponent is that of public keys.
const size, exponent = 256, 65537

// key is a private key in the form in which lanes compute.
type key struct {
	private *rsa.PrivateKey
	p, q    prime
	coeff   plain // 1/q modulo p, times 2^1040
	public  public
}

// prime is one of the two primes of a key, and the power to it.
type prime struct {
	n, digit, block plain // see modulus
	inverse         uint64
	folded          [2 * quarter]uint64
	carries         [2]uint64
	square          plain      // 2^2080 modulo n
	cube            plain      // 2^3120 modulo n
	exponent        [size]byte // four bits each, the highest first
}

var errKey = errors.New("the key is not RSA-2048 of two primes of one length with the exponent 65537")

// newKey prepares a key. This is done once for each, by numbers whose time is
// not constant, like the reading of a key itself.
func newKey(private *rsa.PrivateKey) (*key, error) {
	if len(private.Primes) != 2 || private.N.BitLen() != 8*size || private.E != exponent {
		return nil, errKey
	}
	p, q := private.Primes[0], private.Primes[1]
	if p.BitLen() != 4*size || q.BitLen() != 4*size {
		return nil, errKey
	}
	private.Precompute()
	k := &key{private: private}
	k.p.prepare(p, private.Precomputed.Dp)
	k.q.prepare(q, private.Precomputed.Dq)
	k.coeff = plainOf(modulo(new(big.Int).Mul(private.Precomputed.Qinv, power(digits)), p))
	k.public.prepare(private.N)
	return k, nil
}

func (r *prime) prepare(n, exponent *big.Int) {
	r.n, r.digit, r.block = plainOf(n), plainOf(minusOne(n, 1)), plainOf(minusOne(n, digits/2))
	r.inverse = minusInverse(n, 1).Uint64()
	for i := range r.carries {
		block := r.block[i*digits/2:]
		for j := range quarter {
			sum := block[j] + block[j+quarter] + r.carries[i]
			r.folded[i*quarter+j], r.carries[i] = sum&mask, sum>>width
		}
	}
	r.square, r.cube = plainOf(modulo(power(2*digits), n)), plainOf(modulo(power(3*digits), n))
	var octets [size / 2]byte
	for i, octet := range exponent.FillBytes(octets[:]) {
		r.exponent[2*i], r.exponent[2*i+1] = octet>>4, octet&15
	}
}

// power is that of two which has n digits below it.
func power(n int) *big.Int { return new(big.Int).Lsh(big.NewInt(1), uint(n*width)) } // #nosec G115 -- small

func modulo(x, n *big.Int) *big.Int { return new(big.Int).Mod(x, n) }

// minusInverse is -1/n modulo so many digits.
func minusInverse(n *big.Int, digits int) *big.Int {
	inverse := new(big.Int).ModInverse(n, power(digits))
	return inverse.Sub(power(digits), inverse)
}

// minusOne is (k·n+1) without so many digits at its low end, which are zero: k·n
// is the multiple of n that is -1 modulo them.
func minusOne(n *big.Int, digits int) *big.Int {
	multiple := minusInverse(n, digits)
	multiple.Mul(multiple, n).Add(multiple, big.NewInt(1))
	return multiple.Rsh(multiple, uint(digits*width)) // #nosec G115 -- small
}

func plainOf(x *big.Int) (z plain) {
	split(z[:], x.Bytes())
	return z
}

// digestInfo stands before a SHA-256 digest (RFC 8017 §9.2).
var digestInfo = []byte{
	0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
}

// pad is EMSA-PKCS1-v1_5 (RFC 8017 §9.2).
func pad(digest []byte) []byte {
	block := bytes.Repeat([]byte{0xff}, size)
	block[0], block[1] = 0, 1
	end := size - len(digestInfo) - len(digest)
	block[end-1] = 0
	copy(block[end:], digestInfo)
	copy(block[end+len(digestInfo):], digest)
	return block
}
