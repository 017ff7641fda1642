package queue

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/shaping"
)

// Sites keeps what nodes know of sites.
type Sites interface {
	// ReportSites replaces what this run of the node with a name, and those before it,
	// said, adds what was sent to the counts of the day, and returns the sites that an
	// operator wants resumed.
	ReportSites(ctx context.Context, name, node string, states []myodai.SiteState, sent []myodai.Sent, now time.Time) (resume []myodai.Site, err error)
	// RecallSites is what the run before this one of the node with a name said last.
	RecallSites(ctx context.Context, name string, now time.Time) ([]myodai.SiteState, error)
	// SentOn is what was sent on a day.
	SentOn(ctx context.Context, day time.Time) ([]myodai.Sent, error)
}

const (
	reportPause = 5 * time.Second
	mostStates  = 1000 // that one node tells of
)

// sentKey is what is counted for the warm-up.
type sentKey struct {
	source string
	site   myodai.Site
}

// reporter is when a node last told what it knows of sites.
type reporter struct {
	next  time.Time
	day   time.Time // of which the counts were read
	quiet bool      // nothing was told the last time

	recalled bool // what the run before this one knew
}

// tell writes down what is known of sites, and reads what the day's counts were
// before this start; last tells that nothing comes after.
func (w *worker) tell(ctx context.Context, now time.Time, last bool) {
	r := &w.report
	if w.with.Sites == nil || now.Before(r.next) && !last {
		return
	}
	r.next = now.Add(reportPause)
	if !r.recalled && w.with.Node != "" {
		list, err := w.with.Sites.RecallSites(ctx, w.with.Node, now)
		if err != nil {
			return // claims fail as well, and that is told
		}
		r.recalled = true
		w.lanes.takeUp(list, now)
	}
	if today := shaping.Day(now); !r.day.Equal(today) {
		list, err := w.with.Sites.SentOn(ctx, today)
		if err != nil {
			return // claims fail as well, and that is told
		}
		r.day = today
		w.lanes.recall(list, today)
	}
	states, sent := w.lanes.states(now), w.lanes.unsaved()
	if len(states) == 0 && r.quiet {
		return
	}
	resume, err := w.with.Sites.ReportSites(ctx, w.with.Node, w.with.Owner, states, sent, now)
	if err != nil {
		return
	}
	r.quiet = len(states) == 0
	w.lanes.saved(sent)
	for _, site := range resume {
		w.lanes.resume(site)
	}
}

// recall adds what was sent earlier this day.
func (l *lanes) recall(list []myodai.Sent, day time.Time) {
	clear(l.sent)
	for _, s := range list {
		l.sent[sentKey{s.Source, s.Site}] = s.Messages
	}
	for _, a := range l.lanes {
		for _, o := range a.outlets {
			if n := l.sent[sentKey{o.source.Name, a.site}]; o.day.Equal(day) && n > 0 {
				o.sent = max(o.sent, n+o.unsaved)
			}
		}
	}
}

// states is what is known of the sites that something happens at, those that are
// held back first.
func (l *lanes) states(now time.Time) (list []myodai.SiteState) {
	for _, a := range l.lanes {
		for _, o := range a.outlets {
			if o.running == 0 && a.count == 0 && a.aside.empty() && o.state.Why == "" {
				continue
			}
			s := myodai.SiteState{
				Site: a.site, Route: a.route, Pool: a.pool, Source: o.source.Name, Rule: a.limits.Site, Running: o.running, Waiting: a.count,
				Behind: len(a.inside), Connections: a.connections(o), Rate: o.state.Rate(a.limits), SentToday: o.sent,
				Allowance: l.rules.Allowance(o.source.Name, now), Why: o.state.Why, Since: o.state.Since,
				Eased: o.state.Eased, Factor: o.state.Factor, Strikes: o.state.Strikes, Reply: o.state.Rule,
			}
			if o.state.Paused(now) {
				s.PausedUntil = o.state.PausedUntil
			}
			list = append(list, s)
		}
	}
	for _, s := range l.before {
		if !now.Before(s.PausedUntil) {
			s.PausedUntil = time.Time{}
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b myodai.SiteState) int {
		return cmp.Or(b.PausedUntil.Compare(a.PausedUntil), cmp.Compare(b.Why, a.Why), cmp.Compare(b.Waiting, a.Waiting), cmp.Compare(a.Site, b.Site))
	})
	return list[:min(len(list), mostStates)]
}

// unsaved is what sources under warm-up have sent since it was last written down.
func (l *lanes) unsaved() (list []myodai.Sent) {
	for _, a := range l.lanes {
		for _, o := range a.outlets {
			if o.unsaved != 0 && l.rules.Sources[o.source.Name].WarmUp != "" {
				list = append(list, myodai.Sent{Source: o.source.Name, Site: a.site, Day: o.day, Messages: o.unsaved})
			}
		}
	}
	return list
}

// saved notes that the counts have been written down.
func (l *lanes) saved(list []myodai.Sent) {
	of := map[sentKey]int{}
	for _, s := range list {
		of[sentKey{s.Source, s.Site}] += s.Messages
		l.sent[sentKey{s.Source, s.Site}] += s.Messages
	}
	for _, a := range l.lanes {
		for _, o := range a.outlets {
			if of[sentKey{o.source.Name, a.site}] != 0 {
				o.unsaved = 0
			}
		}
	}
}

// resume lets mail go to a site as if it had never held us back.
func (l *lanes) resume(site myodai.Site) {
	maps.DeleteFunc(l.before, func(at outletKey, _ myodai.SiteState) bool { return at.site == site })
	for _, a := range l.lanes {
		if a.site != site {
			continue
		}
		for _, o := range a.outlets {
			o.state = shaping.State{}
			o.halted.Store(false)
		}
		delete(l.asleep, a)
		l.list(a)
	}
}
