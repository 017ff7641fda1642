package main

import (
	"crypto"
	"crypto/rsa"

	"github.com/myodai/myodai/internal/libcrypto"
	"github.com/myodai/myodai/internal/multibuffer"
)

// company is how many signatures may be asked for at a time where they are made
// together: what the lanes have room for, and who goes with the batches after.
const company = 16

// fasterRSA is what signs faster than crypto/rsa on this machine; nil when
// nothing does.
func (s *server) fasterRSA() func(*rsa.PrivateKey) (crypto.Signer, error) {
	lanes, narrow := multibuffer.Open()
	if narrow == nil {
		s.log.Debug("RSA signatures are made together, in lanes of vectors")
		s.signing = company
		return lanes
	}
	library, missing := libcrypto.Open()
	if missing == nil {
		s.log.Info("RSA signatures are libcrypto's")
		return library
	}
	s.log.Debug("RSA signatures are crypto/rsa's", "lanes", narrow, "libcrypto", missing)
	return nil
}
