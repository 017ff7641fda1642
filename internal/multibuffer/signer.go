package multibuffer

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"io"
	"runtime"
	"sync/atomic"
)

// Open returns what makes signers of private keys that sign together: PKCS #1
// v1.5 over SHA-256 (RFC 8017 §8.2), which is all that DKIM needs. A key that is
// not RSA-2048 goes on being signed with by crypto/rsa. It fails where the
// processor cannot do it.
func Open() (func(*rsa.PrivateKey) (crypto.Signer, error), error) {
	if !supported() {
		return nil, errors.New("the processor has no AVX-512 IFMA")
	}
	b := &batches{workers: max(1, runtime.GOMAXPROCS(0)/2), full: make(chan struct{}, 1)}
	return func(private *rsa.PrivateKey) (crypto.Signer, error) {
		k, err := newKey(private)
		if err != nil {
			return private, nil
		}
		return &signer{k, b}, nil
	}, nil
}

// mistakes counts signatures that were wrong.
var mistakes atomic.Int64

// signer is a private key.
type signer struct {
	*key
	batches *batches
}

func (s *signer) Public() crypto.PublicKey { return &s.private.PublicKey }

// Sign signs a SHA-256 digest; it needs no randomness.
func (s *signer) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != crypto.SHA256 || len(digest) != sha256.Size {
		return nil, errors.New("multibuffer: only digests of SHA-256 are signed")
	}
	if signature := s.batches.sign(s.key, digest); signature != nil {
		return signature, nil
	}
	mistakes.Add(1)
	return s.private.Sign(nil, digest, crypto.SHA256)
}
