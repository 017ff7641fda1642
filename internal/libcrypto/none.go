//go:build !libcrypto || !linux

package libcrypto

import (
	"crypto"
	"crypto/rsa"
	"errors"
)

// Open fails: this program was built without the tag libcrypto.
func Open() (func(*rsa.PrivateKey) (crypto.Signer, error), error) {
	return nil, errors.New("built without the tag libcrypto")
}
