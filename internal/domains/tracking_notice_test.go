package domains

import (
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// B23: people are reminded of the deadline of step 2 while it can still be met,
// told that it has passed, and told that a record is gone, in both languages.
func TestTrackingNotice(t *testing.T) {
	d := myodai.TrackingDomain{
		Name: "click.acme.example", Way: myodai.TrackingPrepared, State: myodai.TrackingValidating,
		Deadline: time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC), AtRiskAt: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC),
	}
	for kind, says := range map[myodai.EventKind][2]string{ // "" for no mail
		myodai.EventTrackingReminded:  {"by 2026-11-25 09:30 UTC", "2026-11-25 09:30 UTC までに完了"},
		myodai.EventTrackingExpired:   {"has expired", "期限が切れました"},
		myodai.EventTrackingAtRisk:    {"is missing", "見つかりません"},
		myodai.EventTrackingProved:    {},
		myodai.EventTrackingVerified:  {},
		myodai.EventTrackingCertified: {},
	} {
		n, ok := noticeOf(kind, d)
		if ok != (says[0] != "") || !strings.Contains(n.English.Subject, says[0]) || !strings.Contains(n.Japanese.Subject, says[1]) {
			t.Errorf("%s: %+v, %v", kind, n, ok)
		}
		if ok && (!strings.Contains(n.English.Text, "click.acme.example") || !strings.Contains(n.Japanese.Text, "click.acme.example")) {
			t.Errorf("%s does not say of what", kind)
		}
	}
}

// A check comes when a reminder is due, and when the deadline passes, however far
// off the next one would be.
func TestTrackingIsCheckedInTime(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	check := myodai.Check{At: now, Verdict: myodai.VerdictDisproved}
	waiting := myodai.TrackingDomain{Way: myodai.TrackingPrepared, State: myodai.TrackingValidating, ChangedAt: now.Add(-47 * time.Hour)}
	usual := nextTrackingCheck(waiting, myodai.TrackingValidating, check)
	for _, tt := range []struct {
		name             string
		remind, deadline time.Duration // after now
		want             time.Duration
	}{
		{"the reminder is next", time.Minute, 24 * time.Hour, time.Minute},
		{"the deadline is next", -time.Hour, 2 * time.Minute, 2 * time.Minute},
		{"both are far", 24 * time.Hour, 48 * time.Hour, usual.Sub(now)},
	} {
		d := waiting
		d.RemindAt, d.Deadline = now.Add(tt.remind), now.Add(tt.deadline)
		if got := nextTrackingCheck(d, d.State, check).Sub(now); got != tt.want {
			t.Errorf("%s: in %s, want %s", tt.name, got, tt.want)
		}
	}
	if usual.Sub(now) < 3*time.Minute {
		t.Errorf("the usual pause is %s, which shows nothing", usual.Sub(now))
	}
}
