package domains

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"sync"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/handoff"
)

// LinkKeys are the keys that sign Domain Connect links. See package store.
type LinkKeys interface {
	LinkKeys(ctx context.Context) ([]myodai.LinkKey, error) // newest first
	LinkKeyPrivate(ctx context.Context, label string) ([]byte, error)
	AddLinkKey(ctx context.Context, k myodai.LinkKey, private []byte) error
}

// linkKey is the key that signs links now, once it has been read.
type linkKey struct {
	mu      sync.Mutex
	label   string
	private *rsa.PrivateKey
}

// signer is the newest link key. The first is made when the first link is: most
// platforms never need one.
func (h *Handover) signer(ctx context.Context) (label string, key *rsa.PrivateKey, err error) {
	h.key.mu.Lock()
	defer h.key.mu.Unlock()
	list, err := h.Keys.LinkKeys(ctx)
	if err != nil {
		return "", nil, err
	}
	if len(list) == 0 {
		if err := h.makeLinkKey(ctx); err != nil {
			return "", nil, err
		}
		if list, err = h.Keys.LinkKeys(ctx); err != nil {
			return "", nil, err
		}
	}
	if newest := list[0].Label; newest != h.key.label {
		der, err := h.Keys.LinkKeyPrivate(ctx, newest)
		if err != nil {
			return "", nil, err
		}
		parsed, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return "", nil, fmt.Errorf("read link key: %w", err)
		}
		private, ok := parsed.(*rsa.PrivateKey)
		if !ok {
			return "", nil, fmt.Errorf("read link key: it is %T, want RSA", parsed)
		}
		h.key.label, h.key.private = newest, private
	}
	return h.key.label, h.key.private, nil
}

// linkKeyBits is what every DNS host takes for RS256.
const linkKeyBits = 2048

func (h *Handover) makeLinkKey(ctx context.Context) error {
	private, err := rsa.GenerateKey(h.Random, linkKeyBits)
	if err != nil {
		return fmt.Errorf("make link key: %w", err)
	}
	sealed, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("encode link key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return fmt.Errorf("encode link key: %w", err)
	}
	if err := h.Keys.AddLinkKey(ctx, myodai.LinkKey{Label: handoff.LinkKeyLabel, Public: public, CreatedAt: time.Now()}, sealed); err != nil {
		return err
	}
	h.Wake() // who checks a link looks for its key a moment later
	return nil
}

// LinkKeyRecords are the records of our zone in which DNS hosts find the keys of
// links.
func LinkKeyRecords(service handoff.Service, keys []myodai.LinkKey) ([]myodai.Record, error) {
	var list []myodai.Record
	for _, k := range keys {
		public, err := x509.ParsePKIXPublicKey(k.Public)
		if err != nil {
			return nil, fmt.Errorf("read link key: %w", err)
		}
		key, ok := public.(*rsa.PublicKey)
		if !ok {
			return nil, fmt.Errorf("read link key: it is %T, want RSA", public)
		}
		records, err := service.KeyRecords(k.Label, key)
		if err != nil {
			return nil, err
		}
		list = append(list, records...)
	}
	return list, nil
}
