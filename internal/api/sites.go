package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// SiteState is what a node knows of a site.
type SiteState struct {
	Node        string       `json:"node"`
	Site        string       `json:"site" doc:"Its MX hosts, best first; or a smarthost."`
	Route       myodai.Route `json:"route"`
	Pool        string       `json:"pool" doc:"Of egress sources; empty for the default."`
	Source      string       `json:"source" doc:"That mail leaves from; empty where the system chooses."`
	Rule        string       `json:"rule" doc:"Of the shaping, that sets its limits; empty for the default."`
	Running     int          `json:"running" doc:"Sessions under way."`
	Waiting     int          `json:"waiting" doc:"Deliveries that the node holds for it."`
	Behind      int          `json:"behind" doc:"Scheduled queues from which it had no room for all."`
	Connections int          `json:"connections" doc:"Allowed at a time now."`
	Rate        float64      `json:"rate" doc:"Messages per second allowed now; 0 for no limit."`
	SentToday   int          `json:"sent_today" doc:"Messages from this source."`
	Allowance   int          `json:"allowance" doc:"Messages that the warm-up of the source allows today; -1 for no limit."`
	PausedUntil *time.Time   `json:"paused_until,omitempty" doc:"Nothing goes there before."`
	Why         string       `json:"why" doc:"What holds it back, in the words of its server; empty for nothing."`
	Since       *time.Time   `json:"since,omitempty" doc:"When it said so."`
}

// SiteList is what all nodes know of sites.
type SiteList struct {
	Items []SiteState `json:"items"`
}

// NewResumption says which site is to be mailed again.
type NewResumption struct {
	Site string `json:"site" minLength:"1" maxLength:"300" doc:"As the list of sites names it."`
}

func (s *Server) registerSites() {
	register(s, operation{
		id: "list-sites", method: http.MethodGet, path: "/queue/sites", tag: "queue", scope: scopeOperator,
		summary: "List the sites that are mailed now, or held back", details: "As the nodes said it last, some seconds ago.",
	}, func(ctx context.Context, _ myodai.Credential, _ *struct{}) (*output[SiteList], error) {
		list, err := s.o.Store.Sites(ctx, time.Now())
		out := SiteList{Items: []SiteState{}}
		for _, state := range list {
			out.Items = append(out.Items, showSite(state))
		}
		return outputOf(out), err
	})
	register(s, operation{
		id: "resume-site", method: http.MethodPost, path: "/queue/sites/resume", tag: "queue", scope: scopeOperator,
		summary: "Mail a site again now", details: "Its pause ends on every node, within seconds, and it is given all that the rules allow.",
	}, func(ctx context.Context, _ myodai.Credential, in *struct{ Body NewResumption }) (*empty, error) {
		return nil, s.o.Store.ResumeSite(ctx, myodai.Site(in.Body.Site))
	})
}

func showSite(s myodai.SiteState) SiteState {
	out := SiteState{
		Node: s.Node, Site: string(s.Site), Route: s.Route, Pool: s.Pool, Source: s.Source, Rule: s.Rule, Running: s.Running,
		Waiting: s.Waiting, Behind: s.Behind, Connections: s.Connections, Rate: s.Rate, SentToday: s.SentToday, Allowance: s.Allowance,
		Why: s.Why,
	}
	if !s.PausedUntil.IsZero() {
		out.PausedUntil = new(utc(s.PausedUntil))
	}
	if !s.Since.IsZero() {
		out.Since = new(utc(s.Since))
	}
	return out
}
