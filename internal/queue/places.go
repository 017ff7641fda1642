package queue

import (
	"slices"
	"time"

	"github.com/myodai/myodai"
)

// The bounds of what is known of sites.
const (
	knownSites = 50_000
	siteLife   = 10 * time.Minute
	asksAtOnce = 256 // lookups under way
)

// place is where deliveries go before it is known which site that is.
type place struct {
	domain myodai.Name
	route  myodai.Route
}

// places knows the sites of domains, for a while, and holds what waits until one
// is known.
type places struct {
	known   map[place]knownSite
	unknown map[place]*unplaced
	ask     []place // to be looked up
	asking  int
}

type knownSite struct {
	site  myodai.Site
	until time.Time
}

// unplaced is what waits for a site to be known.
type unplaced struct {
	list  []myodai.Delivery
	aside []myodai.ScheduledQueue // in which something waits
}

func newPlaces() places {
	return places{known: map[place]knownSite{}, unknown: map[place]*unplaced{}}
}

// site is the site of a delivery, if it is known. A smarthost needs no looking up.
func (p *places) site(d myodai.Delivery, now time.Time) (myodai.Site, bool) {
	return p.siteOf(place{d.Recipient.Domain, d.Route}, now)
}

func (p *places) siteOf(to place, now time.Time) (myodai.Site, bool) {
	if name := to.route.SmarthostName(); name != "" {
		return myodai.SmarthostSite(name), true
	}
	k, ok := p.known[to]
	return k.site, ok && now.Before(k.until)
}

// at is what waits for a place, which is to be looked up.
func (p *places) at(to place) *unplaced {
	u := p.unknown[to]
	if u == nil {
		u = &unplaced{}
		p.unknown[to] = u
		p.ask = append(p.ask, to)
	}
	return u
}

// hold lets a delivery wait for its site to be known; false when enough do.
func (p *places) hold(d myodai.Delivery, most int) bool {
	u := p.at(place{d.Recipient.Domain, d.Route})
	if len(u.list) >= most {
		return false
	}
	u.list = append(u.list, d)
	return true
}

// holdQueue notes that something waits in a scheduled queue whose site is to be
// known.
func (p *places) holdQueue(from myodai.ScheduledQueue) {
	u := p.at(place{from.Domain, from.Route})
	if !slices.Contains(u.aside, from) {
		u.aside = append(u.aside, from)
	}
}

// next is a place to look up now, if any.
func (p *places) next() (to place, ok bool) {
	if len(p.ask) == 0 || p.asking >= asksAtOnce {
		return place{}, false
	}
	to, p.ask = p.ask[0], p.ask[1:]
	p.asking++
	return to, true
}

// drop takes out what ends.
func (p *places) drop(ends func(myodai.Delivery) bool) {
	for _, u := range p.unknown {
		u.list = slices.DeleteFunc(u.list, ends)
	}
}

// placed notes the site of a place, and lets what waits for it go on.
func (l *lanes) placed(to place, site myodai.Site, now time.Time) {
	p := &l.places
	p.asking--
	for old := range p.known {
		if len(p.known) < knownSites {
			break
		}
		delete(p.known, old)
	}
	p.known[to] = knownSite{site, now.Add(siteLife)}
	u := p.unknown[to]
	delete(p.unknown, to)
	for _, d := range u.list {
		l.counted(d.TenantID, -1)
		l.admit(l.at(wayOf(d, site), now), d, false, now)
	}
	for _, from := range u.aside {
		l.note(l.at(way{site, from.Route, from.Pool}, now), from)
	}
}

// found takes in the name of a scheduled queue in which something waits.
func (l *lanes) found(from myodai.ScheduledQueue, now time.Time) {
	if site, ok := l.places.siteOf(place{from.Domain, from.Route}, now); ok {
		l.note(l.at(way{site, from.Route, from.Pool}, now), from)
	} else {
		l.places.holdQueue(from)
	}
}
