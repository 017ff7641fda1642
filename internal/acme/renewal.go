package acme

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/myodai/myodai"
)

// askPause is how often the authority is asked when it wants a certificate
// renewed, unless it wishes to be asked later (RFC 9773 §4.3).
const askPause = 12 * time.Hour

// ask asks the authority when to renew a certificate. One that does not say has
// no wish, and neither has one that cannot be reached: it is renewed by its age.
func (s *Service) ask(ctx context.Context, w myodai.WantedCertificate) error {
	now := time.Now()
	info, err := s.renewalInfo(ctx, w)
	if err != nil && ctx.Err() == nil {
		s.log.Debug("no renewal information", "host", w.Host, "err", err)
	}
	return s.record(ctx, w, nil, func(c myodai.Certificate) (myodai.Certificate, []myodai.Event) {
		next := now.Add(askPause)
		if err == nil && info.HasWindow() {
			c.RenewAt = renewAt(c, info.SuggestedWindow.End, info.SelectedTime, now)
			c.Explain = info.ExplanationURL
			if info.RetryAfter != nil && info.RetryAfter.After(next) {
				next = *info.RetryAfter
			}
		}
		c.DueAt = min2(c.RenewAt, next)
		return c, nil
	})
}

// renewAt is when a certificate is renewed for which the authority chose an
// instant in a window: at once when the window is over, as before a revocation;
// otherwise within the second half of its life, and with a tenth of it left.
func renewAt(c myodai.Certificate, end, chosen, now time.Time) time.Time {
	if end.Before(now) {
		return now
	}
	earliest, latest := c.NotBefore.Add(c.Life()/2), c.NotAfter.Add(-c.Life()/10)
	switch {
	case chosen.Before(earliest):
		return earliest
	case chosen.After(latest):
		return latest
	}
	return chosen
}

func (s *Service) renewalInfo(ctx context.Context, w myodai.WantedCertificate) (acme.RenewalInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	leaf, err := s.leaf(ctx, w)
	if err != nil {
		return acme.RenewalInfo{}, err
	}
	client, _ := s.client()
	return client.GetRenewalInfo(ctx, leaf)
}

// leaf is the certificate that is held, nil while none is.
func (s *Service) leaf(ctx context.Context, w myodai.WantedCertificate) (*x509.Certificate, error) {
	held, err := s.o.Store.ServedCertificate(ctx, w.ID)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(held.Chain)
	if block == nil {
		return nil, errors.New("the chain that is held is no PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}
