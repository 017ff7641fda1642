package queue

import (
	"maps"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/shaping"
)

// outletKey is what tells an outlet from all others of a node.
type outletKey struct {
	way
	source string
}

// takeUp keeps what the run before this one knew of sites that hold mail back, until
// something goes there again: a site that wants to be left alone does not mind that
// we were started anew.
func (l *lanes) takeUp(list []myodai.SiteState, now time.Time) {
	l.before, l.beforeSince = map[outletKey]myodai.SiteState{}, now
	for _, s := range list {
		if s.Why == "" {
			continue
		}
		s.Running, s.Waiting, s.Behind = 0, 0, 0
		at := outletKey{way{s.Site, s.Route, s.Pool}, s.Source}
		if a := l.lanes[at.way]; a != nil {
			for _, o := range a.outlets { // mail went there before the store could be asked
				if o.source.Name == s.Source && o.state == (shaping.State{}) {
					o.restore(s, now)
				}
			}
			continue
		}
		l.before[at] = s
	}
}

// recallInto gives a new outlet what the run before this one knew of it.
func (l *lanes) recallInto(o *outlet, at way, now time.Time) {
	key := outletKey{at, o.source.Name}
	if s, ok := l.before[key]; ok {
		delete(l.before, key)
		o.restore(s, now)
	}
}

func (o *outlet) restore(s myodai.SiteState, now time.Time) {
	o.state = shaping.State{
		Eased: s.Eased, Factor: s.Factor, PausedUntil: s.PausedUntil, Strikes: s.Strikes, Why: s.Why, Rule: s.Reply, Since: s.Since,
	}
	o.halted.Store(o.state.Paused(now))
}

// forgetBefore drops what the run before this one knew of sites that nothing goes to,
// as lanes without work are dropped.
func (l *lanes) forgetBefore(now time.Time) {
	if now.Before(l.beforeSince.Add(remembered)) {
		return
	}
	maps.DeleteFunc(l.before, func(_ outletKey, s myodai.SiteState) bool { return !now.Before(s.PausedUntil) })
}
