package webhook

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/crash"
)

const (
	perWebhook = 4   // attempts at a time at one webhook (T62)
	batch      = 100 // notifications that are told under one lease
	atOnce     = 50  // webhooks at a time
	// lease is longer than a batch can take when every attempt takes its time.
	lease = batch/perWebhook*attemptTime + time.Minute
)

// Run tells webhooks what is due until ctx ends, and then waits for the attempts
// under way.
func (s *Service) Run(ctx context.Context) error {
	var busy sync.WaitGroup
	defer busy.Wait()
	room, more := make(chan struct{}, atOnce), make(chan struct{}, 1)
	for {
		if err := s.pass(ctx, room, more, &busy); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "cannot look for what webhooks are due", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-more:
		case <-time.After(s.Poll):
		}
	}
}

// pass begins to tell the webhooks that have something due. It says on more when
// one of them has more of it than was told.
func (s *Service) pass(ctx context.Context, room, more chan struct{}, busy *sync.WaitGroup) error {
	free := cap(room) - len(room)
	if free == 0 {
		return nil
	}
	now := time.Now()
	claimed, err := s.Store.ClaimWebhooks(ctx, s.owner, free, now, now.Add(lease))
	for _, w := range claimed {
		room <- struct{}{}
		busy.Go(func() {
			full, err := s.tell(ctx, w, now)
			<-room
			if err != nil && ctx.Err() == nil {
				s.Log.ErrorContext(ctx, "cannot tell a webhook", "webhook", w.ID, "err", err)
			}
			if full {
				select {
				case more <- struct{}{}:
				default:
				}
			}
		})
	}
	return err
}

// round is what is told to one webhook under one lease.
type round struct {
	*Service
	webhook myodai.Webhook

	mu        sync.Mutex
	told      []myodai.Notification
	responses []myodai.Response
	silent    bool // an attempt ended in no answer at all: no further one begins
}

// tell tells a webhook what is due for it, a few events at a time; full tells that
// there may be more. The webhook is given back even when the store fails meanwhile,
// as soon as it works again: otherwise it would hear nothing until the lease ends.
func (s *Service) tell(ctx context.Context, w myodai.Webhook, now time.Time) (full bool, err error) {
	due, failed := s.Store.DueNotifications(ctx, w.TenantID, w.ID, now, batch)
	r := &round{Service: s, webhook: w}
	next := make(chan myodai.Notification, len(due))
	for _, n := range due {
		next <- n
	}
	close(next)
	var attempts sync.WaitGroup
	for range perWebhook {
		attempts.Go(func() {
			for n := range next {
				if !r.goesOn(ctx) {
					return
				}
				r.attempt(context.WithoutCancel(ctx), n)
			}
		})
	}
	attempts.Wait()
	err = s.finish(context.WithoutCancel(ctx), w, r.told, r.responses)
	for err != nil && s.later(ctx, now.Add(lease)) {
		failed = err
		err = s.finish(context.WithoutCancel(ctx), w, r.told, r.responses)
	}
	return len(due) == batch, errors.Join(failed, err)
}

// later waits for the next look, and reports whether it comes before the given
// instant.
func (s *Service) later(ctx context.Context, until time.Time) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(s.Poll):
		return time.Now().Before(until)
	}
}

func (r *round) goesOn(ctx context.Context) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.silent && ctx.Err() == nil
}

func (r *round) attempt(ctx context.Context, n myodai.Notification) {
	crash.Point("webhook", "before the request")
	response, err := r.post(ctx, r.webhook, n.Event)
	if err != nil {
		r.Log.ErrorContext(ctx, "cannot tell a webhook of an event", "webhook", r.webhook.ID, "event", n.Event.ID, "err", err)
		response = myodai.Response{Text: "we could not write the event", At: time.Now()}
	}
	crash.Point("webhook", "after the answer")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silent = r.silent || response.Status == 0
	r.responses = append(r.responses, response)
	r.told = append(r.told, Decide(n, response, r.Believes(), r.chance()))
}

// finish writes what became of a webhook and its notifications.
func (s *Service) finish(ctx context.Context, w myodai.Webhook, told []myodai.Notification, responses []myodai.Response) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	w, disabled := DecideAll(w, responses, s.Believes(), s.chance())
	var events []myodai.Event
	if disabled {
		events = append(events, s.event(myodai.EventWebhookDisabled, w, time.Now()))
	}
	held, err := s.Store.FinishWebhook(ctx, s.owner, w, told, events...)
	if err == nil && held && disabled && s.Disabled != nil {
		s.Disabled(ctx, w)
	}
	return err
}
