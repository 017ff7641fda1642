package access

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/myodai/myodai"
)

// maxBuckets bounds the memory of a throttle: about 2 MiB.
const maxBuckets = 10_000

// throttle lets something happen so often for one key. When there are too many
// keys all is forgotten: whoever has ten thousand addresses is not stopped by a
// limit per address, and nobody else notices.
type throttle struct {
	every   time.Duration
	burst   int
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newThrottle(every time.Duration, burst int) *throttle {
	return &throttle{every: every, burst: burst, buckets: map[string]*rate.Limiter{}}
}

func (t *throttle) bucket(key string) *rate.Limiter {
	b, ok := t.buckets[key]
	if !ok {
		if len(t.buckets) >= maxBuckets {
			clear(t.buckets)
		}
		b = rate.NewLimiter(rate.Every(t.every), t.burst)
		t.buckets[key] = b
	}
	return b
}

// open reports whether there is something left for the key, and takes nothing.
func (t *throttle) open(key string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bucket(key).TokensAt(now) >= 1
}

// take uses the key's bucket once and reports whether there was something left.
func (t *throttle) take(key string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bucket(key).AllowN(now, 1)
}

// throttles bound guessing and mail. Only failures count where something is
// guessed, so nobody who is right is held up by an address they share.
type throttles struct {
	account  *throttle // wrong passwords of one address
	network  *throttle // wrong passwords, codes and tokens from one network
	codes    *throttle // wrong codes for one member: at 288 a day a code of six digits lasts
	mail     *throttle // mails to one address that somebody else can ask for
	requests *throttle // of one network, for what strangers can make us do
	invites  *throttle // of one tenant
}

func newThrottles() throttles {
	return throttles{
		account:  newThrottle(time.Minute, 10),
		network:  newThrottle(6*time.Second, 20),
		codes:    newThrottle(5*time.Minute, 5),
		mail:     newThrottle(8*time.Hour, 3), // checklist 18: three in a day
		requests: newThrottle(2*time.Second, 30),
		invites:  newThrottle(5*time.Minute, 20),
	}
}

// errThrottled refuses what comes too often, whoever it is about.
var errThrottled = myodai.Refuse(myodai.CodeLimited, "", "too many attempts; wait a few minutes and try again")
