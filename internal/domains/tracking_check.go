package domains

import (
	"context"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/plan"
)

// CheckNow asks DNS about the tracking domain at once and returns what was found
// and what became of it. tell, unless nil, hears of each step before that.
func (s *Tracking) CheckNow(ctx context.Context, tenant myodai.TenantID, id myodai.TrackingID, tell func(Progress)) (myodai.Check, myodai.TrackingDomain, error) {
	t, err := s.Store.TrackingDomain(ctx, tenant, id)
	if err != nil {
		return myodai.Check{}, t, err
	}
	check, after, err := s.check(ctx, t, true, tell)
	if err == nil && after.State != t.State && after.Step() > t.Step() && t.State == myodai.TrackingProving {
		// The next step may be entered already, by somebody who knew.
		return s.check(ctx, after, true, tell)
	}
	return check, after, err
}

// check probes the tracking domain and writes down what that makes of it.
func (s *Tracking) check(ctx context.Context, t myodai.TrackingDomain, asked bool, tell func(Progress)) (myodai.Check, myodai.TrackingDomain, error) {
	began := time.Now()
	if asked {
		t.AskedAt = began
	}
	in, err := s.input(ctx, t)
	if err != nil {
		return myodai.Check{}, t, err
	}
	a := asking{in: in, registry: s.Registry, tell: tell}
	o := s.Prober.Probe(ctx, in.Plan.Domain, func(o myodai.Observation) []myodai.Question { return a.next(ctx, o) })
	in.Observation = a.end(ctx, o)
	in.Now = time.Now()
	records := plan.Compare(in.Plan, in.Observation)
	check := myodai.Check{
		ID: myodai.NewID[myodai.CheckID](in.Now, s.Random), TenantID: t.TenantID, TrackingID: t.ID, At: in.Now,
		Verdict: myodai.Judge(records), Records: records, Findings: diagnose.Domain(in),
		DNSHost: hostOf(in.Observation), Observation: in.Observation,
	}
	var kinds []myodai.EventKind
	after, err := s.Store.RecordTrackingCheck(ctx, check,
		func(t myodai.TrackingDomain, c myodai.Certificate, rivals []myodai.TrackingDomain) (change myodai.TrackingChange, err error) {
			if asked {
				t.AskedAt, t.ChangedAt, c = began, check.At, c.Sooner(check.At)
			}
			change, kinds = s.conclude(t, c, rivals, check, began)
			return change, nil
		})
	if err != nil {
		return check, t, err
	}
	if after.Ready {
		s.Order()
	}
	if asked || after.State != t.State {
		s.due.ring()
	}
	s.notify(ctx, after, kinds)
	return check, after, nil
}

// input is all a check of the tracking domain is judged with, but for what DNS
// says.
func (s *Tracking) input(ctx context.Context, t myodai.TrackingDomain) (diagnose.Input, error) {
	b, err := s.Store.TrackingBackground(ctx, t)
	if err != nil {
		return diagnose.Input{}, err
	}
	known := diagnose.Known{PlatformZone: s.Site.Zone, IssuedAt: t.RegisteredAt, VerifiedAt: t.VerifiedAt, OtherDomains: b.Domains, Issuers: s.Issuers}
	if t.PlannedAt.After(known.IssuedAt) {
		known.IssuedAt = t.PlannedAt
	}
	if t.AskedAt.After(known.IssuedAt) {
		known.DoneAt = t.AskedAt
	}
	if t.State == myodai.TrackingSwitching || t.Serves() && t.Way == myodai.TrackingPrepared {
		known.Former = append(known.Former, diagnose.Former{Value: plan.ProofValue(t, s.Site), ReplacedAt: t.CertifiedAt})
	}
	for _, c := range b.Claims {
		for _, state := range []myodai.TrackingState{myodai.TrackingValidating, myodai.TrackingVerified} {
			if c.State = state; state == myodai.TrackingVerified {
				c.CertifiedAt = c.RegisteredAt
			}
			for _, item := range plan.ForTracking(c, s.Site).Items {
				known.Former = append(known.Former, diagnose.Former{Value: item.Value, ReplacedAt: t.RegisteredAt})
			}
		}
	}
	return diagnose.Input{Plan: plan.ForTracking(t, s.Site), Earlier: b.Earlier, Known: known}, nil
}

// look reads out of a check what becomes of the tracking domain.
func look(check myodai.Check, c myodai.Certificate, rivals []myodai.TrackingDomain) myodai.TrackingLook {
	l := myodai.TrackingLook{Host: myodai.StatusUnknown, Challenge: myodai.StatusMissing, Certified: c.Valid(check.At)}
	for _, r := range check.Records {
		switch r.Purpose {
		case myodai.PurposeTracking:
			l.Host = r.Status
		case myodai.PurposeACME:
			l.Challenge = r.Status
		}
	}
	for _, f := range check.Findings {
		l.Forbidden = l.Forbidden || f.Cause == diagnose.CAAForbidsIssuer || f.Cause == diagnose.CAALookupFails
	}
	for _, r := range rivals {
		l.Taken = l.Taken || r.State == myodai.TrackingVerified
	}
	return l
}

