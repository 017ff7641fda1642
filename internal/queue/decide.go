package queue

import (
	"time"

	"github.com/myodai/myodai"
)

// Decision is what follows from an attempt.
type Decision struct {
	State myodai.DeliveryState
	DueAt time.Time // of the next attempt, when State is deferred; zero otherwise
}

// Decide returns what follows from the outcome o of the newest attempt on d,
// which Attempts counts already.
//
// It does not spread the next attempt (Jitter does). A delivery whose next
// attempt would come after ExpiresAt is given up now: waiting for a moment at
// which nothing is done anymore helps nobody. While the clock is not believed,
// nothing is given up (P16).
func Decide(d myodai.Delivery, o myodai.Outcome, now time.Time, believed bool) Decision {
	at := now.Add(Backoff(d.Attempts))
	switch {
	case o.Kind == myodai.OutcomeDelivered:
		return Decision{State: myodai.DeliveryDelivered}
	case o.Kind == myodai.OutcomePermanent:
		return Decision{State: myodai.DeliveryBounced}
	case believed && at.After(d.ExpiresAt):
		return Decision{State: myodai.DeliveryExpired}
	}
	return Decision{State: myodai.DeliveryDeferred, DueAt: at}
}

// delayTold is the age of a delivery at which its sender hears that it takes
// longer, if the sender wants to; it is the age at which Postfix tells, too.
const delayTold = 4 * time.Hour

// Tells says which DSN the sender is to have about d, as it is after an attempt
// that ended now; before is when the attempt before it ended, zero for none.
//
// A server that was told which DSNs are wanted writes those of success itself. A
// delay is told once, at the first attempt that comes late enough (RFC 3461 §4.1).
func Tells(d myodai.Delivery, before, now time.Time) myodai.NoticeKind {
	late := d.QueuedAt.Add(delayTold)
	switch {
	case d.Failed() && d.Notify:
		return myodai.NoticeFailed
	case d.State == myodai.DeliveryDelivered && d.Terms.Notify.Wants(myodai.NotifySuccess) && !d.Last.DSN:
		return myodai.NoticeRelayed
	case d.State == myodai.DeliveryDeferred && d.Terms.Notify.Wants(myodai.NotifyDelay) && before.Before(late) && !now.Before(late):
		return myodai.NoticeDelayed
	}
	return ""
}

// The pauses of P14, before jitter: with a quarter more they are 12.5 minutes
// and 4 hours. Most greylisting lets a second attempt through after 10 minutes.
const firstPause, longestPause = 10 * time.Minute, 192 * time.Minute

// Backoff returns the pause after the given number of attempts: 10 minutes,
// doubling, at most 3 hours and 12 minutes.
func Backoff(attempts int) time.Duration {
	if attempts > 5 { // 10 min << 5 is past the longest; keep the shift small
		return longestPause
	}
	return min(firstPause<<max(attempts-1, 0), longestPause)
}

// Jitter moves a pause by up to a quarter either way, evenly by chance, so that
// what failed together does not come back together.
func Jitter(pause time.Duration, chance uint64) time.Duration {
	if pause <= 0 {
		return 0
	}
	width := uint64(pause/2) + 1
	return pause - pause/4 + time.Duration(chance%width) // #nosec G115 -- below width, which came from a Duration
}

// eventOf is the event that tells of a delivery having come into a state.
var eventOf = map[myodai.DeliveryState]myodai.EventKind{
	myodai.DeliveryDelivered: myodai.EventMessageDelivered,
	myodai.DeliveryDeferred:  myodai.EventMessageDeferred,
	myodai.DeliveryBounced:   myodai.EventMessageBounced,
	myodai.DeliveryExpired:   myodai.EventMessageExpired,
}
