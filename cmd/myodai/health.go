package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// health answers /healthz, /readyz and /metrics, on a door of its own (T79).
type health struct {
	mux      *http.ServeMux
	s        *server
	stopping atomic.Bool
}

func newHealth(s *server) *health {
	h := &health{mux: http.NewServeMux(), s: s}
	h.mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}))
	h.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("alive\n")) })
	h.mux.HandleFunc("GET /readyz", h.ready)
	return h
}

func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// readyTime bounds all checks together.
const readyTime = 3 * time.Second

// ready says whether mail can be accepted and delivered now: 200 and every check
// "ok", or 503 and what is wrong. Never green while mail is answered 4xx (P30).
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	status := http.StatusOK
	checks := map[string]string{}
	for name, check := range map[string]func(context.Context) error{
		"store": h.s.store.Ping, "zone": h.zoneServed, "disk": h.diskFree, "running": h.running,
	} {
		checks[name] = "ok"
		if err := check(ctx); err != nil {
			status = http.StatusServiceUnavailable
			checks[name] = err.Error()
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(checks) // the asker has gone if this fails
}

func (h *health) running(context.Context) error {
	if h.stopping.Load() {
		return fmt.Errorf("stopping")
	}
	return nil
}

// zoneServed: without our zone receivers find no keys, and everything fails
// DKIM that is delivered.
func (h *health) zoneServed(context.Context) error {
	if _, ok := h.s.dns.Serial(); !ok && len(h.s.cfg.ListenDNS) > 0 && h.s.cfg.plays(roleAuthDNS) {
		return fmt.Errorf("the zone is not loaded")
	}
	return nil
}

// minFree is how much disk must be free. Below it a message of the largest size
// still fits four times, so the warning comes before the damage.
const minFree = 100 << 20

// diskFree looks at the disk of the SQLite database; others have their own
// operators.
func (h *health) diskFree(context.Context) error {
	if strings.Contains(h.s.cfg.Database, "://") {
		return nil
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(h.s.cfg.Database), &disk); err != nil {
		return fmt.Errorf("the disk of the database cannot be looked at: %w", err)
	}
	if free := disk.Bavail * uint64(disk.Bsize); free < minFree { // #nosec G115 -- block sizes are positive
		return fmt.Errorf("only %d MiB are free on the disk of the database", free>>20)
	}
	return nil
}
