package authdns

import (
	"net/netip"
	"testing"
	"time"
)

func TestLimiterJudges(t *testing.T) {
	l := newLimiter(10)
	victim := netip.MustParseAddr("198.51.100.7")
	count := func(from, to time.Duration, each time.Duration) map[verdict]int {
		got := map[verdict]int{}
		for at := from; at < to; at += each {
			got[l.judge(victim, at)]++
		}
		return got
	}
	if got := count(0, 10*time.Second, 200*time.Millisecond); got[verdictAnswer] != 50 {
		t.Errorf("at half the rate: %v, want 50 answers", got)
	}
	// A burst of a second, then the rate; of the rest every second one is cut.
	got := count(20*time.Second, 30*time.Second, 10*time.Millisecond)
	if n := got[verdictAnswer]; n < 105 || n > 110 {
		t.Errorf("at ten times the rate for 10 s: %v, want about 110 answers", got)
	}
	if d := got[verdictDrop] - got[verdictCut]; d < -1 || d > 1 {
		t.Errorf("at ten times the rate: %v, want as many cut as dropped", got)
	}
	if got := count(40*time.Second, 41*time.Second, 500*time.Millisecond); got[verdictAnswer] != 2 {
		t.Errorf("after a pause: %v, want 2 answers", got)
	}
}

func TestLimiterCountsNetworks(t *testing.T) {
	for _, tt := range []struct {
		name, a, b string
		same       bool
	}{
		{"neighbors in a /24", "198.51.100.1", "198.51.100.254", true},
		{"two /24", "198.51.100.1", "198.51.101.1", false},
		{"neighbors in a /56", "2001:db8:0:ff::1", "2001:db8:0:aa::1", true},
		{"two /56", "2001:db8:0:100::1", "2001:db8:0:200::1", false},
		{"mapped and plain", "::ffff:198.51.100.1", "198.51.100.2", true},
	} {
		if got := network(netip.MustParseAddr(tt.a)) == network(netip.MustParseAddr(tt.b)); got != tt.same {
			t.Errorf("%s: same network = %v, want %v", tt.name, got, tt.same)
		}
	}
}

func TestLimiterWithoutRate(t *testing.T) {
	l := newLimiter(-1)
	for range 10_000 {
		if got := l.judge(netip.MustParseAddr("198.51.100.7"), 0); got != verdictAnswer {
			t.Fatalf("judge = %v, want an answer", got)
		}
	}
}

func TestSamplerLetsOneThrough(t *testing.T) {
	var s sampler
	at := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	due := func(after time.Duration, wantMissed int, want bool) {
		t.Helper()
		if missed, ok := s.due(at.Add(after)); ok != want || missed != wantMissed {
			t.Errorf("due after %v = %d, %v; want %d, %v", after, missed, ok, wantMissed, want)
		}
	}
	due(0, 0, true)
	due(1, 0, false)
	due(sampleEvery-1, 0, false)
	due(sampleEvery, 2, true)
	s.reset()
	due(sampleEvery+1, 0, true)
}
