package store_test

import (
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func TestSites(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		state := func(site myodai.Site, source, why string) myodai.SiteState {
			return myodai.SiteState{Site: site, Route: myodai.RouteDelivery, Source: source, Connections: 3, Rate: 2.5, Why: why, Since: t0, PausedUntil: t0.Add(time.Hour)}
		}
		one, two := state("mx.example.net", "out1", "421 busy"), state("mx.example.net", "out2", "")
		must(s.ReportSites(ctx, "", "n1", []myodai.SiteState{one, two}, nil, t0))(t)
		other := state("mx.example.org", "", "no connection")
		must(s.ReportSites(ctx, "", "n2", []myodai.SiteState{other}, nil, t0.Add(time.Second)))(t)
		one.Node, two.Node, other.Node = "n1", "n1", "n2"
		same(t, "sites", must(s.Sites(ctx, t0.Add(2*time.Second)))(t), []myodai.SiteState{one, two, other})

		ok(t, s.ResumeSite(ctx, "mx.example.net"))
		wantCode(t, s.ResumeSite(ctx, "mx.example.com"), myodai.CodeNotFound)
		if resume := must(s.ReportSites(ctx, "", "n2", []myodai.SiteState{other}, nil, t0.Add(3*time.Second)))(t); len(resume) != 0 {
			t.Errorf("n2 resumes %v", resume)
		}
		same(t, "n1 resumes", must(s.ReportSites(ctx, "", "n1", []myodai.SiteState{two}, nil, t0.Add(4*time.Second)))(t), []myodai.Site{"mx.example.net"})
		same(t, "once", must(s.ReportSites(ctx, "", "n1", nil, nil, t0.Add(5*time.Second)))(t), []myodai.Site{})
		same(t, "the other node's", must(s.Sites(ctx, t0.Add(6*time.Second)))(t), []myodai.SiteState{other})
		same(t, "of a node that says nothing any more", must(s.Sites(ctx, t0.Add(2*time.Minute)))(t), []myodai.SiteState{})
	})
}

// What a node knew of sites is there for its next run, for a day, and for no other
// node; the run's own reports take its place.
func TestRecallSites(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		state := func(site myodai.Site) myodai.SiteState {
			return myodai.SiteState{Site: site, Route: myodai.RouteDelivery, Why: "421 busy", Since: t0, Eased: 2, Factor: 0.25, Strikes: 3, Reply: "busy"}
		}
		recall := func(name string, after time.Duration) []myodai.Site {
			t.Helper()
			sites := []myodai.Site{}
			for _, s := range must(s.RecallSites(ctx, name, t0.Add(after)))(t) {
				if s.Eased != 2 || s.Factor != 0.25 || s.Strikes != 3 || s.Reply != "busy" || s.Why != "421 busy" || !s.Since.Equal(t0) {
					t.Errorf("recalled %+v", s)
				}
				sites = append(sites, s.Site)
			}
			return sites
		}
		must(s.ReportSites(ctx, "n1", "n1.a", []myodai.SiteState{state("x.example"), state("y.example")}, nil, t0))(t)
		must(s.ReportSites(ctx, "n1.a", "n1.a.b", []myodai.SiteState{state("z.example")}, nil, t0))(t)
		must(s.ReportSites(ctx, "", "queue-1", []myodai.SiteState{state("w.example")}, nil, t0))(t)
		same(t, "n1", recall("n1", time.Hour), []myodai.Site{"x.example", "y.example"})
		same(t, "another node with a name that begins so", recall("n1.a", time.Hour), []myodai.Site{"z.example"})
		same(t, "an unknown node", recall("n2", time.Hour), []myodai.Site{})
		same(t, "two days later", recall("n1", 48*time.Hour), []myodai.Site{})
		ok(t, s.ResumeSite(ctx, "y.example"))
		same(t, "resumed while the node was away", recall("n1", time.Hour), []myodai.Site{"x.example"})
		must(s.ReportSites(ctx, "n1", "n1.c", []myodai.SiteState{state("v.example")}, nil, t0.Add(time.Hour)))(t)
		same(t, "the next run", recall("n1", time.Hour), []myodai.Site{"v.example"})
		same(t, "the other node", recall("n1.a", time.Hour), []myodai.Site{"z.example"})
	})
}

func TestSentOn(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		today := t0.Truncate(24 * time.Hour)
		sent := func(source string, n int) []myodai.Sent {
			return []myodai.Sent{{Source: source, Site: "mx.example.net", Day: today, Messages: n}}
		}
		must(s.ReportSites(t.Context(), "", "n1", nil, sent("out1", 40), t0))(t)
		must(s.ReportSites(t.Context(), "", "n2", nil, append(sent("out1", 3), sent("out2", 1)...), t0))(t)
		must(s.ReportSites(t.Context(), "", "n1", nil, sent("out1", -2), t0))(t)
		same(t, "today", must(s.SentOn(t.Context(), today))(t), append(sent("out1", 41), sent("out2", 1)...))
		same(t, "yesterday", must(s.SentOn(t.Context(), today.Add(-24*time.Hour)))(t), []myodai.Sent{})
		must(s.ReportSites(t.Context(), "", "n1", nil, nil, today.Add(5*24*time.Hour)))(t)
		same(t, "long after", must(s.SentOn(t.Context(), today))(t), []myodai.Sent{})
	})
}
