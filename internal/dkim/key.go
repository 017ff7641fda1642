package dkim

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/myodai/myodai"
)

// rsaBits is the size of the RSA keys we make: what RFC 8301 §3.2 asks signers
// to use, and the largest whose record still fits one UDP answer with ease.
const rsaBits = 2048

// GenerateKey makes a private key: RSA of 2048 bits or Ed25519. An algorithm it
// does not know, or a reader that fails, gives an error.
//
// Ed25519 keys come from random. Since Go 1.26 the standard library makes RSA
// keys from the system's own secure randomness, whatever random is.
func GenerateKey(alg myodai.KeyAlgorithm, random io.Reader) (crypto.Signer, error) {
	switch alg {
	case myodai.KeyRSA:
		key, err := rsa.GenerateKey(random, rsaBits)
		if err != nil {
			return nil, fmt.Errorf("generate rsa key: %w", err)
		}
		return key, nil
	case myodai.KeyEd25519:
		_, key, err := ed25519.GenerateKey(random)
		if err != nil {
			return nil, fmt.Errorf("generate ed25519 key: %w", err)
		}
		return key, nil
	}
	return nil, fmt.Errorf("generate key: no algorithm %q", alg)
}

// Public is the public half of key in base64, as it stands after p=: for RSA
// the SubjectPublicKeyInfo that everybody publishes, for Ed25519 the bare 32
// octets (RFC 8463 §4.1). It is "" for any other kind of key.
func Public(key crypto.Signer) string {
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			return ""
		}
		return base64.StdEncoding.EncodeToString(der)
	case ed25519.PublicKey:
		return base64.StdEncoding.EncodeToString(public)
	}
	return ""
}

// KeyRecord is the text of the key record we publish: "v=DKIM1; k=rsa; p=…".
// With an empty public key it is the record of a revoked one (RFC 6376 §3.6.1).
func KeyRecord(alg myodai.KeyAlgorithm, public string) string {
	return "v=DKIM1; k=" + string(alg) + "; p=" + public
}
