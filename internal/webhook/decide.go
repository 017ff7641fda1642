package webhook

import (
	"fmt"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// GiveUpAfter is how long an event is told again and again, and how long a
// webhook may fail before it is disabled.
const GiveUpAfter = 72 * time.Hour

// The shortest and the longest wait between two attempts.
const (
	minWait = 5 * time.Second
	maxWait = 5 * time.Hour
)

// Wait is how long to wait after trying in vain for the given time: half as long
// again, give or take a fifth. chance is random.
func Wait(trying time.Duration, chance uint64) time.Duration {
	wait := min(max(trying/2, minWait), maxWait)
	fifth := wait / 5
	return wait - fifth + time.Duration(chance%uint64(2*fifth)) // #nosec G115 -- both are small and positive
}

// Decide is what becomes of a notification whose webhook answered, or did not. While
// the clock is not believed, nothing is given up (P16).
func Decide(n myodai.Notification, r myodai.Response, believed bool, chance uint64) myodai.Notification {
	n.Attempts++
	n.Last = r
	trying := r.At.Sub(n.QueuedAt)
	switch {
	case r.OK():
		n.State = myodai.NotificationDelivered
	case r.Status == http.StatusGone || believed && trying >= GiveUpAfter:
		n.State = myodai.NotificationFailed
	default:
		n.DueAt = r.At.Add(Wait(trying, chance))
	}
	return n
}

// DecideAll is what becomes of a webhook after some attempts, in the order in
// which they ended: it works if any was answered well. One that does not is left
// alone for a while, and in the end, or when it says that it is gone, disabled; in
// the end only while the clock is believed.
func DecideAll(w myodai.Webhook, responses []myodai.Response, believed bool, chance uint64) (_ myodai.Webhook, disabled bool) {
	if len(responses) == 0 {
		return w, false
	}
	last := responses[len(responses)-1]
	for _, r := range responses {
		if r.Status == http.StatusGone {
			w.State, w.Reason = myodai.WebhookDisabled, "the receiver answered 410 Gone: it wants no more"
			return w, true
		}
	}
	for _, r := range responses {
		if r.OK() {
			w.FailingAt, w.RetryAt = time.Time{}, time.Time{}
			return w, false
		}
	}
	if w.FailingAt.IsZero() && believed {
		w.FailingAt = responses[0].At
	}
	failing := time.Duration(0)
	if !w.FailingAt.IsZero() {
		failing = last.At.Sub(w.FailingAt)
	}
	if believed && failing >= GiveUpAfter {
		w.State, w.Reason = myodai.WebhookDisabled, fmt.Sprintf("every attempt has failed for %d hours; the last one: %s",
			int(failing.Hours()), describe(last))
		return w, true
	}
	w.RetryAt = last.At.Add(Wait(failing, chance))
	return w, false
}

// describe says in a few words what an attempt ended in.
func describe(r myodai.Response) string {
	if r.Status == 0 {
		return r.Text
	}
	return fmt.Sprintf("HTTP status %d", r.Status)
}
