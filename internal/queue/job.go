package queue

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/shaping"
)

// job is one run of the agent over deliveries to one domain.
type job struct {
	begin
	queue   *Queue
	source  myodai.Source
	rules   *shaping.Rules
	limits  shaping.Limits
	settled []bool
	away    []bool // the store was, when the message was to be read
	// signatures are what was made for this job, of messages that had none.
	signatures [][]byte
	answers    bool // a server has replied to one of them
	delivered  int

	drawn    uint64 // for Jitter
	drawnFor myodai.Delivery
}

// run attempts deliveries that go one way and passes on what comes of each.
func (q *Queue) run(ctx context.Context, j *job) {
	j.settled, j.away, j.signatures = make([]bool, len(j.list)), make([]bool, len(j.list)), make([][]byte, len(j.list))
	list := j.list
	defer j.over(ctx)
	if j.attempt(ctx, j.rest()) {
		j.isolate(ctx)
	}
	var unheard []myodai.DeliveryID
	for _, i := range j.rest() {
		unheard = append(unheard, list[i].ID)
	}
	if q.release(context.WithoutCancel(ctx), unheard) != nil {
		q.signals <- func(l *lanes, _ time.Time) { l.overflow = append(l.overflow, unheard...) }
	}
}

// over tells the loop that the job is over, and what came of it as a whole. That
// nobody answered before the time was up is what a tarpit wants.
func (j *job) over(ctx context.Context) {
	b, answers, delivered, attempted := j.begin, j.answers, j.delivered, len(j.list)-len(j.rest())
	silent := !answers && attempted < len(j.list) && ctx.Err() == nil && !b.outlet.halted.Load()
	j.queue.signals <- func(l *lanes, now time.Time) {
		l.ended(b, answers, attempted, now)
		for range delivered {
			l.heard(b, myodai.Outcome{Kind: myodai.OutcomeDelivered}, now)
		}
		if silent {
			l.heard(b, myodai.Outcome{Kind: myodai.OutcomeTransient, Enhanced: "4.4.2", Text: "nothing was heard of its servers in time"}, now)
		}
	}
}

// isolate goes on after a panic: one of the rest is poison, and alone each harms
// only itself (P09).
func (j *job) isolate(ctx context.Context) {
	rest := j.rest()
	for _, i := range rest {
		if time.Until(j.list[i].LeasedUntil) < j.queue.with.MaxAttempt || ctx.Err() != nil {
			return
		}
		if len(rest) == 1 || j.attempt(ctx, []int{i}) {
			j.settle(i, myodai.Outcome{
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
func (j *job) attempt(ctx context.Context, indexes []int) (crashed bool) {
	q := j.queue
	defer func() {
		if cause := recover(); cause != nil {
			crashed = true
			q.metrics.crashes.Inc()
			q.with.Log.ErrorContext(ctx, "attempt panicked", "domain", j.list[0].Recipient.Domain, "route", j.lane.route, "deliveries", len(indexes),
				"err", fmt.Sprint(cause), "stack", string(debug.Stack()))
		}
	}()
	work := myodai.Job{
		Domain: j.list[0].Recipient.Domain, Route: j.lane.route, Source: j.source, Messages: j.limits.Messages, Recipients: j.limits.Recipients, NoChunking: j.limits.NoChunking,
		Settled: func(i int, o myodai.Outcome) { j.settle(indexes[i], o) }, Enough: j.outlet.halted.Load,
		Items: make([]myodai.JobItem, 0, len(indexes)),
	}
	for _, i := range indexes {
		work.Items = append(work.Items, myodai.JobItem{Delivery: j.list[i], Load: j.load(i)})
	}
	for i, o := range q.with.Agent.Attempt(ctx, work) {
		j.settle(indexes[i], o)
	}
	return false
}

// settle passes the outcome of one delivery on to be written, once.
func (j *job) settle(i int, o myodai.Outcome) {
	if j.settled[i] || o.Kind == "" {
		return
	}
	j.settled[i] = true
	q, b, now := j.queue, j.begin, time.Now()
	j.lane.stirs(now)
	if o.Code != 0 && !j.answers {
		j.answers = true
		q.signals <- func(l *lanes, _ time.Time) { l.answered(b.lane) }
	}
	switch {
	case o.Kind == myodai.OutcomeDelivered:
		j.delivered++
	case o.Code != 0 || shaping.Unreachable(o):
		said := o
		said.Dialogue = ""
		q.signals <- func(l *lanes, now time.Time) { l.heard(b, said, now) }
	}
	retry := j.rules.Retry(j.limits, o)
	if j.away[i] && o.Code == 0 {
		retry = awayPause
	}
	q.metrics.attempts.WithLabelValues(string(o.Kind)).Inc()
	f := finish(j.list[i], o, retry, now, q.with.Believes(), q.with.Random, j.chance(j.list[i]))
	f.Signatures = j.signatures[i]
	q.records <- f
}

// chance is a number for Jitter, the same for deliveries that may share a
// transaction, so that they are due together again.
func (j *job) chance(d myodai.Delivery) uint64 {
	if j.drawnFor.ID == "" || !together(j.drawnFor, d) {
		j.drawn, j.drawnFor = j.queue.chance(), d
	}
	return j.drawn
}
