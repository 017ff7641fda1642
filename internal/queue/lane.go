package queue

import (
	"sync/atomic"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/shaping"
)

// way is what deliveries have in common that share a lane: the site they go to,
// and the route and pool they go by.
type way struct {
	site  myodai.Site
	route myodai.Route
	pool  string
}

// lane is the ready queue of one way, and what is known of it.
type lane struct {
	way
	limits  shaping.Limits
	outlets []*outlet
	waiting turns[*line]
	lines   map[myodai.ScheduledQueue]*line
	tenants map[myodai.TenantID]int // deliveries that wait
	count   int                     // the same of all
	running int                     // sessions
	answers bool                    // its servers answer

	// aside are the scheduled queues of this lane that something waits in.
	aside  turns[myodai.ScheduledQueue]
	inside map[myodai.ScheduledQueue]bool

	// stirred is when the newest result of an attempt came, in nanoseconds of Unix
	// time. Jobs write it, and whoever accepts reads it.
	stirred atomic.Int64

	listed bool      // it is among those that may begin a job
	backed bool      // it is among those that may be fed
	begun  time.Time // when the first of the sessions under way was
	quiet  time.Time // since when nothing happens in it
}

// line is what waits in a lane out of one scheduled queue.
type line struct {
	from myodai.ScheduledQueue
	list []myodai.Delivery
}

// outlet is a lane's part that goes from one source.
type outlet struct {
	source  myodai.Source
	weight  int
	running int
	state   shaping.State
	bucket  shaping.Bucket
	day     time.Time // that sent is of
	sent    int       // messages, for the warm-up
	unsaved int       // of them, not written down yet
	// halted tells jobs under way that nothing more is to be begun.
	halted atomic.Bool
}

// push puts a delivery into its line.
func (a *lane) push(d myodai.Delivery) {
	from := myodai.ScheduledQueueOf(d)
	at := a.lines[from]
	if at == nil {
		at = &line{from: from}
		a.lines[from] = at
		a.waiting.push(from.TenantID, at)
	}
	at.list = append(at.list, d)
	a.count++
	a.tenants[from.TenantID]++
}

// pop takes up to n deliveries, in no more messages than one connection takes, out
// of the next line of a tenant who may have a turn, and lets it wait for its next
// one with the rest.
func (a *lane) pop(n int, may func(myodai.TenantID) bool) []myodai.Delivery {
	at, ok := a.waiting.pop(may)
	if !ok {
		return nil
	}
	n = within(a.limits, at.list[:min(n, len(at.list))])
	list := at.list[:n:n]
	if at.list = at.list[n:]; len(at.list) > 0 {
		a.waiting.push(at.from.TenantID, at)
	} else {
		delete(a.lines, at.from)
	}
	a.took(at.from.TenantID, n)
	return list
}

// within is how many of list, from the first, one connection takes. Those that stand
// side by side and are of one message, with one return path, are one transaction.
func within(l shaping.Limits, list []myodai.Delivery) int {
	messages, recipients := 0, 0
	for i, d := range list {
		if i > 0 && recipients < l.Recipients && together(list[i-1], d) {
			recipients++
			continue
		}
		if messages++; messages > l.Messages {
			return i
		}
		recipients = 1
	}
	return len(list)
}

// together reports whether two deliveries may share a transaction.
func together(a, b myodai.Delivery) bool {
	return a.MessageID == b.MessageID && a.ReturnPath == b.ReturnPath
}

func (a *lane) took(tenant myodai.TenantID, n int) {
	a.count -= n
	if a.tenants[tenant] -= n; a.tenants[tenant] <= 0 {
		delete(a.tenants, tenant)
	}
}

// drain takes out all that waits.
func (a *lane) drain() (all []myodai.Delivery) {
	for _, at := range a.waiting.drain() {
		all = append(all, at.list...)
	}
	clear(a.lines)
	clear(a.tenants)
	a.count = 0
	return all
}

// ends reports whether any lease in the lane ends before the given time. In each
// line the first was claimed first.
func (a *lane) ends(before time.Time) bool {
	for _, at := range a.lines {
		if at.list[0].LeasedUntil.Before(before) {
			return true
		}
	}
	return false
}

