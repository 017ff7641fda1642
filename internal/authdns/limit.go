package authdns

import (
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"
)

// verdict is what a client network may have.
type verdict int

const (
	verdictAnswer verdict = iota
	verdictCut            // the question back with the TC bit: whoever is real comes by TCP
	verdictDrop
)

// limiterSlots bounds the memory of the limiter: networks that fall into one
// slot share its rate. The hash is seeded, so nobody can choose whom they share
// with.
const limiterSlots = 1 << 14

// slip is how many limited questions there are to one cut answer. With two, a
// real resolver behind a forged flood soon gets through, and a victim still gets
// less than was sent in its name.
const slip = 2

// limiter bounds the answers per second to each client network over UDP, with a
// burst of one second. It keeps, for each slot, the time up to which its answers
// are spent.
type limiter struct {
	pause int64 // nanoseconds between answers; 0: no limit
	seed  maphash.Seed
	slots []slot
}

type slot struct {
	spent   atomic.Int64 // nanoseconds since the limiter's beginning
	limited atomic.Uint32
}

// newLimiter makes a limiter of the given answers per second; none when rate is
// negative.
func newLimiter(rate int) *limiter {
	l := &limiter{seed: maphash.MakeSeed(), slots: make([]slot, limiterSlots)}
	if rate > 0 {
		l.pause = int64(time.Second) / int64(rate)
	}
	return l
}

// judge counts one question from client, at the given time since some fixed
// instant.
func (l *limiter) judge(client netip.Addr, at time.Duration) verdict {
	if l.pause == 0 {
		return verdictAnswer
	}
	s := &l.slots[maphash.Comparable(l.seed, network(client))%limiterSlots]
	now := int64(at)
	for {
		spent := s.spent.Load()
		next := max(spent, now) + l.pause
		if next-now > int64(time.Second) {
			break
		}
		if s.spent.CompareAndSwap(spent, next) {
			return verdictAnswer
		}
	}
	if s.limited.Add(1)%slip == 0 {
		return verdictCut
	}
	return verdictDrop
}

// network is whom a client's address stands for: forged ones are spread over
// what a victim owns, so single addresses are not counted.
func network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 24
	if a.Is6() {
		bits = 56
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address at all: these share a slot
	}
	return p
}
