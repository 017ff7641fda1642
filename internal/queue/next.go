package queue

import (
	"slices"
	"time"

	"github.com/myodai/myodai"
)

// next takes out a job that may begin now, lanes in turn, and in each its tenants
// in turn; ok is false when there is none.
func (l *lanes) next(now time.Time) (b begin, ok bool) {
	for i := 0; i < len(l.order) && l.running < l.sessions; {
		a := l.order[i]
		o := a.choose(l.rules, now)
		if o == nil || a.count == 0 {
			l.order = slices.Delete(l.order, i, i+1)
			a.listed = false
			if until, _ := a.blocked(l.rules, now); a.count > 0 && !until.IsZero() {
				l.asleep[a] = until
			}
			continue
		}
		n := min(l.jobSize, o.left(l.rules, now))
		_, n, _ = o.bucket.Take(n, o.state.Rate(a.limits), now)
		list := a.pop(n, func(tenant myodai.TenantID) bool { return l.mayBegin(tenant, a) })
		if list == nil {
			i++ // its tenants have their share of all sessions
			continue
		}
		o.take(len(list), l.rules, a.limits, now)
		l.order = slices.Delete(l.order, i, i+1)
		a.listed = false
		l.list(a)
		b = begin{lane: a, outlet: o, tenant: list[0].TenantID, list: list}
		l.counted(b.tenant, -len(list))
		l.began(b, now)
		return b, true
	}
	return begin{}, false
}

// mayBegin reports whether a tenant may have one more session. Each may have as
// many times what is still free: two times for sites that do not answer, nine
// times for those that do. So however many tarpits somebody mails, sessions are
// left for everybody else, and for their own good destinations (P10, P20).
func (l *lanes) mayBegin(tenant myodai.TenantID, a *lane) bool {
	times := 2
	if a.answers {
		times = 9
	}
	return l.of(tenant).running < times*(l.sessions-l.running)
}

func (l *lanes) began(b begin, now time.Time) {
	if b.lane.running++; b.lane.running == 1 {
		b.lane.begun = now
	}
	b.outlet.running++
	l.running++
	l.change(b.tenant, 1, 0)
}

// answered notes that a server of the site has replied to a delivery.
func (l *lanes) answered(a *lane) {
	if !a.answers {
		a.answers = true
		l.list(a)
	}
}

// heard notes what came of an attempt. When the whole lane is paused by that, all
// that waits in it is set aside.
func (l *lanes) heard(b begin, outcome myodai.Outcome, now time.Time) {
	b.outlet.heard(outcome, l.rules, b.lane.limits, now)
	if until, full := b.lane.blocked(l.rules, now); !full && until.After(now.Add(shortBlock)) {
		l.putAside(b.lane)
	}
}

// ended notes that a job is over: whether any server replied during it, and how
// many of its deliveries were attempted.
func (l *lanes) ended(b begin, answers bool, attempted int, now time.Time) {
	a := b.lane
	a.running--
	b.outlet.running--
	l.running--
	l.change(b.tenant, -1, 0)
	a.answers = answers
	b.outlet.count(attempted-len(b.list), now)
	a.quiet = now
	l.list(a)
}

// wake lets lanes go on that have slept long enough, and says when the next one
// will have; zero for never.
func (l *lanes) wake(now time.Time) (next time.Time) {
	for a, until := range l.asleep {
		switch {
		case !until.After(now):
			delete(l.asleep, a)
			l.list(a)
		case next.IsZero() || until.Before(next):
			next = until
		}
	}
	return next
}

// hungry finds a lane with room for what was set aside, lanes in turn, and in it
// the scheduled queue whose turn it is, and how much may come. Lanes without room
// come back when there is some.
func (l *lanes) hungry(now time.Time) (a *lane, from myodai.ScheduledQueue, n int) {
	const most = 64 // looked at in one go
	for range min(len(l.behind), most) {
		a, l.behind = l.behind[0], l.behind[1:]
		a.backed = false
		until, _ := a.blocked(l.rules, now)
		switch {
		case until.After(now.Add(shortBlock)):
			l.asleep[a] = until
			continue
		case a.count > l.capacity(a)/2 || !a.answers && a.running > 0:
			continue // until some of it has gone
		}
		roomFor := func(tenant myodai.TenantID) int {
			return min(l.room(tenant, a.answers), l.laneRoom(a, tenant, now), 2*l.jobSize)
		}
		from, ok := a.aside.pop(func(tenant myodai.TenantID) bool { return roomFor(tenant) > 0 })
		if !ok {
			l.list(a)
			continue
		}
		delete(a.inside, from)
		l.waits(from, false, nil)
		n = roomFor(from.TenantID)
		if rate := a.outlets[0].state.Rate(a.limits); rate > 0 {
			n = min(n, 1+int(rate*60)) // what it may take before long
		}
		return a, from, n
	}
	return nil, from, 0
}

// refill takes in what came out of a scheduled queue; more tells that there may
// be more in it.
func (l *lanes) refill(a *lane, from myodai.ScheduledQueue, list []myodai.Delivery, more bool, now time.Time) {
	for _, d := range list {
		l.admit(a, d, true, now)
	}
	if more {
		l.note(a, from)
	}
	l.list(a)
}

// drop takes out what waits with a lease that ends before the given time, which
// is all of it for a time far away. Such work may not begin: its lease could run
// out under way.
func (l *lanes) drop(before time.Time) (dropped []myodai.DeliveryID) {
	ends := func(d myodai.Delivery) bool {
		if !d.LeasedUntil.Before(before) {
			return false
		}
		l.counted(d.TenantID, -1)
		dropped = append(dropped, d.ID)
		return true
	}
	for _, a := range l.lanes {
		if !a.ends(before) {
			continue
		}
		for _, d := range slices.DeleteFunc(a.drain(), ends) {
			a.push(d)
		}
	}
	l.places.drop(ends)
	return dropped
}

// How long a lane without work is remembered: what it knows of its site is of use
// for some time.
const remembered = time.Hour

// forget drops lanes in which nothing happens any more.
func (l *lanes) forget(now time.Time) {
	for w, a := range l.lanes {
		if a.running == 0 && a.count == 0 && a.aside.empty() && now.After(a.quiet.Add(remembered)) {
			delete(l.lanes, w)
			delete(l.asleep, a)
		}
	}
	l.forgetBefore(now)
}
