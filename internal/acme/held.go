package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// heldCertificate is a certificate ready for handshakes.
type heldCertificate struct {
	id     myodai.CertificateID
	serial string
	tls    *tls.Certificate
	noted  myodai.Certificate // when it begins and ends
}

// GetCertificate is for tls.Config. It knows every name for which a certificate
// is held, expired or not; to any other it answers with none, so that the client
// gets the alert unrecognized_name and never somebody else's certificate. It asks
// nobody and orders nothing (T56).
//
// It needs a configuration without certificates of its own.
func (s *Service) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := myodai.Name(strings.ToLower(strings.TrimSuffix(hello.ServerName, ".")))
	if c := s.Certificate(name); c != nil {
		return c, nil
	}
	s.metrics.unknown.Inc()
	return nil, nil
}

// Certificate is what is held for a name, expired or not; nil for none.
func (s *Service) Certificate(name myodai.Name) *tls.Certificate {
	if c, ok := (*s.held.Load())[name]; ok {
		return c.tls
	}
	return nil
}

// Holds reports whether a certificate for the name is held that has not expired.
func (s *Service) Holds(name myodai.Name, now time.Time) bool {
	c, ok := (*s.held.Load())[name]
	return ok && c.noted.Valid(now)
}

// reload brings what is held in memory up to date. A certificate that cannot be
// read leaves the others alone.
func (s *Service) reload(ctx context.Context) error {
	list, err := s.o.Store.HeldCertificates(ctx)
	if err != nil {
		return err
	}
	before := *s.held.Load()
	after := make(map[myodai.Name]*heldCertificate, len(list))
	for _, c := range list {
		if old, ok := before[c.Host]; ok && old.id == c.ID && old.serial == c.Serial {
			after[c.Host] = old
			continue
		}
		fresh, err := s.load(ctx, c.ID)
		if err != nil {
			if refusal, ok := errors.AsType[*myodai.Error](err); ok && refusal.Code == myodai.CodeNotFound {
				continue // deleted meanwhile
			}
			s.log.Error("read a certificate", "host", c.Host, "err", err)
			continue
		}
		after[c.Host] = fresh
	}
	s.held.Store(&after)
	now, expiring := time.Now(), 0
	for c := range maps.Values(after) {
		if !now.Before(c.noted.WarnAt()) {
			expiring++
		}
	}
	s.metrics.held.Set(float64(len(after)))
	s.metrics.expiring.Set(float64(expiring))
	return nil
}

func (s *Service) load(ctx context.Context, id myodai.CertificateID) (*heldCertificate, error) {
	c, err := s.o.Store.ServedCertificate(ctx, id)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(c.Private)
	if err != nil {
		return nil, err
	}
	ready := &tls.Certificate{PrivateKey: key}
	for rest := c.Chain; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		ready.Certificate = append(ready.Certificate, block.Bytes)
	}
	if len(ready.Certificate) == 0 {
		return nil, errors.New("the chain is empty")
	}
	if ready.Leaf, err = x509.ParseCertificate(ready.Certificate[0]); err != nil {
		return nil, fmt.Errorf("read the chain: %w", err)
	}
	return &heldCertificate{
		id: c.ID, serial: c.Serial, tls: ready,
		noted: myodai.Certificate{NotBefore: ready.Leaf.NotBefore, NotAfter: ready.Leaf.NotAfter},
	}, nil
}
