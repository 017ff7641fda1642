package diagnose

import (
	"fmt"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// FuzzParseSOA: what is read of an SOA record is what it says, or nothing.
func FuzzParseSOA(f *testing.F) {
	f.Add("ns.example hostmaster.example 2026112201 3600 600 86400 60", uint32(300))
	f.Add("a b 1 2 3 4", uint32(0))
	f.Add("a b -1 2 3 4 99999999999", uint32(1))
	f.Fuzz(func(t *testing.T, data string, ttl uint32) {
		s, ok := parseSOA(myodai.Record{Data: data, TTL: ttl})
		if !ok {
			if s != (soa{}) {
				t.Errorf("%q: %+v", data, s)
			}
			return
		}
		n := func(d time.Duration) int64 { return int64(d / time.Second) }
		text := fmt.Sprintf("a b %d %d %d 0 %d", s.serial, n(s.refresh), n(s.retry), n(s.minimum))
		if again, ok := parseSOA(myodai.Record{Data: text, TTL: ttl}); !ok || again != s {
			t.Errorf("%q: %+v, read again %+v", data, s, again)
		}
		if s.negative() > s.ttl || s.negative() > s.minimum {
			t.Errorf("%q: kept for %v", data, s.negative())
		}
	})
}