// conclude says what becomes of the tracking domain after a check that began at
// the given time, and tells of it.
func (s *Tracking) conclude(t myodai.TrackingDomain, c myodai.Certificate, rivals []myodai.TrackingDomain, check myodai.Check, began time.Time) (myodai.TrackingChange, []myodai.EventKind) {
	before := t.State
	l := look(check, c, rivals)
	if t.PlannedAt.After(began) { // what is asked for changed under the probe
		l.Host, l.Challenge, check.Findings = myodai.StatusUnknown, myodai.StatusUnknown, nil
	}
	after, kinds := t.Advance(l, s.StepTime, check.At)
	if bides(t, after) && !s.Believes() {
		after, kinds = t, nil
		after.CheckedAt = check.At
	}
	t = after
	cause := primary(check.Findings)
	if !t.Serves() && cause != "" && cause != t.Cause && len(kinds) == 0 {
		kinds = append(kinds, myodai.EventTrackingDiagnosed)
	}
	if cause != "" || check.Verdict != myodai.VerdictUnknown {
		t.Cause = cause
	}
	t.NextCheckAt = nextTrackingCheck(t, before, check)
	change := myodai.TrackingChange{Domain: t, Certificate: c}
	for _, kind := range kinds {
		change.Events = append(change.Events, s.checkEvent(kind, t, check))
	}
	for _, r := range rivals {
		switch {
		case t.Serves(): // proved here, and not there any more
			r, kinds := r.Yield(check.At)
			change.Rivals = append(change.Rivals, r)
			for _, kind := range kinds {
				change.Events = append(change.Events, s.event(kind, r, check.At, map[string]any{"reason": "the name leads to another claim now"}))
			}
		case l.Host == myodai.StatusAsPlanned && r.State == myodai.TrackingVerified:
			r.NextCheckAt = check.At // it will be seen that its record is gone
			change.Rivals = append(change.Rivals, r)
		}
	}
	return change, kinds
}

// bides reports whether a change has to wait until the clock is believed: what counts
// against a name, takes it out of service, or sets or ends a time in which something
// is to be done (P16).
func bides(before, after myodai.TrackingDomain) bool {
	worse := after.State == myodai.TrackingExpired || after.State == myodai.TrackingSuspended || after.State == myodai.TrackingAtRisk
	return worse && (after.State != before.State || after.FailedChecks != before.FailedChecks) || !after.Deadline.Equal(before.Deadline)
}

// checkEvent tells of what a check changed, with what the reader needs to act.
func (s *Tracking) checkEvent(kind myodai.EventKind, t myodai.TrackingDomain, check myodai.Check) myodai.Event {
	data := map[string]any{"check": check.ID}
	if kind != myodai.EventTrackingVerified {
		data["records"], data["findings"], data["cause"] = troubled(check.Records), told(check.Findings), primary(check.Findings)
	}
	if !t.Deadline.IsZero() && t.CertifiedAt.IsZero() {
		data["deadline"] = t.Deadline.UTC().Format(time.RFC3339)
	}
	if kind == myodai.EventTrackingAtRisk {
		data["notice"] = t.Notices
		data["serving_stops_at"] = t.AtRiskAt.Add(myodai.GracePeriod).UTC().Format(time.RFC3339)
	}
	return s.event(kind, t, check.At, data)
}

// nextTrackingCheck says when to look again: as for a domain, and never after an
// instant at which something is due by itself.
func nextTrackingCheck(t myodai.TrackingDomain, before myodai.TrackingState, check myodai.Check) time.Time {
	like := myodai.Domain{State: myodai.DomainPending, ChangedAt: t.ChangedAt, AtRiskAt: t.AtRiskAt}
	switch t.State {
	case myodai.TrackingVerified:
		like.State = myodai.DomainVerified
	case myodai.TrackingAtRisk:
		like.State = myodai.DomainAtRisk
	case myodai.TrackingSuspended:
		like.State = myodai.DomainSuspended
	case myodai.TrackingExpired:
		return check.At.Add(lastPause)
	}
	next := nextCheck(like, check)
	if t.State != before && !t.Serves() {
		return check.At // the next step may be done already
	}
	for _, at := range []time.Time{t.RemindAt, t.Deadline} {
		if t.State == myodai.TrackingValidating && at.After(check.At) && at.Before(next) {
			next = at
		}
	}
	return next
}
