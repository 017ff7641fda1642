package queue

import (
	"slices"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/shaping"
)

// lanes holds what was claimed and waits, by the site it goes to, and says which
// job may begin. It does no I/O and is used by one goroutine.
//
// What has no room is set aside: it goes back into the store, into its scheduled
// queue, and comes from there when there is room. So neither a site that is stuck
// nor a tenant with a million deliveries fills what a node may hold.
type lanes struct {
	sessions int // at most, over all lanes
	claimed  int // deliveries at most
	jobSize  int
	rules    *shaping.Rules

	lanes   map[way]*lane
	order   []*lane             // lanes that may begin a job, next turn first
	asleep  map[*lane]time.Time // lanes with something waiting that only time lets go on
	behind  []*lane             // lanes with something set aside, next turn first
	running int
	waiting int // deliveries
	tenants map[myodai.TenantID]*load

	places places
	// overflow is what is to be set aside in the store.
	overflow []myodai.DeliveryID
	// waits is told of scheduled queues that something waits in, behind which lane,
	// and of those that nothing does any more. The lane is nil while it is not known.
	waits func(in myodai.ScheduledQueue, something bool, behind *lane)
	// sent is what sources under warm-up have sent today, as it was written down.
	sent map[sentKey]int
	// before is what the run before this one knew of sites that nothing went to yet.
	before      map[outletKey]myodai.SiteState
	beforeSince time.Time
}

// load is what a tenant has of a node.
type load struct{ running, waiting int }

func newLanes(sessions, claimed, jobSize int, rules *shaping.Rules) *lanes {
	return &lanes{
		sessions: sessions, claimed: claimed, jobSize: jobSize, rules: rules,
		lanes: map[way]*lane{}, asleep: map[*lane]time.Time{}, tenants: map[myodai.TenantID]*load{},
		places: newPlaces(), sent: map[sentKey]int{}, waits: func(myodai.ScheduledQueue, bool, *lane) {},
	}
}

// begin is a job that begins.
type begin struct {
	lane   *lane
	outlet *outlet
	tenant myodai.TenantID
	list   []myodai.Delivery
}

// at is the lane of a way, made when there is none.
func (l *lanes) at(w way, now time.Time) *lane {
	if a := l.lanes[w]; a != nil {
		return a
	}
	a := &lane{
		way: w, limits: l.rules.For(w.site), quiet: now,
		lines: map[myodai.ScheduledQueue]*line{}, tenants: map[myodai.TenantID]int{}, inside: map[myodai.ScheduledQueue]bool{},
	}
	a.stirs(now)
	l.furnish(a, now)
	l.lanes[w] = a
	return a
}

// furnish gives a lane the outlets its pool has now. Those that it had keep what
// they know.
func (l *lanes) furnish(a *lane, now time.Time) {
	var outlets []*outlet
	pool := []shaping.Share{{Weight: 1}}
	if !a.site.IsSmarthost() {
		pool = l.rules.Pool(a.pool)
	}
	for _, share := range pool {
		i := slices.IndexFunc(a.outlets, func(o *outlet) bool { return o.source.Name == share.Source })
		o := &outlet{day: shaping.Day(now), sent: l.sent[sentKey{share.Source, a.site}]}
		if i >= 0 {
			o = a.outlets[i]
		}
		o.source, o.weight = l.rules.Sources[share.Source].Source, share.Weight
		if i < 0 {
			l.recallInto(o, a.way, now)
		}
		outlets = append(outlets, o)
	}
	a.outlets = outlets
}

// shape makes other rules count from now on.
func (l *lanes) shape(rules *shaping.Rules, now time.Time) {
	l.rules = rules
	for _, a := range l.lanes {
		a.limits = rules.For(a.site)
		l.furnish(a, now)
		l.list(a)
	}
	clear(l.asleep)
}

// list lets a lane begin jobs, and be fed, if there is anything for it.
func (l *lanes) list(a *lane) {
	if !a.listed && a.count > 0 {
		a.listed = true
		l.order = append(l.order, a)
	}
	if !a.backed && !a.aside.empty() {
		a.backed = true
		l.behind = append(l.behind, a)
	}
}

