package delivery

import (
	"net/netip"
	"testing"
	"time"
)

func TestWary(t *testing.T) {
	var w wary
	at := func(n int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(n >> 8), byte(n)}), 25)
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	w.note(at(1), now)
	for _, tt := range []struct {
		server int
		after  time.Duration
		want   bool
	}{{1, 0, true}, {2, 0, false}, {1, time.Hour - 1, true}, {1, time.Hour, false}, {1, 0, false}} {
		if got := w.of(at(tt.server), now.Add(tt.after)); got != tt.want {
			t.Errorf("server %d after %v: %t, want %t", tt.server, tt.after, got, tt.want)
		}
	}
	for n := range maxWary + 100 {
		w.note(at(n), now)
	}
	if len(w.until) != maxWary || !w.of(at(maxWary+99), now) {
		t.Errorf("%d are remembered", len(w.until))
	}
}
