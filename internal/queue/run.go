package queue

import (
	"context"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// claimSize is how many deliveries one claim asks for.
const claimSize = 500

// wakePause is how long after a wake-up the next one waits. Under load many
// deliveries come with one claim then, and share a connection; without load the
// first wake-up is heeded at once.
const wakePause = 5 * time.Millisecond

// signal is what a job, or a lookup, tells the loop: what to do with the lanes.
type signal func(*lanes, time.Time)

// Run works until ctx ends. Then it claims nothing more, gives back what has not
// begun, lets jobs under way end for as long as Options.Grace, and returns nil.
func (q *Queue) Run(ctx context.Context) error {
	defer q.live(ctx)()
	// What is under way outlives ctx: cutting a connection after the final dot
	// makes duplicates.
	attempts, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var jobs, writing sync.WaitGroup
	unwritten, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	writing.Go(func() { q.write(unwritten) })
	writing.Go(func() { q.metrics.watch(ctx, q.with.Store, q.with.Log) })

	w := &worker{Queue: q, lanes: newLanes(q.with.Sessions, q.with.Claimed, q.with.JobSize, q.with.Rules())}
	w.lanes.waits = q.hand.waits
	w.begin = func(b begin) {
		j := &job{queue: q, begin: b, source: b.outlet.source, rules: w.lanes.rules, limits: b.lane.limits}
		jobs.Go(func() { q.run(attempts, j) })
	}
	w.ask = func(to place) { jobs.Go(func() { q.lookUp(attempts, to) }) }
	w.loop(ctx)
	w.end(ctx, &jobs, cut)
	close(q.records)
	const lastWrites = 5 * time.Second
	defer time.AfterFunc(lastWrites, giveUp).Stop()
	writing.Wait()
	return nil
}

// worker is the one goroutine of a queue that knows the lanes.
type worker struct {
	*Queue
	lanes  *lanes
	begin  func(begin)
	ask    func(place)
	walked string // the scheduled queue behind which the walk goes on
	walkAt time.Time
	report reporter

	failing  bool      // the store, at the last look
	until    time.Time // end of the newest lease
	doubtful time.Time // end of the lease of a claim that may have been made; zero for none

	trial trial
	tried time.Time        // when the last trial was over
	hurry <-chan time.Time // when to look for more of what lived through a crash
}

// loop claims and begins jobs until ctx ends.
func (w *worker) loop(ctx context.Context) {
	tick := time.NewTicker(w.with.Poll)
	defer tick.Stop()
	w.tidy(ctx, time.Now())
	look := true // there may be something due
	wake, rested := w.wake, (<-chan time.Time)(nil)
	for ctx.Err() == nil {
		now := time.Now()
		alone, over := w.alone(now)
		w.receive(ctx, now, alone)
		if look = (look || over) && !alone; look {
			look = w.look(ctx, now)
		}
		fed := !alone && w.feed(ctx, now)
		next := w.turn(ctx, now)
		if look || fed {
			continue // the last claim was full, and there is room for another
		}
		var sleep <-chan time.Time
		if !next.IsZero() {
			sleep = time.After(time.Until(next))
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
			look = true
			w.tidy(ctx, time.Now())
		case <-wake:
			look = true
			wake, rested = nil, time.After(wakePause)
		case <-rested:
			wake, rested = w.wake, nil
		case <-w.hand.come:
		case <-w.hurry:
			look = true
		case <-sleep:
		case s := <-w.signals:
			s(w.lanes, time.Now())
		}
	}
}

// receive takes in what was accepted here. While something is attempted alone it
// has to wait like everything else.
func (w *worker) receive(ctx context.Context, now time.Time, alone bool) {
	room := max(w.with.Claimed/2-w.lanes.waiting, 0)
	if alone {
		room = 0
	}
	leased, aside := w.hand.taken(room)
	if alone {
		w.release(ctx, idsOf(leased))
	} else {
		w.lanes.add(leased, now)
	}
	for _, from := range aside {
		w.lanes.found(from, now)
	}
}

// turn begins what may begin, looks up the sites that are asked for, and sets
// aside what has no room. It says when the next lane wakes up.
func (w *worker) turn(ctx context.Context, now time.Time) (next time.Time) {
	w.heed(now)
	next = w.lanes.wake(now)
	for to, ok := w.lanes.places.next(); ok; to, ok = w.lanes.places.next() {
		w.ask(to)
	}
	for b, ok := w.lanes.next(now); ok; b, ok = w.lanes.next(now) {
		w.begin(b)
	}
	w.setAside(ctx)
	w.metrics.show(w.lanes)
	return next
}

// heed does what signals ask for that have come already, so that a claim that
// takes long keeps no job from ending.
func (w *worker) heed(now time.Time) {
	for range cap(w.signals) {
		select {
		case s := <-w.signals:
			s(w.lanes, now)
		default:
			return
		}
	}
}

// tidy does what is to be done every now and then.
func (w *worker) tidy(ctx context.Context, now time.Time) {
	if rules := w.with.Rules(); rules != w.lanes.rules {
		w.lanes.shape(rules, now)
	}
	// A second more than needed, because the next look is that far away.
	w.release(ctx, append(w.lanes.drop(now.Add(w.with.MaxAttempt+w.with.Poll)), w.hand.doubted()...))
	w.walk(ctx, now)
	w.expire(ctx, now)
	w.tell(ctx, now, false)
	w.lanes.relieve(now)
	w.lanes.forget(now)
}

// look takes in what is due; more tells that there may be more of it. A store that
// fails is told of once.
func (w *worker) look(ctx context.Context, now time.Time) (more bool) {
	if w.claimCrashed(ctx, now) {
		return false
	}
	list, err := w.claim(ctx, now, func(until time.Time) ([]myodai.Delivery, error) {
		return w.with.Store.ClaimDeliveries(ctx, w.with.Owner, claimSize, now, until)
	})
	if err != nil && ctx.Err() == nil && !w.failing {
		w.with.Log.ErrorContext(ctx, "claim deliveries", "err", err)
	}
	w.failing = err != nil
	w.lanes.add(list, now)
	return len(list) == claimSize
}

// longAfter is past the end of every lease.
const longAfter = 100 * 365 * 24 * time.Hour

// end gives back what waits and sees running jobs off.
func (w *worker) end(ctx context.Context, jobs *sync.WaitGroup, cut func()) {
	later, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.with.Grace)
	defer cancel()
	leased, _ := w.hand.taken(-1)
	w.release(later, idsOf(leased))
	if d := w.trial.waits; d != nil {
		w.release(later, []myodai.DeliveryID{d.ID})
	}
	w.release(later, w.lanes.drop(time.Now().Add(longAfter)))
	defer time.AfterFunc(w.with.Grace, cut).Stop()
	over := make(chan struct{})
	go func() {
		jobs.Wait()
		close(over)
	}()
	for {
		select {
		case s := <-w.signals:
			s(w.lanes, time.Now())
			w.metrics.show(w.lanes)
		case <-over:
			w.release(later, w.lanes.drop(time.Now().Add(longAfter)))
			w.setAside(later)
			w.tell(later, time.Now(), true)
			return
		}
	}
}
