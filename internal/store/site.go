package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// reportLife is how long what a node said of sites counts after it has said it
// last.
const reportLife = time.Minute

// ReportSites replaces what a node said of sites before, adds what its sources have
// sent to the counts of their days, and returns the sites that an operator wants
// resumed since its last report.
func (s *Store) ReportSites(ctx context.Context, node string, states []myodai.SiteState, sent []myodai.Sent, now time.Time) (resume []myodai.Site, err error) {
	err = s.write(ctx, "report sites", func(q session) error {
		if resume, err = all(q, only[myodai.Site], `
			select distinct site from site_states where node = $1 and resume order by site`, node); err != nil {
			return err
		}
		if _, err := q.exec(`delete from site_states where node = $1 or reported_at < $2`, node, now.Add(-reportLife)); err != nil {
			return err
		}
		var rows [][]any
		for _, state := range states {
			state.Node = node
			rows = append(rows, []any{node, state.Site, state.Route, state.Pool, state.Source, document{state}, now, false})
		}
		if err := q.insert("site_states", []string{"node", "site", "route", "pool", "source", "document", "reported_at", "resume"}, rows); err != nil {
			return err
		}
		for _, n := range sent {
			if _, err := q.exec(`
				insert into sent_days (source, site, day, messages) values ($1, $2, $3, $4)
				on conflict (source, site, day) do update set messages = sent_days.messages + excluded.messages`,
				n.Source, n.Site, n.Day, n.Messages); err != nil {
				return err
			}
		}
		_, err := q.exec(`delete from sent_days where day < $1`, now.Add(-3*24*time.Hour))
		return err
	})
	return resume, err
}

// SentOn is what sources under warm-up sent on the day that begins at the given
// instant.
func (s *Store) SentOn(ctx context.Context, day time.Time) ([]myodai.Sent, error) {
	list, err := all(s.read(ctx), func(n *myodai.Sent) []any {
		return []any{&n.Source, &n.Site, instant{&n.Day}, &n.Messages}
	}, `select source, site, day, messages from sent_days where day = $1 order by source, site`, day)
	return list, wrap("read what was sent", err)
}

// Sites is what all nodes say of sites, by name.
func (s *Store) Sites(ctx context.Context, now time.Time) ([]myodai.SiteState, error) {
	list, err := all(s.read(ctx), func(state *myodai.SiteState) []any { return []any{document{state}} },
		`select document from site_states where reported_at >= $1 order by site, node, route, pool, source`, now.Add(-reportLife))
	return list, wrap("list sites", err)
}

// ResumeSite has every node forget, at its next report, what holds mail for a site
// back.
func (s *Store) ResumeSite(ctx context.Context, site myodai.Site) error {
	return s.write(ctx, "resume site", func(q session) error {
		n, err := q.exec(`update site_states set resume = true where site = $1`, site)
		if err == nil && n == 0 {
			return myodai.Refuse(myodai.CodeNotFound, "site", "no node mails the site %s now; \"myodai queue sites\" names those that are", site)
		}
		return err
	})
}
