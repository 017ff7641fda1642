package domains

import (
	"context"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// CheckNow asks DNS about the domain at once and returns what was found. It
// also tells the schedule that somebody is working on the records.
func (s *Service) CheckNow(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID) (myodai.Check, error) {
	d, err := s.Store.Domain(ctx, tenant, id)
	if err != nil {
		return myodai.Check{}, err
	}
	return s.check(ctx, d, true)
}

// check probes the domain and writes down what that makes of it. asked says
// that a person wanted it.
func (s *Service) check(ctx context.Context, d myodai.Domain, asked bool) (myodai.Check, error) {
	began := time.Now()
	look, err := s.look(ctx, d)
	if err != nil {
		return myodai.Check{}, err
	}
	now := time.Now()
	check := myodai.Check{
		ID: myodai.NewID[myodai.CheckID](now, s.Random), TenantID: d.TenantID, DomainID: d.ID, At: now,
		Verdict: myodai.Judge(look.records), Records: look.records, Observation: look.observation,
	}
	after, err := s.Store.RecordCheck(ctx, check, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) {
		verdict := check.Verdict
		if d.ChangedAt.After(began) {
			verdict = myodai.VerdictUnknown // the plan changed under the probe
		}
		d, kinds := d.Advance(verdict, now)
		if asked {
			d.ChangedAt = now
		}
		d.NextCheckAt = NextCheck(d, verdict, now)
		return d, s.checkEvents(d, kinds, check), nil
	})
	if err != nil {
		return myodai.Check{}, err
	}
	if after.CanSend() != d.CanSend() {
		s.Wake() // report authorization comes and goes with the proof (T47)
	}
	if asked {
		s.wakeChecks()
	}
	return check, nil
}

// look is what a probe of a domain's plan found.
type look struct {
	plan        plan.Plan
	records     []myodai.RecordCheck
	observation myodai.Observation
}

func (s *Service) look(ctx context.Context, d myodai.Domain) (look, error) {
	keys, err := s.Store.Keys(ctx, d.TenantID, d.ID)
	if err != nil {
		return look{}, err
	}
	p := plan.For(d, keys, s.Site)
	o := s.Prober.Probe(ctx, d.Name, func(o myodai.Observation) []myodai.Question { return plan.Questions(p, o) })
	return look{plan: p, records: plan.Compare(p, o), observation: o}, nil
}

// checkEvents tells of what a check changed, with what the reader needs to act.
func (s *Service) checkEvents(d myodai.Domain, kinds []myodai.EventKind, check myodai.Check) []myodai.Event {
	var events []myodai.Event
	for _, kind := range kinds {
		data := map[string]any{"check": check.ID}
		if kind != myodai.EventDomainVerified {
			data["records"] = troubled(check.Records)
		}
		if kind == myodai.EventDomainAtRisk {
			data["notice"] = d.Notices
			data["sending_stops_at"] = d.AtRiskAt.Add(myodai.GracePeriod).UTC().Format(time.RFC3339)
		}
		events = append(events, s.event(kind, d, check.At, data))
	}
	return events
}

// troubled lists the required records that are not as planned.
func troubled(checks []myodai.RecordCheck) []map[string]any {
	list := []map[string]any{}
	for _, c := range checks {
		if c.Required && c.Status != myodai.StatusAsPlanned {
			list = append(list, map[string]any{"name": c.Name, "type": c.Type, "status": c.Status, "reason": c.Reason})
		}
	}
	return list
}
