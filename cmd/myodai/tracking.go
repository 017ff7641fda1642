package main

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
	"github.com/myodai/myodai/internal/track"
)

// buildTrack makes what answers at tracking hosts.
func (s *server) buildTrack(master [32]byte, own *certificate) error {
	key, err := hkdf.Key(sha256.New, master[:], nil, "myodai tracking links", 32)
	if err != nil {
		return fmt.Errorf("derive the key of tracking links: %w", err)
	}
	s.track, err = track.New(track.Options{
		Store: s.store, Random: rand.Reader, Key: [32]byte(key), Host: s.cfg.TrackHost, Dir: s.path("spool"),
		Log: s.log, Registerer: s.registry, Certificate: s.trackCertificate(own), Challenge: s.acme, Hosts: trackingHosts{s.store},
		Plain: func(host myodai.Name) bool {
			return len(s.cfg.ListenTrackTLS) > 0 && !own.covers(host) && !s.acme.Holds(host, time.Now())
		},
	})
	return err
}

// trackingHosts are the tenants' names that links lead through.
type trackingHosts struct{ store *store.Store }

// TrackingHosts implements track.Hosts.
func (h trackingHosts) TrackingHosts(ctx context.Context) ([]track.Host, error) {
	serving, err := h.store.ServingTracking(ctx)
	list := make([]track.Host, 0, len(serving))
	for _, t := range serving {
		list = append(list, track.Host{Name: t.Name, TenantID: t.TenantID})
	}
	return list, err
}

// trackCertificate is the certificate of a tracking host: one that was issued for
// the name, or for the platform's own host the one in the files. Other names have
// none, and their clients get an alert (T56).
func (s *server) trackCertificate(own *certificate) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if held, err := s.acme.GetCertificate(hello); held != nil || err != nil {
			return held, err
		}
		if strings.EqualFold(strings.TrimSuffix(hello.ServerName, "."), string(s.cfg.TrackHost)) {
			return own.get(hello)
		}
		return nil, nil
	}
}

// covers reports whether browsers can take the certificate for a host: its name
// is in it, and we have not signed it ourselves.
func (c *certificate) covers(host myodai.Name) bool {
	pair, err := c.get(nil)
	return err == nil && pair.Leaf != nil && pair.Leaf.VerifyHostname(string(host)) == nil &&
		!bytes.Equal(pair.Leaf.RawIssuer, pair.Leaf.RawSubject)
}
