package inbound

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

// Decision is what follows from a DSN for the delivery it came back to.
type Decision struct {
	Bounced  bool           // the delivery was refused for good, and we learn it now
	Outcome  myodai.Outcome // what the DSN says happened; zero unless Bounced
	Class    bounce.Class   // of the refusal; "" unless Bounced
	Suppress bool           // the recipient is not to be mailed again
}

// Decide says what follows when the report, a DSN or a bounce in prose, came to
// the return path of d.
//
// Only "failed" for d's own recipient counts (T41), and only when d can have
// reached another server. A delivery that ended otherwise stays as it ended, so a
// repeated DSN changes nothing.
func Decide(d myodai.Delivery, report bounce.Report, now time.Time) Decision {
	if !canHaveArrived(d) {
		return Decision{}
	}
	for _, r := range report.Recipients {
		if r.Action != bounce.ActionFailed || !r.Concerns(d.Recipient) {
			continue
		}
		code, enhanced, text := r.Reply()
		class := bounce.Classify(code, enhanced, text)
		return Decision{
			Bounced: true,
			Outcome: myodai.Outcome{
				Kind: myodai.OutcomePermanent, Code: code, Enhanced: enhanced, Text: text, Host: r.RemoteMTA, At: now,
			},
			Class:    class,
			Suppress: bounce.Suppresses(class),
		}
	}
	return Decision{}
}

// tellsOf reports whether the report is about d, among others.
func tellsOf(report bounce.Report, d myodai.Delivery) bool {
	return slices.ContainsFunc(report.Recipients, func(r bounce.Recipient) bool { return r.Concerns(d.Recipient) })
}

// Tells says which DSN the sender of d wanted that the report makes possible, when
// it came to the return path of d: of success or of a delay, as the server was
// asked to tell that took the mail (RFC 3461). As with a failure, only what it says
// of d's own recipient counts.
func Tells(d myodai.Delivery, report bounce.Report) myodai.NoticeKind {
	if d.State != myodai.DeliveryDelivered || !d.Last.DSN {
		return ""
	}
	for _, r := range report.Recipients {
		if !r.Concerns(d.Recipient) {
			continue
		}
		success := d.Terms.Notify.Wants(myodai.NotifySuccess)
		switch {
		case r.Action == bounce.ActionDelivered && success:
			return myodai.NoticeDelivered
		case (r.Action == bounce.ActionRelayed || r.Action == bounce.ActionExpanded) && success:
			return myodai.NoticeRelayed
		case r.Action == bounce.ActionDelayed && d.Terms.Notify.Wants(myodai.NotifyDelay):
			return myodai.NoticeDelayed
		}
	}
	return ""
}

// Complains reports whether the complaint counts against d, whose return path it
// came to or has in it: its recipient does not want such mail, and can be the one
// who says so (T43).
func Complains(d myodai.Delivery, c bounce.Complaint) bool {
	return canHaveArrived(d) && c.Unwanted() && c.Concerns(d.Recipient)
}

// canHaveArrived reports whether d can have reached another server: it was
// delivered to one, or an attempt was begun whose end we may have lost (a crash
// between its 250 and our commit).
func canHaveArrived(d myodai.Delivery) bool {
	return d.Attempts > 0 && (!d.State.Terminal() || d.State == myodai.DeliveryDelivered)
}

// bounced is d after it was refused by a DSN. Whoever still holds a lease on it
// loses it, so that an attempt under way cannot write over what we know.
func bounced(d myodai.Delivery, o myodai.Outcome) myodai.Delivery {
	d.State, d.Last = myodai.DeliveryBounced, o
	d.LeaseOwner, d.LeasedUntil = "", time.Time{}
	return d
}

// evidence is the outcome as one line, for the suppression list.
func evidence(o myodai.Outcome) string {
	words := []string{o.Enhanced, o.Text}
	if strings.Contains(o.Text, o.Enhanced) {
		words = words[1:]
	}
	line := strings.TrimSpace(strings.Join(words, " "))
	if code := strconv.Itoa(o.Code); o.Code != 0 && !strings.HasPrefix(o.Text, code) {
		line = code + " " + line
	}
	return line
}
