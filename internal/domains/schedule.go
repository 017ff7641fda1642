package domains

import (
	"time"

	"github.com/myodai/myodai"
)

// A tenant who has just entered records looks at the screen: it is told within
// seconds. After that we ask as often as somebody may still be working on it.
var afterChange = []struct{ age, pause time.Duration }{
	{15 * time.Second, 15 * time.Second},
	{30 * time.Second, 15 * time.Second},
	{60 * time.Second, 30 * time.Second},
	{120 * time.Second, time.Minute},
	{time.Hour, 5 * time.Minute},
	{72 * time.Hour, time.Hour},
	{30 * 24 * time.Hour, 6 * time.Hour},
}

// Pauses between checks of a domain about which nobody is waiting.
const (
	verifiedPause = 6 * time.Hour  // a removal is seen the same day (T17)
	troublePause  = time.Hour      // at risk: mended is noticed soon, and 72 h hold enough checks (P12)
	unknownPause  = time.Hour      // DNS failed: look again, without a storm
	lastPause     = 24 * time.Hour // of a claim that nobody proved for a month, or a domain long suspended
)

// NextCheck returns when a domain that was checked at now, with the given
// verdict, is to be checked next.
func NextCheck(d myodai.Domain, v myodai.Verdict, now time.Time) time.Time {
	age := now.Sub(d.ChangedAt)
	switch d.State {
	case myodai.DomainVerified:
		if v == myodai.VerdictUnknown {
			return now.Add(unknownPause)
		}
		return now.Add(verifiedPause)
	case myodai.DomainAtRisk:
		return now.Add(min(pauseAfter(age), troublePause))
	case myodai.DomainSuspended:
		return now.Add(min(pauseAfter(age), pauseAfter(now.Sub(d.AtRiskAt))))
	}
	return now.Add(pauseAfter(age))
}

// waitSlack is how long after the end of a wait the next check comes.
const waitSlack = 10 * time.Second

// nextCheck is NextCheck, and sooner when a wait ends before that: then all is
// done, and somebody is told to look again at that very moment.
func nextCheck(d myodai.Domain, check myodai.Check) time.Time {
	next := NextCheck(d, check.Verdict, check.At)
	for _, f := range check.Findings {
		if at := f.VisibleAt.Add(waitSlack); f.VisibleAt.After(check.At) && at.Before(next) {
			next = at
		}
	}
	return next
}

// pauseAfter is how long to wait when the last change was that long ago.
func pauseAfter(age time.Duration) time.Duration {
	for _, step := range afterChange {
		if age < step.age {
			return step.pause
		}
	}
	return lastPause
}
