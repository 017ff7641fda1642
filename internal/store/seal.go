package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"strings"

	"github.com/myodai/myodai"
)

// newAEAD derives the key that private keys are sealed under. Its label keeps
// it apart from whatever else is derived from the master key.
//
// Nonces are random, which NIST SP 800-38D §8.3 allows for 2^32 seals under one
// key; domains have a handful of keys each.
func newAEAD(master [32]byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, master[:], nil, "myodai store: private keys", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// binding is what a sealed private key is bound to, so that it opens in no
// other row (P28). The parts hold no NUL.
func binding(k myodai.Key, signsFor myodai.Name) []byte {
	return []byte(strings.Join([]string{
		"dkim key", string(k.TenantID), string(k.DomainID), string(signsFor), k.Selector,
	}, "\x00"))
}

func (s *Store) seal(plain, boundTo []byte) []byte {
	return s.aead.Seal(nil, nil, plain, boundTo) // #nosec G407 -- the mode makes a random nonce itself
}

var errUnseal = errors.New("the sealed data does not belong here or was changed")

func (s *Store) unseal(sealed, boundTo []byte) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, boundTo)
	if err != nil {
		return nil, errUnseal
	}
	return plain, nil
}

// keyCheck is what the row of table master_key is bound to.
var keyCheck = []byte("master key check")

// checkKey keeps a proof of the master key in a new database, and refuses
// another master key from then on.
func (s *Store) checkKey(q session) error {
	_, err := q.exec(`insert into master_key (one, sealed) values (1, $1) on conflict do nothing`, s.seal(nil, keyCheck))
	if err != nil {
		return err
	}
	return s.compareKey(q)
}

func (s *Store) compareKey(q session) error {
	rows, err := all(q, only[[]byte], `select sealed from master_key`)
	if err != nil || len(rows) == 0 {
		return err
	}
	if _, err := s.unseal(rows[0], keyCheck); err != nil {
		return myodai.Refuse(myodai.CodeInvalid, "key",
			"the master key is not the one this database was sealed with; give the one it was created with")
	}
	return nil
}
