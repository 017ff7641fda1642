package delivery

import (
	"net/netip"
	"sync"
	"time"
)

// What we remember of servers with which CHUNKING went wrong.
const (
	waryFor = time.Hour // more than there is between the first attempts of a delivery
	maxWary = 10_000    // at a time
)

// wary are the servers that get messages with DATA for a while, although they offer
// CHUNKING. The zero value is ready.
type wary struct {
	mu    sync.Mutex
	until map[netip.AddrPort]time.Time
}

func (w *wary) note(server netip.AddrPort, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.until == nil {
		w.until = map[netip.AddrPort]time.Time{}
	}
	for old := range w.until {
		if len(w.until) < maxWary {
			break
		}
		delete(w.until, old)
	}
	w.until[server] = now.Add(waryFor)
}

func (w *wary) of(server netip.AddrPort, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	until, known := w.until[server]
	if known && !now.Before(until) {
		delete(w.until, server)
		return false
	}
	return known
}
