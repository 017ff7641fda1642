package queue

import (
	"slices"
	"time"

	"github.com/myodai/myodai"
)

// lanes holds what was claimed and waits, by recipient domain and route, and says which
// job may begin. It does no I/O and is used by one goroutine.
//
// A domain whose servers have not answered lately has one session, and so no
// number of deliveries to a tarpit holds more (P10). From the first answer on it
// may have perDomain of them.
type lanes struct {
	sessions  int // at most, over all domains
	perDomain int
	jobSize   int

	lanes   map[way]*lane
	order   []way // lanes with something waiting, next turn first
	running int
	waiting int // deliveries
}

// way is what deliveries have in common that may share a connection.
type way struct {
	domain myodai.Name // of the recipients
	route  myodai.Route
}

func wayOf(d myodai.Delivery) way { return way{d.Recipient.Domain, d.Route} }

// lane is one way.
type lane struct {
	waiting []myodai.Delivery
	running int  // sessions
	answers bool // its servers answer
}

func newLanes(sessions, perDomain, jobSize int) *lanes {
	return &lanes{sessions: sessions, perDomain: perDomain, jobSize: jobSize, lanes: map[way]*lane{}}
}

// add puts claimed deliveries into their lanes.
func (l *lanes) add(list []myodai.Delivery) {
	for _, d := range list {
		name := wayOf(d)
		at := l.lanes[name]
		if at == nil {
			at = &lane{}
			l.lanes[name] = at
		}
		if len(at.waiting) == 0 {
			l.order = append(l.order, name)
		}
		d.Last.Dialogue = "" // of no use here, and by far the largest part
		at.waiting = append(at.waiting, d)
		l.waiting++
	}
}

// next takes out a job that may begin now, domains in turn; ok is false when
// there is none.
func (l *lanes) next() (to way, job []myodai.Delivery, ok bool) {
	if l.running >= l.sessions {
		return way{}, nil, false
	}
	for i, name := range l.order {
		at := l.lanes[name]
		if at.running > 0 && (!at.answers || at.running >= l.perDomain) {
			continue
		}
		n := min(len(at.waiting), l.jobSize)
		job, at.waiting = at.waiting[:n:n], at.waiting[n:]
		l.order = slices.Delete(l.order, i, i+1)
		if len(at.waiting) > 0 {
			l.order = append(l.order, name)
		}
		at.running++
		l.running++
		l.waiting -= n
		return name, job, true
	}
	return way{}, nil, false
}

// answered notes that a server of the domain has replied to a delivery.
func (l *lanes) answered(to way) {
	if at := l.lanes[to]; at != nil {
		at.answers = true
	}
}

// ended notes that a job is over, and whether any server replied during it.
func (l *lanes) ended(to way, answers bool) {
	at := l.lanes[to]
	at.running--
	l.running--
	at.answers = answers
	l.forget(to)
}

func (l *lanes) forget(to way) {
	if at := l.lanes[to]; at.running == 0 && len(at.waiting) == 0 {
		delete(l.lanes, to)
	}
}

// drop takes out what waits with a lease that ends before the given time, which
// is all of it for a time far away. Such work may not begin: its lease could run
// out under way.
func (l *lanes) drop(before time.Time) []myodai.DeliveryID {
	var dropped []myodai.DeliveryID
	order := l.order[:0]
	for _, name := range l.order {
		at := l.lanes[name]
		at.waiting = slices.DeleteFunc(at.waiting, func(d myodai.Delivery) bool {
			if d.LeasedUntil.Before(before) {
				dropped = append(dropped, d.ID)
				return true
			}
			return false
		})
		if len(at.waiting) > 0 {
			order = append(order, name)
		}
		l.forget(name)
	}
	l.order = order
	l.waiting -= len(dropped)
	return dropped
}
