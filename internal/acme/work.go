package acme

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/myodai/myodai"
)

// act is what is to be done about a certificate.
type act string

const (
	actNothing act = "nothing"
	actWarn    act = "warn"  // the operator, that it expires
	actAsk     act = "ask"   // the authority, when to renew
	actOrder   act = "order" // a new one
)

// decide says what is to be done now. Nothing is ordered without a directory.
func decide(w myodai.WantedCertificate, orders bool, now time.Time) act {
	switch {
	case w.MustWarn(now):
		return actWarn
	case !orders || !w.Ready || now.Before(w.DueAt):
		return actNothing
	case w.Held() && now.Before(w.RenewAt):
		return actAsk
	}
	return actOrder
}

// idlePause is when a certificate is looked at again about which nothing can be
// done now.
const idlePause = time.Hour

// work does what is to be done about one certificate that this node holds.
func (s *Service) work(ctx context.Context, w myodai.WantedCertificate) {
	now := time.Now()
	var err error
	switch decide(w, s.o.Directory != "", now) {
	case actWarn:
		err = s.warn(ctx, w, now)
	case actAsk:
		err = s.ask(ctx, w)
	case actOrder:
		err = s.order(ctx, w, now)
	default:
		err = s.record(ctx, w, nil, func(c myodai.Certificate) (myodai.Certificate, []myodai.Event) {
			if !now.Before(c.DueAt) {
				c.DueAt = now.Add(idlePause)
			}
			return c, nil
		})
	}
	refusal, refused := errors.AsType[*myodai.Error](err)
	switch {
	case err == nil || ctx.Err() != nil:
	case refused && refusal.Code == myodai.CodeNotFound: // deleted meanwhile
	default:
		s.log.Error("work on a certificate", "host", w.Host, "err", err)
	}
}

func (s *Service) record(ctx context.Context, w myodai.WantedCertificate, fresh *myodai.NewCertificate,
	change func(myodai.Certificate) (myodai.Certificate, []myodai.Event),
) error {
	// What was done at the authority is written down also while we are stopping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return s.o.Store.RecordCertificate(ctx, s.o.Owner, w.ID, fresh, time.Now(), change)
}

// warn tells the operator, and the tenant by an event, that a certificate is
// about to expire. When the operator cannot be told, the lease runs out, and
// somebody tries again.
func (s *Service) warn(ctx context.Context, w myodai.WantedCertificate, now time.Time) error {
	s.log.Warn("certificate expires and is not renewed", "host", w.Host, "tenant", w.TenantID, "expires", w.NotAfter, "reason", reasonOf(w.Certificate))
	if s.o.Warn != nil {
		if err := s.o.Warn(ctx, w.Certificate); err != nil {
			return err
		}
	}
	return s.record(ctx, w, nil, func(c myodai.Certificate) (myodai.Certificate, []myodai.Event) {
		c.WarnedAt = now
		return c, s.events(myodai.EventCertificateExpiring, c, now, map[string]any{"reason": reasonOf(c)})
	})
}

// reasonOf says in a few words why a certificate is not renewed.
func reasonOf(c myodai.Certificate) string {
	if c.Failure != nil {
		return c.Failure.Type + ": " + c.Failure.Detail
	}
	return "its DNS records do not allow an order"
}

// order makes an order and writes down what it came to.
func (s *Service) order(ctx context.Context, w myodai.WantedCertificate, now time.Time) error {
	fresh, got, err := s.obtain(ctx, w)
	if ctx.Err() != nil {
		return nil // stopping: the lease runs out, and the order is made again
	}
	end, spread := time.Now(), s.spread()
	if err != nil {
		failure := failureOf(err, end)
		s.metrics.orders.WithLabelValues("failed").Inc()
		s.log.Warn("no certificate", "host", w.Host, "tenant", w.TenantID, "type", failure.Type, "err", failure.Detail)
		return s.record(ctx, w, nil, func(c myodai.Certificate) (myodai.Certificate, []myodai.Event) {
			c, news := c.Ordered(now).Failed(failure, spread, end)
			if !news {
				return c, nil
			}
			return c, s.events(myodai.EventCertificateFailed, c, end, map[string]any{"type": failure.Type, "detail": failure.Detail})
		})
	}
	s.metrics.orders.WithLabelValues("issued").Inc()
	s.log.Info("certificate issued", "host", w.Host, "tenant", w.TenantID, "expires", got.NotAfter)
	err = s.record(ctx, w, &fresh, func(c myodai.Certificate) (myodai.Certificate, []myodai.Event) {
		c = issued(c.Ordered(now), got, spread, end)
		return c, s.events(myodai.EventCertificateIssued, c, end, map[string]any{"issuer": c.Issuer})
	})
	if err == nil {
		err = s.reload(ctx)
	}
	return err
}

// issued is the certificate after the authority has issued one. spread is from 0
// to 1.
func issued(c, got myodai.Certificate, spread float64, now time.Time) myodai.Certificate {
	c.Serial, c.Issuer, c.NotBefore, c.NotAfter = got.Serial, got.Issuer, got.NotBefore, got.NotAfter
	c.Failures, c.Failure, c.WarnedAt, c.Explain = 0, nil, time.Time{}, ""
	c.RenewAt = c.Renewal(spread)
	c.DueAt = min2(c.RenewAt, now.Add(askPause))
	return c
}

// events tells the tenant; the platform's own certificates are only logged.
func (s *Service) events(kind myodai.EventKind, c myodai.Certificate, now time.Time, data map[string]any) []myodai.Event {
	if c.TenantID == "" {
		return nil
	}
	data["tracking_domain"], data["tracking_id"] = string(c.Host), string(c.TrackingID)
	if c.Held() {
		data["expires_at"] = c.NotAfter.UTC().Format(time.RFC3339)
	}
	return []myodai.Event{{
		ID: myodai.NewID[myodai.EventID](now, s.o.Random), TenantID: c.TenantID, Kind: kind, At: now, Data: data,
	}}
}

// spread is a random number from 0 to 1.
func (s *Service) spread() float64 {
	var b [4]byte
	if _, err := io.ReadFull(s.o.Random, b[:]); err != nil {
		panic("acme: no randomness: " + err.Error())
	}
	return float64(binary.BigEndian.Uint32(b[:])) / (1 << 32)
}

// min2 is the earlier of two instants.
func min2(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
