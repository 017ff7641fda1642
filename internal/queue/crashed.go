package queue

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// What a node held when its process died is suspect: one of it may be why. After
// one crash a delivery is among few that are attempted at a time, after two it is
// attempted alone, and after three it is put aside (P09). So each crash narrows
// down, and the message that kills costs its neighbors a wait and nothing else.
const (
	suspectsAtOnce = 10
	// suspectPause is how soon the next of them are looked for.
	suspectPause = 20 * time.Millisecond
	// trialTime is how long an attempt that is alone waits for those under way to
	// end, and then how long others wait for it. What hangs for longer waits for a
	// server, and is not about to kill.
	trialTime = 10 * time.Second
)

// claimCrashed takes in some of what lived through crashes, and reports whether one
// of it is to be attempted alone.
func (w *worker) claimCrashed(ctx context.Context, now time.Time) (alone bool) {
	if now.Sub(w.tried) < time.Second { // its result may be on the way, and the next can come then
		w.hurry = time.After(suspectPause)
	}
	claim := func(crashes, most int) []myodai.Delivery {
		list, err := w.claim(ctx, now, func(until time.Time) ([]myodai.Delivery, error) {
			return w.with.Store.ClaimCrashed(ctx, w.with.Owner, crashes, most, now, until)
		})
		if err != nil {
			return nil // ClaimDeliveries fails as well, and that is told
		}
		if len(list) > 0 {
			w.hurry = time.After(suspectPause)
		}
		return list
	}
	for _, d := range claim(myodai.MaxCrashes-1, 1) {
		w.release(ctx, w.lanes.drop(now.Add(longAfter)))
		w.trial = trial{waits: &d, until: now.Add(trialTime)}
		return true
	}
	w.lanes.add(claim(1, suspectsAtOnce), now)
	return false
}

// quarantined makes the event of a delivery that is put aside, and tells the operator.
func (q *Queue) quarantined(ctx context.Context, now time.Time) func(myodai.Delivery) myodai.Event {
	return func(d myodai.Delivery) myodai.Event {
		q.metrics.quarantined.Inc()
		q.with.Log.ErrorContext(ctx, "a delivery is in quarantine: the process died at it again and again", "delivery", d.ID, "message", d.MessageID)
		return event(d, myodai.EventMessageQuarantined, now, q.with.Random, map[string]any{
			"recipient": d.Recipient.String(), "crashes": myodai.MaxCrashes,
		})
	}
}

// trial is an attempt that is made alone.
type trial struct {
	waits *myodai.Delivery // to begin; nil once it has begun
	until time.Time        // when it is not waited for any longer, or waits no longer; zero for none
}

// alone begins the trial when its turn has come, and reports whether nothing may be
// claimed because of it; look tells that it has just ended.
func (w *worker) alone(now time.Time) (alone, look bool) {
	t := &w.trial
	switch {
	case t.until.IsZero():
		return false, false
	case t.waits == nil && (w.lanes.running+w.lanes.waiting == 0 || !now.Before(t.until)):
		*t, w.tried = trial{}, now
		return false, true
	case t.waits != nil && (w.lanes.running == 0 || !now.Before(t.until)):
		w.lanes.add([]myodai.Delivery{*t.waits}, now)
		*t = trial{until: now.Add(trialTime)}
	}
	return true, false
}
