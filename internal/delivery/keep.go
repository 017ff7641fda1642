package delivery

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// The bounds of the connections that wait for work, of one process.
const (
	keptPerTarget = 20
	keptInAll     = 500
)

// kept holds connections that a job has done with, for the next job to the same
// server. One that is not wanted soon says good-bye. The zero value is ready.
type kept struct {
	mu    sync.Mutex
	idle  map[target][]*session // newest last
	count int
}

// keep lets s wait for the next job; false when it is of no use there, or there
// are enough.
func (a *Agent) keep(s *session) bool {
	if a.with.Keep < 0 || s.closed || s.dirty || !s.proven || s.brokenTLS || s.r.Buffered() > 0 || !s.stop() {
		return false
	}
	k := &a.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.count >= keptInAll || len(k.idle[s.target]) >= keptPerTarget {
		s.stop = func() bool { return true } // the job's context has been let go of
		return false
	}
	if k.idle == nil {
		k.idle = map[target][]*session{}
	}
	k.idle[s.target] = append(k.idle[s.target], s)
	k.count++
	s.stop = time.AfterFunc(a.with.Keep, func() {
		if k.remove(s) {
			s.stop = func() bool { return true }
			s.quit()
		}
	}).Stop
	return true
}

// remove takes out one session; false when it is not there any more.
func (k *kept) remove(s *session) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.idle[s.target]
	for i, other := range list {
		if other == s {
			k.put(s.target, append(list[:i:i], list[i+1:]...))
			return true
		}
	}
	return false
}

// put replaces the sessions of a target by one less. The lock is held.
func (k *kept) put(t target, list []*session) {
	k.count--
	if len(list) == 0 {
		delete(k.idle, t)
		return
	}
	k.idle[t] = list
}

// take is the session that has waited least of those that may still be told of
// recipients of the domain; nil for none.
func (k *kept) take(t target, domain myodai.Name) *session {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.idle[t]
	for i, s := range slices.Backward(list) {
		if s.serves(domain) {
			k.put(t, slices.Delete(list, i, i+1))
			s.stop()
			return s
		}
	}
	return nil
}

// session is a connection to t, one that was kept if there is any, to whichever of
// its addresses, for recipients of the domain. A kept one may have died meanwhile, so what it fails at says
// nothing of the server.
func (a *Agent) session(ctx context.Context, t target, domain myodai.Name, others *[]netip.AddrPort) (s *session, used bool, problem *myodai.Outcome) {
	list := append([]netip.AddrPort{t.address}, *others...)
	for i, at := range list {
		kept := t
		kept.address = at
		if s := a.kept.take(kept, domain); s != nil {
			s.bind(ctx)
			*others = slices.Delete(list, i, i+1)
			return s, true, nil
		}
	}
	s, problem = a.open(ctx, t, others)
	return s, false, problem
}