// setAside notes that something waits in a scheduled queue.
func (a *lane) setAside(from myodai.ScheduledQueue) {
	if !a.inside[from] {
		a.inside[from] = true
		a.aside.push(from.TenantID, from)
	}
}

// blocked says until when nothing may go this way, for whatever reason that only
// time ends; zero for no reason. full tells of outlets that only the end of a
// session frees.
func (a *lane) blocked(r *shaping.Rules, now time.Time) (until time.Time, full bool) {
	for _, o := range a.outlets {
		free := o.blocked(r, a.limits, now)
		switch {
		case free.IsZero() && o.running >= a.connections(o):
			full = true
		case free.IsZero():
			return time.Time{}, false
		case until.IsZero() || free.Before(until):
			until = free
		}
	}
	if full {
		return time.Time{}, true
	}
	return until, false
}

// stirs notes that an attempt has come to a result, whichever it is.
func (a *lane) stirs(now time.Time) { a.stirred.Store(now.UnixNano()) }

// stillFor is how long no attempt comes to a result where a site is not taking any
// mail just now. In full load results come every few milliseconds; and of a burst to
// a site that was idle, hardly anything is accepted before its first result.
const stillFor = 100 * time.Millisecond

// still reports whether the site is not taking any mail just now.
func (a *lane) still(now time.Time) bool { return now.UnixNano()-a.stirred.Load() > int64(stillFor) }

// silent reports whether a session has waited for an answer for so long that none
// may come.
func (a *lane) silent(now time.Time) bool {
	return !a.answers && a.running > 0 && now.After(a.begun.Add(shortBlock))
}

// connections is how many sessions an outlet may have. A site whose servers have
// not answered lately has one, so that no number of deliveries to a tarpit holds
// more (P10).
func (a *lane) connections(o *outlet) int {
	if !a.answers {
		return o.running + max(1-a.running, 0)
	}
	return o.state.Connections(a.limits)
}

// choose is the outlet with room that has least to do for its weight; nil for
// none.
func (a *lane) choose(r *shaping.Rules, now time.Time) (best *outlet) {
	for _, o := range a.outlets {
		if o.running >= a.connections(o) || !o.blocked(r, a.limits, now).IsZero() {
			continue
		}
		if best == nil || o.running*best.weight < best.running*o.weight {
			best = o
		}
	}
	return best
}

// blocked says until when nothing may go from here: the site has us wait, its rate
// is spent, or the warm-up of the day is. Zero when something may go.
func (o *outlet) blocked(r *shaping.Rules, l shaping.Limits, now time.Time) time.Time {
	if o.state.Paused(now) {
		return o.state.PausedUntil
	}
	if o.left(r, now) <= 0 {
		return shaping.Day(now).Add(24 * time.Hour)
	}
	if _, granted, wait := o.bucket.Take(1, o.state.Rate(l), now); granted == 0 {
		return now.Add(wait)
	}
	return time.Time{}
}

// left is how many messages the warm-up allows today.
func (o *outlet) left(r *shaping.Rules, now time.Time) int {
	allowance := r.Allowance(o.source.Name, now)
	switch {
	case allowance == shaping.NoLimit:
		return 1 << 30
	case !o.day.Equal(shaping.Day(now)):
		return allowance
	}
	return allowance - o.sent
}

// take is how many of n messages may go now, which counts them.
func (o *outlet) take(n int, r *shaping.Rules, l shaping.Limits, now time.Time) (granted int) {
	n = min(n, o.left(r, now))
	o.bucket, granted, _ = o.bucket.Take(n, o.state.Rate(l), now)
	o.count(granted, now)
	return granted
}

// count notes messages of a day; fewer than none are given back.
func (o *outlet) count(n int, now time.Time) {
	if today := shaping.Day(now); !o.day.Equal(today) {
		o.day, o.sent, o.unsaved = today, 0, 0
	}
	n = max(n, -o.sent) // what is given back may be yesterday's
	o.sent += n
	o.unsaved += n
}

// heard changes what is known of the site by what came of an attempt.
func (o *outlet) heard(outcome myodai.Outcome, r *shaping.Rules, l shaping.Limits, now time.Time) {
	o.state = o.state.After(outcome, r, l, now)
	o.halted.Store(o.state.Paused(now))
}
