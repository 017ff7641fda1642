package acme

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/myodai/myodai"
)

// account is our account, as the authority knows it.
type account struct{ acme.Account }

// known returns our account at the authority. All nodes share its key; the first
// of them makes it, and each tells the authority of it once: an authority that
// knows a key answers with the account it has (RFC 8555 §7.3.1).
func (s *Service) known(ctx context.Context, client *acme.Client) (acme.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.account != nil {
		return s.account.Account, nil
	}
	key, err := s.accountKey(ctx)
	if err != nil {
		return acme.Account{}, err
	}
	a := acme.Account{TermsOfServiceAgreed: true, PrivateKey: key}
	if !s.o.Contact.IsZero() {
		a.Contact = []string{"mailto:" + s.o.Contact.String()}
	}
	if s.o.EAB.KeyID != "" {
		if err := a.SetExternalAccountBinding(ctx, client, acme.EAB{KeyID: s.o.EAB.KeyID, MACKey: s.o.EAB.Key}); err != nil {
			return acme.Account{}, fmt.Errorf("bind the account: %w", err)
		}
	}
	if a, err = client.NewAccount(ctx, a); err != nil {
		return acme.Account{}, fmt.Errorf("make the account: %w", err)
	}
	s.account = &account{a}
	return a, nil
}

// forget makes the next order tell the authority of the account again: it said
// that it does not know it.
func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account = nil
}

// accountKey reads the key of our account, and makes it when there is none. It is
// sealed in the store before the authority hears of it (T57).
func (s *Service) accountKey(ctx context.Context) (crypto.Signer, error) {
	der, err := s.o.Store.ACMEAccount(ctx, s.o.Directory)
	if refusal, ok := errors.AsType[*myodai.Error](err); ok && refusal.Code == myodai.CodeNotFound {
		if der, err = s.newKey(); err != nil {
			return nil, err
		}
		if err := s.o.Store.AddACMEAccount(ctx, s.o.Directory, der, time.Now()); err != nil {
			return nil, err
		}
		der, err = s.o.Store.ACMEAccount(ctx, s.o.Directory) // another node may have been faster
	}
	if err != nil {
		return nil, err
	}
	return parseKey(der)
}

// newKey makes a P-256 key, in PKCS #8.
func (s *Service) newKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), s.o.Random)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return x509.MarshalPKCS8PrivateKey(key)
}

func parseKey(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("read a key: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a %T signs nothing", key)
	}
	return signer, nil
}
