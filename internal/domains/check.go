package domains

import (
	"context"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dkim"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
)

// CheckNow asks DNS about the domain at once and returns what was found. It
// also tells the schedule that somebody is working on the records. tell, unless
// nil, hears of each step before CheckNow returns.
func (s *Service) CheckNow(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID, tell func(Progress)) (myodai.Check, error) {
	return s.CheckSaid(ctx, tenant, id, Said{}, tell)
}

// CheckSaid is CheckNow with what the tenant says about the records.
func (s *Service) CheckSaid(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID, said Said, tell func(Progress)) (myodai.Check, error) {
	d, err := s.Store.Domain(ctx, tenant, id)
	if err != nil {
		return myodai.Check{}, err
	}
	if said.Sees, err = said.sees(d.Name); err != nil {
		return myodai.Check{}, err
	}
	return s.check(ctx, d, &said, tell)
}

// check probes the domain and writes down what that makes of it. said is nil
// when nobody wanted it.
func (s *Service) check(ctx context.Context, d myodai.Domain, said *Said, tell func(Progress)) (myodai.Check, error) {
	began := time.Now()
	d = said.note(d, began)
	in, err := s.input(ctx, d)
	if err != nil {
		return myodai.Check{}, err
	}
	if said != nil {
		in.Observation.TenantSees = said.Sees
	}
	a := asking{in: in, registry: s.Registry, tell: tell}
	o := s.Prober.Probe(ctx, d.Name, func(o myodai.Observation) []myodai.Question { return a.next(ctx, o) })
	in.Observation = a.end(ctx, o)
	in.Now = time.Now()
	check := s.judge(d, in, &a.seen)
	after, err := s.Store.RecordCheck(ctx, check, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) {
		d = said.note(d, began)
		if said != nil {
			d.ChangedAt = check.At
		}
		d, events := s.conclude(d, check, began)
		return d, events, nil
	})
	if err != nil {
		return myodai.Check{}, err
	}
	if n, ok := stateNotice(d, after); ok && s.Notify != nil {
		// It is recorded, and whoever watched the check may have gone; the event tells
		// of it, too.
		if err := s.Notify(context.WithoutCancel(ctx), d.TenantID, n); err != nil {
			s.Log.Error("write to a tenant", "tenant", d.TenantID, "domain", d.Name, "err", err)
		}
	}
	if after.CanSend() != d.CanSend() {
		s.Wake() // report authorization comes and goes with the proof (T47)
	}
	if said != nil {
		s.due.ring()
	}
	return check, nil
}

// input is all a check of the domain is judged with, but for what DNS says.
func (s *Service) input(ctx context.Context, d myodai.Domain) (diagnose.Input, error) {
	keys, err := s.Store.Keys(ctx, d.TenantID, d.ID)
	if err != nil {
		return diagnose.Input{}, err
	}
	b, err := s.Store.Background(ctx, d)
	if err != nil {
		return diagnose.Input{}, err
	}
	known := diagnose.Known{
		PlatformZone: s.Site.Zone, IssuedAt: d.RegisteredAt, VerifiedAt: d.VerifiedAt,
		OtherDomains: b.Others, Former: s.former(b), Issuers: s.Issuers,
	}
	if d.PlannedAt.After(known.IssuedAt) {
		known.IssuedAt = d.PlannedAt
	}
	if d.EnteredAt.After(known.IssuedAt) {
		known.DoneAt = d.EnteredAt
	}
	if d.ConnectedAt.After(known.IssuedAt) {
		known.ConnectAt = d.ConnectedAt
	}
	return diagnose.Input{Plan: plan.For(d, keys, s.Site), Earlier: b.Earlier, Known: known}, nil
}

// former lists the values that were asked for once: by claims that the tenant
// gave up, and for keys that were replaced.
func (s *Service) former(b myodai.Background) []diagnose.Former {
	var list []diagnose.Former
	for _, k := range b.Keys {
		list = append(list, diagnose.Former{Value: dkim.KeyRecord(k.Algorithm, k.Public), ReplacedAt: k.ReplacedAt})
	}
	for _, c := range b.Claims {
		for i := range c.Keys {
			c.Keys[i].State = myodai.KeyActive // as they were when they were asked for
		}
		for _, shape := range []myodai.Shape{myodai.ShapeCNAME, myodai.ShapeTXT} {
			for _, item := range plan.For(c.Domain.Reshape("", shape), c.Keys, s.Site).Items {
				if item.Purpose == myodai.PurposeDKIM || item.Purpose == myodai.PurposeReturnPath {
					list = append(list, diagnose.Former{Value: item.Value, ReplacedAt: c.EndedAt})
				}
			}
		}
	}
	return list
}

// judge derives everything a check says from what it was made with.
func (s *Service) judge(d myodai.Domain, in diagnose.Input, seen *diagnose.Case) myodai.Check {
	records := seen.Records(in)
	return myodai.Check{
		ID: myodai.NewID[myodai.CheckID](in.Now, s.Random), TenantID: d.TenantID, DomainID: d.ID, At: in.Now,
		Verdict: myodai.Judge(records), Records: records, Findings: seen.Domain(in),
		DNSHost: hostOf(in.Observation), Observation: in.Observation,
	}
}

// hostOf is the id of the DNS host that the domain is delegated to, "" when it
// is not recognized.
func hostOf(o myodai.Observation) string {
	var names []myodai.Name
	if z, ok := o.ZoneOf(o.Domain); ok {
		for _, server := range z.Servers {
			names = append(names, server.Name)
		}
	}
	if h, ok := dnshost.Recognize(names); ok {
		return h.ID
	}
	return ""
}

// conclude says what becomes of the domain after a check that began at the
// given time, and tells of it.
func (s *Service) conclude(d myodai.Domain, check myodai.Check, began time.Time) (myodai.Domain, []myodai.Event) {
	if d.PlannedAt.After(began) || disprovesLate(d, check, began) { // the plan changed under the probe, or another was quicker
		check.Verdict, check.Findings = myodai.VerdictUnknown, nil
	}
	if check.Verdict == myodai.VerdictDisproved && !s.Believes() { // grace is a length of time (P16)
		check.Verdict = myodai.VerdictUnknown
	}
	d, kinds := d.Advance(check.Verdict, check.At)
	cause := primary(check.Findings)
	if d.State == myodai.DomainPending && cause != "" && cause != d.Cause {
		kinds = append(kinds, myodai.EventDomainDiagnosed)
	}
	if cause != "" || check.Verdict != myodai.VerdictUnknown {
		d.Cause = cause // otherwise nothing new is known
	}
	d.NextCheckAt = nextCheck(d, check)
	return d, s.checkEvents(d, kinds, check)
}

// disprovesLate reports whether a check disproves a domain that may send, and
// another one ended while it asked. What it did not find then may be there by
// now: only a look of its own, from beginning to end, counts against a domain.
func disprovesLate(d myodai.Domain, check myodai.Check, began time.Time) bool {
	return check.Verdict == myodai.VerdictDisproved && d.CanSend() && d.CheckedAt.After(began)
}

// primary is the cause of the primary finding, "" when nothing is wrong.
func primary(findings []myodai.Finding) myodai.Cause {
	for _, f := range findings {
		if f.Primary {
			return f.Cause
		}
	}
	return ""
}
