package multibuffer

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"errors"
	"math/big"
)

// size is that of a signature, in octets.
const size = 256

// key is a private key in the form in which lanes compute.
type key struct {
	private *rsa.PrivateKey
	p, q    prime
	coeff   plain // 1/q modulo p, times 2^1040
}

// prime is one of the two primes of a key, and the power to it.
type prime struct {
	n        plain
	inverse  uint64 // -1/n modulo 2^52
	square   plain  // 2^2080 modulo n
	cube     plain  // 2^3120 modulo n
	exponent [size]byte
}

var errKey = errors.New("the key is not RSA-2048 of two primes of one length")

// newKey prepares a key. This is done once for each, by numbers whose time is
// not constant, like the reading of a key itself.
func newKey(private *rsa.PrivateKey) (*key, error) {
	if len(private.Primes) != 2 || private.N.BitLen() != 8*size {
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
	coeff := new(big.Int).Lsh(private.Precomputed.Qinv, digits*width)
	split(k.coeff[:], coeff.Mod(coeff, p).Bytes())
	return k, nil
}

func (r *prime) prepare(n, exponent *big.Int) {
	split(r.n[:], n.Bytes())
	inverse := r.n[0] // right modulo 8
	for range 5 {     // and each time modulo twice as many bits
		inverse *= 2 - r.n[0]*inverse
	}
	r.inverse = -inverse & mask
	power := new(big.Int).Lsh(big.NewInt(1), 2*digits*width)
	split(r.square[:], new(big.Int).Mod(power, n).Bytes())
	power.Lsh(power, digits*width)
	split(r.cube[:], new(big.Int).Mod(power, n).Bytes())
	var octets [size / 2]byte
	for i, octet := range exponent.FillBytes(octets[:]) {
		r.exponent[2*i], r.exponent[2*i+1] = octet>>4, octet&15
	}
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

// check reports whether a signature is right.
func (k *key) check(digest, signature []byte) bool {
	return rsa.VerifyPKCS1v15(&k.private.PublicKey, crypto.SHA256, digest, signature) == nil
}