// add puts claimed deliveries into their lanes, or aside.
func (l *lanes) add(list []myodai.Delivery, now time.Time) {
	for _, d := range list {
		if site, ok := l.places.site(d, now); ok {
			l.admit(l.at(wayOf(d, site), now), d, false, now)
		} else if l.hasRoom(d.TenantID, false) && l.places.hold(d, l.untried()) {
			l.counted(d.TenantID, 1)
		} else {
			from := myodai.ScheduledQueueOf(d)
			l.places.holdQueue(from)
			l.waits(from, true, nil)
			l.overflow = append(l.overflow, d.ID)
		}
	}
}

func wayOf(d myodai.Delivery, site myodai.Site) way { return way{site, d.Route, d.Pool} }

// admit puts a delivery into its lane when there is room, and otherwise aside.
// What comes out of a scheduled queue has waited already; other mail of that queue
// waits behind it.
func (l *lanes) admit(a *lane, d myodai.Delivery, waited bool, now time.Time) {
	from := myodai.ScheduledQueueOf(d)
	if a.inside[from] && !waited || !l.hasRoom(d.TenantID, a.answers) || l.laneRoom(a, d.TenantID, now) <= 0 {
		l.overflow = append(l.overflow, d.ID)
		l.note(a, from)
		return
	}
	a.push(d)
	l.counted(d.TenantID, 1)
	if _, sleeps := l.asleep[a]; !sleeps {
		l.list(a)
	}
}

// note notes that something of a lane was set aside.
func (l *lanes) note(a *lane, from myodai.ScheduledQueue) {
	a.setAside(from)
	l.waits(from, true, a)
	if _, sleeps := l.asleep[a]; !sleeps {
		l.list(a)
	}
}

// hasRoom reports whether a tenant may have one more delivery wait here. What is
// left free counts twice: one tenant alone gets two thirds of it all, and the next
// one who comes always finds something (P20). For sites that do not answer it counts
// half, so that these leave room for those that do (P10).
func (l *lanes) hasRoom(tenant myodai.TenantID, answers bool) bool {
	return l.room(tenant, answers) > 0
}

// room is how many more deliveries of a tenant may wait here. Each of them leaves
// less free.
func (l *lanes) room(tenant myodai.TenantID, answers bool) int {
	has, free := l.of(tenant).waiting, l.claimed-l.waiting
	if !answers {
		return (free - 2*has + 2) / 3
	}
	return (2*free - has + 2) / 3
}

// A lane that is blocked for longer than this holds nothing.
const shortBlock = 2 * time.Second

// laneRoom is room for one lane. One that does not answer, or has not been tried
// yet, is given little.
func (l *lanes) laneRoom(a *lane, tenant myodai.TenantID, now time.Time) int {
	if until, _ := a.blocked(l.rules, now); until.After(now.Add(shortBlock)) || a.silent(now) {
		return 0
	}
	return (2*(l.capacity(a)-a.count) - a.tenants[tenant] + 2) / 3
}

func (l *lanes) capacity(a *lane) int {
	if a.answers {
		return 10 * l.jobSize
	}
	return l.untried()
}

// untried is how much waits for a site of which nothing is known.
func (l *lanes) untried() int { return max(l.jobSize/5, 10) }

// relieve sets aside what waits behind servers that do not answer.
func (l *lanes) relieve(now time.Time) {
	for _, a := range l.lanes {
		if a.count > 0 && a.silent(now) {
			l.putAside(a)
		}
	}
}

// putAside sets aside all that waits in a lane.
func (l *lanes) putAside(a *lane) {
	for _, d := range a.drain() {
		l.counted(d.TenantID, -1)
		l.overflow = append(l.overflow, d.ID)
		l.note(a, myodai.ScheduledQueueOf(d))
	}
}

// of is what a tenant has of this node.
func (l *lanes) of(tenant myodai.TenantID) load {
	if t := l.tenants[tenant]; t != nil {
		return *t
	}
	return load{}
}

// counted notes that deliveries of a tenant wait; fewer than none have stopped to.
func (l *lanes) counted(tenant myodai.TenantID, n int) {
	l.waiting += n
	l.change(tenant, 0, n)
}

func (l *lanes) change(tenant myodai.TenantID, running, waiting int) {
	t := l.tenants[tenant]
	if t == nil {
		t = &load{}
		l.tenants[tenant] = t
	}
	t.running += running
	if t.waiting += waiting; *t == (load{}) {
		delete(l.tenants, tenant)
	}
}
