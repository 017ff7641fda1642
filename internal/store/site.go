package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// reportLife is how long what a node said of sites counts after it has said it
// last, and recallLife how long a later run of the node may take it up.
const (
	reportLife = time.Minute
	recallLife = 24 * time.Hour
)

// ReportSites replaces what a run of a node, and those before it, said of sites,
// adds what its sources have sent to the counts of their days, and returns the sites
// that an operator wants resumed since the last report. A node without a name is
// not known again.
func (s *Store) ReportSites(ctx context.Context, name, node string, states []myodai.SiteState, sent []myodai.Sent, now time.Time) (resume []myodai.Site, err error) {
	err = s.write(ctx, "report sites", func(q session) error {
		if resume, err = all(q, only[myodai.Site], `
			select distinct site from site_states where (node = $1 or name = $2 and $2 <> '') and resume order by site`, node, name); err != nil {
			return err
		}
		if _, err := q.exec(`
			delete from site_states
			 where node = $1 or name = $2 and $2 <> '' or reported_at < $3 and name = '' or reported_at < $4`,
			node, name, now.Add(-reportLife), now.Add(-recallLife)); err != nil {
			return err
		}
		var rows [][]any
		for _, state := range states {
			state.Node = node
			rows = append(rows, []any{node, state.Site, state.Route, state.Pool, state.Source, document{state}, now, false, name})
		}
		if err := q.insert("site_states", []string{"node", "site", "route", "pool", "source", "document", "reported_at", "resume", "name"}, rows); err != nil {
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

// RecallSites is what the last run of the node with a name said of sites, save for
// those that an operator wants resumed since.
func (s *Store) RecallSites(ctx context.Context, name string, now time.Time) ([]myodai.SiteState, error) {
	list, err := all(s.read(ctx), func(state *myodai.SiteState) []any { return []any{document{state}} },
		`select document from site_states where name = $1 and reported_at >= $2 and not resume order by site, route, pool, source`,
		name, now.Add(-recallLife))
	return list, wrap("recall sites", err)
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
