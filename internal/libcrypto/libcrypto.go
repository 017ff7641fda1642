//go:build libcrypto && linux

package libcrypto

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/ebitengine/purego"
)

// library is what we use of libcrypto 3. Each of its functions may be called by
// several threads at a time, each with a context of its own.
type library struct {
	readKey     func(key uintptr, der **byte, size int) uintptr
	freeKey     func(key uintptr)
	newContext  func(key, engine uintptr) uintptr
	freeContext func(context uintptr)
	beginSign   func(context uintptr) int32
	setPadding  func(context uintptr, padding int32) int32
	setDigest   func(context, digest uintptr) int32
	sign        func(context uintptr, signature *byte, size *uint64, digest *byte, length uint64) int32
	sha256      uintptr
}

// file is the library's name: that of every OpenSSL 3.
const file = "libcrypto.so.3"

// Open looks for the library and tries it. It returns what makes signers of
// private keys that sign with it: PKCS #1 v1.5 over SHA-256 (RFC 8017 §8.2),
// which is all that DKIM needs.
func Open() (func(*rsa.PrivateKey) (crypto.Signer, error), error) {
	handle, err := purego.Dlopen(file, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	l := &library{}
	var sha256 func() uintptr
	for name, function := range map[string]any{
		"d2i_AutoPrivateKey": &l.readKey, "EVP_PKEY_free": &l.freeKey,
		"EVP_PKEY_CTX_new": &l.newContext, "EVP_PKEY_CTX_free": &l.freeContext,
		"EVP_PKEY_sign_init": &l.beginSign, "EVP_PKEY_CTX_set_rsa_padding": &l.setPadding,
		"EVP_PKEY_CTX_set_signature_md": &l.setDigest, "EVP_PKEY_sign": &l.sign, "EVP_sha256": &sha256,
	} {
		symbol, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("%s has no %s: %w", file, name, err)
		}
		purego.RegisterFunc(function, symbol)
	}
	l.sha256 = sha256()
	if err := l.try(); err != nil {
		return nil, err
	}
	return l.signer, nil
}

// try compares one signature with Go's.
func (l *library) try() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("make a key to try %s with: %w", file, err)
	}
	s, err := l.signer(key)
	if err != nil {
		return err
	}
	digest := make([]byte, crypto.SHA256.Size())
	got, err := s.Sign(nil, digest, crypto.SHA256)
	if err != nil {
		return err
	}
	if want, err := key.Sign(nil, digest, crypto.SHA256); err != nil || !bytes.Equal(got, want) {
		return fmt.Errorf("%s signs otherwise than Go does", file)
	}
	return nil
}

// signer is a private key in the library's memory, which is given back with it.
type signer struct {
	*library
	key    uintptr
	public *rsa.PublicKey
}

func (l *library) signer(key *rsa.PrivateKey) (crypto.Signer, error) {
	der := x509.MarshalPKCS1PrivateKey(key)
	defer clear(der)
	start := &der[0] // is moved to the end of what was read
	s := &signer{library: l, key: l.readKey(0, &start, len(der)), public: &key.PublicKey}
	if s.key == 0 {
		return nil, fmt.Errorf("%s does not read the key", file)
	}
	runtime.AddCleanup(s, l.freeKey, s.key)
	return s, nil
}

func (s *signer) Public() crypto.PublicKey { return s.public }

// Sign signs a SHA-256 digest; it needs no randomness.
func (s *signer) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != crypto.SHA256 || len(digest) != crypto.SHA256.Size() {
		return nil, errors.New("libcrypto: only digests of SHA-256 are signed")
	}
	context := s.newContext(s.key, 0)
	if context == 0 {
		return nil, fmt.Errorf("%s gives no context", file)
	}
	defer s.freeContext(context)
	const pkcs1 = 1 // RSA_PKCS1_PADDING
	if s.beginSign(context) != 1 || s.setPadding(context, pkcs1) != 1 || s.setDigest(context, s.sha256) != 1 {
		return nil, fmt.Errorf("%s does not begin to sign", file)
	}
	signature := make([]byte, s.public.Size())
	size := uint64(len(signature))
	ok := s.sign(context, &signature[0], &size, &digest[0], uint64(len(digest))) == 1
	runtime.KeepAlive(s)
	if !ok || size != uint64(len(signature)) {
		return nil, fmt.Errorf("%s does not sign", file)
	}
	return signature, nil
}
