package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/myodai/myodai/internal/retention"
)

// shutdownTime is how long everything may take to end in order.
const shutdownTime = 30 * time.Second

// serving is what can be told to stop.
type serving interface {
	Shutdown(ctx context.Context) error
}

// Run serves until ctx ends or something fails, and then stops within
// shutdownTime: no door takes anything new, what was begun ends, then the zone
// and the metrics go, and the database last.
func (s *server) Run(ctx context.Context) error {
	defer s.Close()
	g, failed := errgroup.WithContext(ctx)
	engines, stopEngines := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngines()
	var working sync.WaitGroup
	for _, engine := range []struct {
		role role // "" for every node: all need certificates
		name string
		run  func(context.Context) error
	}{
		{roleDomains, "domains", s.domains.Run}, {roleDomains, "tracking", s.tracking.Run}, {"", "acme", s.acme.Run},
		{roleDelivery, "queue", s.queue.Run}, {roleDelivery, "submission", s.submission.Run}, {roleDomains, "senders", s.senders.Run},
		{roleAuthDNS, "authdns", s.dns.Run}, {roleTrack, "track", s.track.Run}, {roleWebhook, "webhook", s.webhooks.Run},
		{roleDelivery, "notifier", s.notifier.Run}, {"", "hygiene", s.hygiene.Run}, {"", "faults", s.faults.run(s.store)},
		{roleDelivery, "retention", retention.New(s.store, s.clock.believed, s.log.With("room", "retention")).Run},
		{"", "clock", func(ctx context.Context) error { return s.clock.run(ctx, s.store) }},
		{roleDelivery, "hours", s.sumHours},
	} {
		if engine.role != "" && !s.cfg.plays(engine.role) {
			continue
		}
		working.Add(1)
		g.Go(func() error {
			defer working.Done()
			return named(engine.name, engine.run(engines))
		})
	}
	health := newHealth(s)
	metrics := &http.Server{Handler: health, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute}
	s.serve(g, metrics)
	s.announce()
	s.announceSetup(ctx)

	<-failed.Done()
	health.stopping.Store(true)
	s.log.Info("stopping")
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	stopEngines() // they begin nothing more
	ended := make(chan error, 1)
	go func() {
		stopAll(deadline, s.api, s.submitters, s.mx, s.track)
		working.Wait()
		stopAll(deadline, s.dns, metrics)
		ended <- g.Wait()
	}()
	select {
	case err := <-ended:
		s.log.Info("stopped")
		return err
	case <-deadline.Done():
		return fmt.Errorf("not everything ended within %s; what was under way is repeated at the next start", shutdownTime)
	}
}

// serve puts somebody behind every door.
func (s *server) serve(g *errgroup.Group, metrics *http.Server) {
	for key, serve := range map[string]func(net.Listener) error{
		"listen_api": s.api.Serve, "listen_submission": s.submitters.Serve,
		"listen_submissions": func(l net.Listener) error { return s.submitters.Serve(tls.NewListener(l, s.tls)) },
		"listen_mx":          s.mx.Serve, "listen_dns": s.dns.ServeTCP,
		"listen_track": s.track.Serve, "listen_track_tls": s.track.ServeTLS,
		"listen_metrics": func(l net.Listener) error {
			if err := metrics.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		},
	} {
		for _, l := range s.doors.streams[key] {
			g.Go(func() error { return named(key, serve(l)) })
		}
	}
	for _, p := range s.doors.packets["listen_dns"] {
		g.Go(func() error { return named("listen_dns", s.dns.ServeUDP(p)) })
	}
}

// named says whose error it is.
func named(who string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", who, err)
}

// stopAll stops servers at the same time. That one has to cut somebody off is
// no failure of ours.
func stopAll(ctx context.Context, list ...serving) {
	var stopping sync.WaitGroup
	for _, server := range list {
		stopping.Go(func() { _ = server.Shutdown(ctx) })
	}
	stopping.Wait()
}

// announce says where the doors are.
func (s *server) announce() {
	for _, key := range listenKeys {
		for _, a := range s.addresses(key) {
			s.log.Info("listening", "door", key, "address", a.String())
		}
	}
	for _, key := range s.cfg.exposed() {
		s.log.Warn("this door carries secrets or numbers unencrypted and can be reached from elsewhere; put a proxy with TLS in front", "door", key)
	}
}

// Close gives everything back. After Run there is nothing left to do for it.
func (s *server) Close() {
	if s.doors != nil {
		s.doors.close()
	}
	if s.prober != nil {
		s.prober.Close()
		s.cache.Close()
	}
	if s.access != nil {
		s.access.Wait()
	}
	if s.track != nil {
		if err := s.track.Close(); err != nil {
			s.log.Error("close the spool", "err", err)
		}
	}
	if s.store != nil {
		if err := s.store.Close(); err != nil {
			s.log.Error("close the database", "err", err)
		}
	}
	if s.node != nil {
		s.node.close() // last: from here on another process may have the directory
	}
}
