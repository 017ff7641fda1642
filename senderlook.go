package myodai

import "time"

// SenderLook is what is known of the DMARC policy of a confirmed sender address
// that has no verified domain. Only the platform signs its mail, so once its
// domain asks for quarantine or reject the mail does not arrive (D11, T12).
type SenderLook struct {
	At        time.Time // of the next look; zero before the address is confirmed
	Policy    string    // "quarantine" or "reject" while that is asked for, else ""
	AtRiskAt  time.Time // since when that is known; zero for not
	RefusedAt time.Time // since when nothing is sent from the address because of it; zero for not
}

// How often the domain of a confirmed sender address is looked at, and how long
// its policy has to ask for more before it counts: one record that is taken back
// at once stops nobody.
const (
	SenderLookPause   = 6 * time.Hour
	SenderLookConfirm = time.Hour
)

// Advance says what becomes of the address when a look has seen policy, which is
// "" where nothing is asked for that turns its mail away; known is false when
// nobody answered, which changes nothing. It is pure. The event is "" when there
// is nothing to tell.
func (l SenderLook) Advance(policy string, known bool, now time.Time) (SenderLook, EventKind) {
	was := l
	l.At = now.Add(SenderLookConfirm)
	switch {
	case !known:
		return l, ""
	case policy == "" && was.AtRiskAt.IsZero():
		return SenderLook{At: now.Add(SenderLookPause)}, ""
	case policy == "":
		return SenderLook{At: now.Add(SenderLookPause)}, EventSenderRecovered
	}
	l.Policy = policy
	switch {
	case was.AtRiskAt.IsZero():
		l.AtRiskAt = now
		return l, EventSenderAtRisk
	case was.RefusedAt.IsZero() && now.Sub(was.AtRiskAt) >= SenderLookConfirm:
		l.RefusedAt = now
		return l, EventSenderRefused
	}
	return l, ""
}
