package queue

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/myodai/myodai"
)

// job is one run of the agent over deliveries to one domain.
type job struct {
	queue   *Queue
	list    []myodai.Delivery
	settled []bool
	answers bool // a server has replied to one of them
}

// run attempts deliveries that go one way and passes on what comes of each.
func (q *Queue) run(ctx context.Context, to way, list []myodai.Delivery) {
	j := &job{queue: q, list: list, settled: make([]bool, len(list))}
	defer func() { q.signals <- signal{to: to, ended: true, answers: j.answers} }()
	if j.attempt(ctx, to, j.rest()) {
		j.isolate(ctx, to)
	}
	var unheard []myodai.DeliveryID
	for _, i := range j.rest() {
		unheard = append(unheard, list[i].ID)
	}
	q.release(context.WithoutCancel(ctx), unheard)
}

// isolate goes on after a panic: one of the rest is poison, and alone each harms
// only itself (P09).
func (j *job) isolate(ctx context.Context, to way) {
	rest := j.rest()
	for _, i := range rest {
		if time.Until(j.list[i].LeasedUntil) < j.queue.with.MaxAttempt || ctx.Err() != nil {
			return
		}
		if len(rest) == 1 || j.attempt(ctx, to, []int{i}) {
			j.settle(to, i, myodai.Outcome{
				Kind: myodai.OutcomeTransient, Enhanced: "4.3.0", Text: "held back: internal error", At: time.Now(),
			})
		}
	}
}

// rest lists the indexes of what is not settled.
func (j *job) rest() []int {
	var rest []int
	for i, settled := range j.settled {
		if !settled {
			rest = append(rest, i)
		}
	}
	return rest
}

// attempt has the agent attempt the deliveries with the given indexes; crashed
// tells that it panicked.
func (j *job) attempt(ctx context.Context, to way, indexes []int) (crashed bool) {
	q := j.queue
	defer func() {
		if cause := recover(); cause != nil {
			crashed = true
			q.metrics.crashes.Inc()
			q.with.Log.ErrorContext(ctx, "attempt panicked", "domain", to.domain, "route", to.route, "deliveries", len(indexes),
				"err", fmt.Sprint(cause), "stack", string(debug.Stack()))
		}
	}()
	work := myodai.Job{Domain: to.domain, Route: to.route, Settled: func(i int, o myodai.Outcome) { j.settle(to, indexes[i], o) }}
	for _, i := range indexes {
		work.Items = append(work.Items, myodai.JobItem{Delivery: j.list[i], Load: q.load(j.list[i])})
	}
	for i, o := range q.with.Agent.Attempt(ctx, work) {
		j.settle(to, indexes[i], o)
	}
	return false
}

// settle passes the outcome of one delivery on to be written, once.
func (j *job) settle(to way, i int, o myodai.Outcome) {
	if j.settled[i] || o.Kind == "" {
		return
	}
	j.settled[i] = true
	if o.Code != 0 && !j.answers {
		j.answers = true
		j.queue.signals <- signal{to: to, answers: true}
	}
	now := time.Now()
	q := j.queue
	q.metrics.attempts.WithLabelValues(string(o.Kind)).Inc()
	q.records <- finish(j.list[i], o, now, q.with.Random, q.chance())
}
