package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// Visit is one click or open.
type Visit struct {
	ID         myodai.VisitID     `json:"id"`
	MessageID  myodai.MessageID   `json:"message_id"`
	DeliveryID myodai.DeliveryID  `json:"delivery_id,omitempty" doc:"Whose copy it was; missing when several recipients got the same text."`
	Kind       myodai.VisitKind   `json:"kind" enum:"click,open"`
	At         time.Time          `json:"at"`
	Link       int                `json:"link,omitempty" doc:"The number of the link in the message, from 1; missing for an open."`
	URL        string             `json:"url,omitempty" doc:"Where the link leads."`
	Agent      string             `json:"agent" doc:"What the visitor calls itself."`
	By         myodai.Visitor     `json:"by" enum:"person,proxy,unknown,machine" doc:"A person as far as can be told; a mailbox provider's proxy for somebody who opened the mail; one that also comes when nobody does; a scanner, preview or prefetch."`
	Reason     myodai.VisitReason `json:"reason,omitempty" enum:"head,prefetch,agent,at_once,every_link,apple_privacy,image_proxy" doc:"Why it does not count as a person's own."`
	First      bool               `json:"first" doc:"The first one by a person to this link of this copy."`
}

// Visits are numbers of clicks or opens.
type Visits struct {
	People   int64 `json:"people" doc:"By people and their proxies."`
	Unique   int64 `json:"unique" doc:"Of them the first of each copy."`
	Unknown  int64 `json:"unknown" doc:"By mailbox providers that come whether or not somebody opens the mail."`
	Machines int64 `json:"machines" doc:"By scanners, previews and prefetches."`
}

// LinkVisits are the clicks on one destination.
type LinkVisits struct {
	URL    string `json:"url"`
	Clicks Visits `json:"clicks"`
}

// HourVisits are the clicks and opens of one hour.
type HourVisits struct {
	Hour   time.Time `json:"hour" doc:"When the hour begins."`
	Clicks Visits    `json:"clicks"`
	Opens  Visits    `json:"opens"`
}

// VisitStats sums up clicks and opens.
type VisitStats struct {
	Clicks Visits       `json:"clicks"`
	Opens  Visits       `json:"opens"`
	Links  []LinkVisits `json:"links" doc:"The most visited first; a hundred at most."`
	Hours  []HourVisits `json:"hours" doc:"Oldest first; hours in which nothing happened are left out."`
}

func showVisit(v myodai.Visit) Visit {
	return Visit{
		ID: v.ID, MessageID: v.Copy.MessageID, DeliveryID: v.Copy.DeliveryID, Kind: v.Kind, At: utc(v.At), Link: v.Link, URL: v.URL,
		Agent: v.Agent, By: v.By, Reason: v.Reason, First: v.First,
	}
}

func showStats(s myodai.VisitStats) VisitStats {
	out := VisitStats{Clicks: Visits(s.Clicks), Opens: Visits(s.Opens), Links: []LinkVisits{}, Hours: []HourVisits{}}
	for _, l := range s.Links {
		out.Links = append(out.Links, LinkVisits{URL: l.URL, Clicks: Visits(l.Visits)})
	}
	for _, h := range s.Hours {
		out.Hours = append(out.Hours, HourVisits{Hour: utc(h.Hour), Clicks: Visits(h.Clicks), Opens: Visits(h.Opens)})
	}
	return out
}

// The bounds of how far back the sums of a tenant go.
const (
	defaultStatDays = 30
	maxStatDays     = 366
)

func (s *Server) registerVisits() {
	register(s, operation{
		id: "get-clicks", method: http.MethodGet, path: "/clicks", tag: "clicks", scope: scopeTenant,
		summary: "Sum up clicks and opens, by link and by hour",
		details: "Of all messages. Links are without their query, and those of a day (UTC) stand together.",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		Days int `query:"days" minimum:"1" maximum:"366" doc:"How many days back; 30 when left out."`
	}) (*output[VisitStats], error) {
		days := in.Days
		if days == 0 {
			days = defaultStatDays
		}
		now := time.Now()
		stats, err := s.o.Store.TenantVisits(ctx, who.TenantID, now.AddDate(0, 0, -min(days, maxStatDays)), now)
		return outputOf(showStats(stats)), err
	})
	register(s, operation{
		id: "get-message-clicks", method: http.MethodGet, path: "/messages/{message_id}/clicks", tag: "clicks", scope: scopeTenant,
		summary: "Sum up the clicks and opens of a message, by link and by hour",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		MessageID string `path:"message_id"`
	}) (*output[VisitStats], error) {
		id, err := pathID(myodai.ParseID[myodai.MessageID], in.MessageID, "message")
		if err != nil {
			return nil, err
		}
		stats, err := s.o.Store.MessageVisits(ctx, who.TenantID, id)
		return outputOf(showStats(stats)), err
	})
	register(s, operation{
		id: "list-visits", method: http.MethodGet, path: "/messages/{message_id}/visits", tag: "clicks", scope: scopeTenant,
		summary: "List the clicks and opens of a message, oldest first",
		details: "They appear some seconds after they happened, because those that come at the same time say what each is worth.",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		MessageID string `path:"message_id"`
		PageQuery
	}) (*listOutput[Visit], error) {
		id, err := pathID(myodai.ParseID[myodai.MessageID], in.MessageID, "message")
		if err != nil {
			return nil, err
		}
		list, next, err := s.o.Store.Visits(ctx, who.TenantID, id, in.page())
		return listOf(list, next, showVisit), err
	})
}
