package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// QueueLine sums up what waits for one recipient domain.
type QueueLine struct {
	Domain   string    `json:"domain" doc:"Of the recipients."`
	Accepted int       `json:"accepted" doc:"Deliveries not attempted yet."`
	Deferred int       `json:"deferred" doc:"Deliveries attempted, and to be attempted again."`
	OldestAt time.Time `json:"oldest_at" doc:"When the oldest was accepted."`
	DueAt    time.Time `json:"due_at" doc:"When the next may be attempted; in the past when overdue."`
}

// Queue is the whole queue in short.
type Queue struct {
	Items []QueueLine `json:"items"`
}

// Retried says how much was made due.
type Retried struct {
	Deliveries int `json:"deliveries"`
}

func (s *Server) registerQueue() {
	register(s, operation{
		id: "get-queue", method: http.MethodGet, path: "/queue", tag: "queue", scope: scopeBoth,
		summary: "Sum up what waits, by recipient domain", details: "The operator sees all tenants together.",
	}, func(ctx context.Context, who myodai.Credential, _ *struct{}) (*output[Queue], error) {
		lines, err := s.o.Store.Queue(ctx, who.TenantID, time.Now())
		out := Queue{Items: []QueueLine{}}
		for _, l := range lines {
			out.Items = append(out.Items, QueueLine{
				Domain: string(l.Domain), Accepted: l.Accepted, Deferred: l.Deferred, OldestAt: utc(l.OldestAt), DueAt: utc(l.DueAt),
			})
		}
		return outputOf(out), err
	})
	register(s, operation{
		id: "list-queued", method: http.MethodGet, path: "/queue/deliveries", tag: "queue", scope: scopeBoth,
		summary: "List the deliveries that wait", details: "The operator sees those of all tenants.",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		PageQuery
		SelectionQuery
	}) (*listOutput[Delivery], error) {
		which, err := Selection(in.SelectionQuery).selection(who)
		if err != nil {
			return nil, err
		}
		list, next, err := s.o.Store.Queued(ctx, which, in.page())
		return listOf(list, next, showDelivery), err
	})
	register(s, operation{
		id: "retry-queue", method: http.MethodPost, path: "/queue/retry", tag: "queue", scope: scopeBoth,
		summary: "Attempt what waits now", details: "Everything that waits when nothing is selected; the operator's key does so for all tenants.",
	}, s.retryQueue)
}

func (s *Server) retryQueue(ctx context.Context, who myodai.Credential, in *struct{ Body Selection }) (*output[Retried], error) {
	which, err := in.Body.selection(who)
	if err != nil {
		return nil, err
	}
	n, err := s.o.Store.RetryNow(ctx, which, time.Now())
	if err == nil && n > 0 {
		s.o.Wake()
	}
	return outputOf(Retried{Deliveries: n}), err
}
