package domains

import (
	"context"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
)

// Progress is how far a check has come.
type Progress struct {
	Asked    int                  // questions so far
	Answered int                  // of those; the rest is under way
	Records  []myodai.RecordCheck // that can be judged now, or are judged otherwise than before
}

// asking is one check under way: what it asks, and what it has told of.
type asking struct {
	in       diagnose.Input // its Observation holds only what DNS does not say
	seen     diagnose.Case
	registry Registry
	tell     func(Progress)
	asked    map[myodai.Question]bool
	told     map[string]myodai.RecordStatus
}

// whole is what DNS said, with what is known from elsewhere.
func (a *asking) whole(o myodai.Observation) myodai.Observation {
	o.Registration, o.TenantSees = a.in.Observation.Registration, a.in.Observation.TenantSees
	return o
}

// next asks what package diagnose wants to know. The registry is asked last,
// when DNS leaves open why nothing is there.
func (a *asking) next(ctx context.Context, o myodai.Observation) []myodai.Question {
	in := a.in
	in.Observation = a.whole(o)
	list := a.seen.Questions(in)
	if len(list) == 0 && a.asksRegistry(ctx, in) {
		in.Observation = a.whole(o)
		list = a.seen.Questions(in)
	}
	if a.tell != nil {
		a.tell(a.progress(in, list))
	}
	return list
}

// asksRegistry asks the registry once, when that is worth it.
func (a *asking) asksRegistry(ctx context.Context, in diagnose.Input) bool {
	org := diagnose.AsksRegistry(in)
	if org == "" || a.registry == nil {
		return false
	}
	r := a.registry.Registration(ctx, org)
	a.in.Observation.Registration = &r
	return true
}

// end is all that was found out, also when the probe ended before its time.
func (a *asking) end(ctx context.Context, o myodai.Observation) myodai.Observation {
	in := a.in
	in.Observation = a.whole(o)
	a.asksRegistry(ctx, in)
	return a.whole(o)
}

// progress is what is new with this round.
func (a *asking) progress(in diagnose.Input, list []myodai.Question) Progress {
	if a.asked == nil {
		a.asked, a.told = map[myodai.Question]bool{}, map[string]myodai.RecordStatus{}
	}
	p := Progress{Answered: len(a.asked)}
	for _, q := range list {
		a.asked[q] = true
	}
	p.Asked = len(a.asked)
	for _, r := range a.seen.Records(in) {
		key := string(r.Type) + " " + string(r.Name)
		if r.Status != a.told[key] && (r.Status != myodai.StatusUnknown || a.told[key] != "") {
			a.told[key] = r.Status
			p.Records = append(p.Records, r)
		}
	}
	return p
}
