package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how often something may happen: Burst times at once, and once more
// Every so often. The zero value means a default.
type Rate struct {
	Every time.Duration
	Burst int
}

func (r Rate) or(fallback Rate) Rate {
	if r == (Rate{}) {
		return fallback
	}
	return r
}

// maxBuckets bounds the memory of a limiter: about 2 MiB.
const maxBuckets = 10_000

// limiter holds a bucket per key. When there are too many keys all buckets are
// thrown away: whoever can come from ten thousand networks is not stopped by a
// limit per network, and nobody else notices.
type limiter struct {
	rate    Rate
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newLimiter(r Rate) *limiter {
	return &limiter{rate: r, buckets: map[string]*rate.Limiter{}}
}

func (l *limiter) bucket(key string) *rate.Limiter {
	b, ok := l.buckets[key]
	if !ok {
		if len(l.buckets) >= maxBuckets {
			clear(l.buckets)
		}
		b = rate.NewLimiter(rate.Every(l.rate.Every), l.rate.Burst)
		l.buckets[key] = b
	}
	return b
}

// take uses the key's bucket once. It returns 0, or how long to wait before
// trying again.
func (l *limiter) take(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(key)
	if b.AllowN(now, 1) {
		return 0
	}
	return l.wait(b, now)
}

func (l *limiter) wait(b *rate.Limiter, now time.Time) time.Duration {
	return time.Duration((1 - b.TokensAt(now)) * float64(l.rate.Every))
}
