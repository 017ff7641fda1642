package myodai_test

import (
	"slices"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// B19 to B25, T03, P12: what becomes of a tracking domain after a check.
func TestTrackingAdvances(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	const (
		right, wrong, gone, unknown = myodai.StatusAsPlanned, myodai.StatusDifferent, myodai.StatusMissing, myodai.StatusUnknown
		day                         = 24 * time.Hour
	)
	prepared := func(state myodai.TrackingState, since time.Duration) myodai.TrackingDomain {
		d := myodai.TrackingDomain{Way: myodai.TrackingPrepared, State: state}
		if state != myodai.TrackingProving {
			d.ProvedAt = now.Add(-since)
			d.Deadline, d.RemindAt = d.ProvedAt.Add(3*day), d.ProvedAt.Add(2*day)
		}
		return d
	}
	direct := func(state myodai.TrackingState) myodai.TrackingDomain {
		return myodai.TrackingDomain{Way: myodai.TrackingDirect, State: state}
	}
	risk := func(since time.Duration, failed int) myodai.TrackingDomain {
		d := direct(myodai.TrackingAtRisk)
		d.AtRiskAt, d.FailedChecks, d.Notices = now.Add(-since), failed, 3
		return d
	}
	look := func(host, challenge myodai.RecordStatus) myodai.TrackingLook {
		return myodai.TrackingLook{Host: host, Challenge: challenge}
	}
	certified := func(l myodai.TrackingLook) myodai.TrackingLook { l.Certified = true; return l }
	forbidden := func(l myodai.TrackingLook) myodai.TrackingLook { l.Forbidden = true; return l }
	taken := func(l myodai.TrackingLook) myodai.TrackingLook { l.Taken = true; return l }
	ready := func(d myodai.TrackingDomain) myodai.TrackingDomain { d.Ready = true; return d }
	reminded := func(d myodai.TrackingDomain) myodai.TrackingDomain { d.RemindAt = time.Time{}; return d }

	for _, tt := range []struct {
		name   string
		before myodai.TrackingDomain
		look   myodai.TrackingLook
		state  myodai.TrackingState
		ready  bool
		events []myodai.EventKind
	}{
		{"step 1, nothing is there", prepared(myodai.TrackingProving, 0), look(gone, gone), myodai.TrackingProving, false, nil},
		{"step 1, DNS says nothing", prepared(myodai.TrackingProving, 0), look(unknown, gone), myodai.TrackingProving, false, nil},
		{"step 1, proved (B20)", prepared(myodai.TrackingProving, 0), look(right, gone), myodai.TrackingValidating, false, []myodai.EventKind{myodai.EventTrackingProved}},
		{"step 2, no alias", prepared(myodai.TrackingValidating, 0), look(right, gone), myodai.TrackingValidating, false, nil},
		{"step 2, another alias", prepared(myodai.TrackingValidating, 0), look(right, wrong), myodai.TrackingValidating, false, nil},
		{"step 2, the alias is there (B21)", prepared(myodai.TrackingValidating, 0), look(right, right), myodai.TrackingValidating, true, nil},
		{"step 2, the proof is gone", ready(prepared(myodai.TrackingValidating, 0)), look(gone, right), myodai.TrackingValidating, false, nil},
		{"step 2, DNS fails", ready(prepared(myodai.TrackingValidating, 0)), look(unknown, unknown), myodai.TrackingValidating, true, nil},
		{"step 2, CAA forbids", ready(prepared(myodai.TrackingValidating, 0)), forbidden(look(right, right)), myodai.TrackingValidating, false, nil},
		{"step 2, a moment before the reminder", prepared(myodai.TrackingValidating, 2*day-1), look(right, gone), myodai.TrackingValidating, false, nil},
		{"step 2, reminded", prepared(myodai.TrackingValidating, 2*day), look(right, gone), myodai.TrackingValidating, false, []myodai.EventKind{myodai.EventTrackingReminded}},
		{"step 2, not twice", reminded(prepared(myodai.TrackingValidating, 2*day)), look(right, gone), myodai.TrackingValidating, false, nil},
		{"step 2, a moment before the deadline", reminded(prepared(myodai.TrackingValidating, 3*day-1)), look(right, gone), myodai.TrackingValidating, false, nil},
		{"step 2, expired (B23)", prepared(myodai.TrackingValidating, 3*day), look(right, gone), myodai.TrackingExpired, false, []myodai.EventKind{myodai.EventTrackingExpired}},
		{"step 2, CAA forbids to the end", prepared(myodai.TrackingValidating, 3*day), forbidden(look(right, right)), myodai.TrackingExpired, false, []myodai.EventKind{myodai.EventTrackingExpired}},
		{"step 2, done at the last moment", prepared(myodai.TrackingValidating, 3*day), look(right, right), myodai.TrackingValidating, true, nil},
		{"step 2, DNS fails at the deadline", prepared(myodai.TrackingValidating, 3*day), look(unknown, unknown), myodai.TrackingValidating, false, nil},
		{"step 2, DNS fails for a day more", prepared(myodai.TrackingValidating, 4*day), look(unknown, unknown), myodai.TrackingExpired, false, []myodai.EventKind{myodai.EventTrackingExpired}},
		{"step 2, done, and the authority slow", ready(prepared(myodai.TrackingValidating, 9*day)), look(right, right), myodai.TrackingValidating, true, nil},
		{"step 2, certified", ready(prepared(myodai.TrackingValidating, 0)), certified(look(right, right)), myodai.TrackingSwitching, true, []myodai.EventKind{myodai.EventTrackingCertified}},
		{"step 3, not rewritten", ready(prepared(myodai.TrackingSwitching, 9*day)), certified(look(wrong, right)), myodai.TrackingSwitching, true, nil},
		{"step 3, rewritten (B24, B25)", ready(prepared(myodai.TrackingSwitching, 0)), certified(look(right, right)), myodai.TrackingVerified, true, []myodai.EventKind{myodai.EventTrackingVerified}},
		{"step 3, the certificate lapsed meanwhile", prepared(myodai.TrackingSwitching, 0), look(right, right), myodai.TrackingSwitching, true, nil},
		{"step 3, somebody else serves the name (T03)", prepared(myodai.TrackingSwitching, 0), taken(certified(look(right, right))), myodai.TrackingSwitching, true, nil},
		{"expired stays so", prepared(myodai.TrackingExpired, 9*day), certified(look(right, right)), myodai.TrackingExpired, false, nil},
		{"direct, the alias is there", direct(myodai.TrackingProving), look(right, gone), myodai.TrackingValidating, true, []myodai.EventKind{myodai.EventTrackingProved}},
		{"direct, CAA forbids", direct(myodai.TrackingProving), forbidden(look(right, gone)), myodai.TrackingValidating, false, []myodai.EventKind{myodai.EventTrackingProved}},
		{"direct, certified", ready(direct(myodai.TrackingValidating)), certified(look(right, gone)), myodai.TrackingVerified, true, []myodai.EventKind{myodai.EventTrackingVerified}},
		{"direct, certified and gone", ready(direct(myodai.TrackingValidating)), certified(look(gone, gone)), myodai.TrackingValidating, false, nil},
		{"serving, DNS fails", ready(direct(myodai.TrackingVerified)), look(unknown, gone), myodai.TrackingVerified, true, nil},
		{"serving, the record is gone", ready(direct(myodai.TrackingVerified)), look(gone, gone), myodai.TrackingAtRisk, false, []myodai.EventKind{myodai.EventTrackingAtRisk}},
		{"serving, only the alias of the challenge is gone", ready(prepared(myodai.TrackingVerified, 0)), look(right, gone), myodai.TrackingVerified, true, nil},
		{"at risk, mended", risk(day, 2), look(right, gone), myodai.TrackingVerified, true, []myodai.EventKind{myodai.EventTrackingVerified}},
		{"at risk, not for long enough", risk(3*day-1, 9), look(gone, gone), myodai.TrackingAtRisk, false, nil},
		{"at risk, not seen often enough", risk(9*day, 1), look(gone, gone), myodai.TrackingAtRisk, false, nil},
		{"at risk for too long", risk(3*day, 2), look(gone, gone), myodai.TrackingSuspended, false, []myodai.EventKind{myodai.EventTrackingSuspended}},
		{"suspended, back with a certificate", direct(myodai.TrackingSuspended), certified(look(right, gone)), myodai.TrackingVerified, true, []myodai.EventKind{myodai.EventTrackingVerified}},
		{"suspended, back without one", direct(myodai.TrackingSuspended), look(right, gone), myodai.TrackingSuspended, true, nil},
	} {
		after, events := tt.before.Advance(tt.look, 3*day, now)
		if after.State != tt.state || after.Ready != tt.ready || !slices.Equal(events, tt.events) {
			t.Errorf("%s: %s, ready %v, %v; want %s, %v, %v", tt.name, after.State, after.Ready, events, tt.state, tt.ready, tt.events)
		}
		if after.Serves() && after.State == myodai.TrackingVerified && tt.look.Host != right && tt.look.Host != unknown {
			t.Errorf("%s: it serves without its record", tt.name)
		}
	}
	d, _ := prepared(myodai.TrackingProving, 0).Advance(look(right, gone), 3*day, now)
	if d.Deadline != now.Add(72*time.Hour) || d.RemindAt != now.Add(48*time.Hour) || d.Step() != 2 {
		t.Errorf("the deadline is %v, the reminder %v", d.Deadline, d.RemindAt)
	}
}

func TestSwitchOfWay(t *testing.T) {
	now := time.Now()
	for _, state := range []myodai.TrackingState{
		myodai.TrackingProving, myodai.TrackingValidating, myodai.TrackingSwitching, myodai.TrackingExpired,
		myodai.TrackingVerified, myodai.TrackingAtRisk, myodai.TrackingSuspended,
	} {
		d := myodai.TrackingDomain{Way: myodai.TrackingPrepared, State: state, Deadline: now, Ready: true}
		after, err := d.Switch(myodai.TrackingDirect, now)
		if inUse := d.Serves() || state == myodai.TrackingSuspended; (err != nil) != inUse {
			t.Errorf("%s: %v", state, err)
		} else if !inUse && (after.State != myodai.TrackingProving || after.Ready || !after.Deadline.IsZero()) {
			t.Errorf("%s: %+v", state, after)
		}
	}
}
