package queue

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/shaping"
)

// Sites keeps what nodes know of sites.
type Sites interface {
	// ReportSites replaces what the node said before, adds what was sent to the counts
	// of the day, and returns the sites that an operator wants resumed.
	ReportSites(ctx context.Context, node string, states []myodai.SiteState, sent []myodai.Sent, now time.Time) (resume []myodai.Site, err error)
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
}

// tell writes down what is known of sites, and reads what the day's counts were
// before this start; last tells that nothing comes after.
func (w *worker) tell(ctx context.Context, now time.Time, last bool) {
	r := &w.report
	if w.with.Sites == nil || now.Before(r.next) && !last {
		return
	}
	r.next = now.Add(reportPause)
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
	resume, err := w.with.Sites.ReportSites(ctx, w.with.Owner, states, sent, now)
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
			}
			if o.state.Paused(now) {
				s.PausedUntil = o.state.PausedUntil
			}
			list = append(list, s)
		}
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
