package diagnose

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
)

// opinions sorts the zone's servers by whether the item is as planned at each,
// when they do not all say the same. Servers without an answer that counts are in
// neither list.
func (v *view) opinions(item plan.Item) (right, wrong []*myodai.Answer) {
	if v.agreed(item.Name) {
		return nil, nil
	}
	var seen []string
	for _, t := range allTypes {
		for _, a := range v.replies(item.Name, t) {
			if slices.Contains(seen, a.Address) || a.Kind() == myodai.AnswerUnknown {
				continue
			}
			seen = append(seen, a.Address)
			switch plan.Compare(plan.Plan{Domain: v.plan.Domain, Items: []plan.Item{item}}, v.by(a.Address, item.Name))[0].Status {
			case myodai.StatusAsPlanned:
				right = append(right, a)
			case myodai.StatusMissing, myodai.StatusDifferent:
				wrong = append(wrong, a)
			}
		}
	}
	return right, wrong
}

// agreed reports whether no two servers said different things of a name.
func (v *view) agreed(name myodai.Name) bool {
	for _, t := range allTypes {
		replies := v.replies(name, t)
		if len(replies) < 2 {
			continue
		}
		first := ""
		for _, a := range replies {
			if a.Kind() == myodai.AnswerUnknown {
				continue
			}
			text := words(a)
			if first == "" {
				first = text
			}
			if text != first {
				return false
			}
		}
	}
	return true
}

// by is the observation as if one server alone had been asked about a name.
func (v *view) by(address string, name myodai.Name) myodai.Observation {
	o := v.in.Observation
	o.Answers = slices.DeleteFunc(slices.Clone(o.Answers), func(a myodai.Answer) bool {
		return a.Name == name && a.Address != address && !a.Recursive
	})
	return o
}

// splitFlaw finds a record that is right at some servers and not at others.
func (v *view) splitFlaw(item plan.Item) (flaw, bool) {
	right, wrong := v.opinions(item)
	if len(right) == 0 || len(wrong) == 0 {
		return flaw{}, false
	}
	serials := v.serials()
	stale, fresh := wrong[0], right[0]
	var names, found []string
	for _, a := range wrong {
		names = append(names, cmp.Or(a.Server, a.Address))
		found = append(found, cmp.Or(a.Server, a.Address)+": "+words(a))
	}
	slices.Sort(found)
	f := flaw{cause: NSSplitAnswers, found: strings.Join(found, "\n"), args: map[string]string{
		"srv": strings.Join(names, ", "), "pct": decimal(100 * len(wrong) / (len(wrong) + len(right))),
		"s1": decimal(int(serials[fresh.Address])), "s2": decimal(int(serials[stale.Address])),
	}}
	if serials[stale.Address] == serials[fresh.Address] {
		return f, true // two zones, not two versions of one
	}
	if until, lag, ok := v.syncing(item); ok {
		f.cause, f.until = AuthNotYetSynced, until
		f.args["lag"], f.args["eta"] = lag.String(), stamp(until)
	}
	return f, true
}

// words writes down what a server answered.
func words(a *myodai.Answer) string {
	if len(a.Records) == 0 {
		return a.RCode
	}
	var list []string
	for _, rr := range a.Records {
		list = append(list, string(rr.Type)+" "+rr.Data)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// syncing reports whether servers that differ may still be catching up: they
// agreed at an earlier look, and the first look at which they did not is no
// longer ago than the host takes. Without an earlier look nobody knows.
func (v *view) syncing(item plan.Item) (until time.Time, lag time.Duration, ok bool) {
	s, found := soaOf(v.in.Observation, v.zone)
	if !found {
		return time.Time{}, 0, false
	}
	since, agreed := v.in.Observation.StartedAt, false
	for _, o := range v.in.Earlier {
		before := newView(Input{Plan: v.plan, Observation: o, Known: v.in.Known})
		right, wrong := before.opinions(item)
		if len(right) == 0 || len(wrong) == 0 {
			agreed = before.answered(item)
			break
		}
		since = o.StartedAt
	}
	lag = s.refresh
	if at, certainty := v.host.NextPublish(since); certainty != dnshost.Unknown {
		lag = min(lag, at.Sub(since))
	}
	until = since.Add(lag + syncSlack)
	return until, lag, agreed && !v.in.Now.After(until)
}

// unpublished reports whether what the tenant saved may not be on any server yet,
// by the times at which the DNS host is known to publish.
func (v *view) unpublished() (flaw, bool) {
	done := v.in.Known.DoneAt
	at, certainty := v.host.NextPublish(done)
	if done.IsZero() || certainty == dnshost.Unknown || !at.Add(syncSlack).After(v.in.Now) {
		return flaw{}, false
	}
	if !at.After(v.in.Now) {
		at = at.Add(syncSlack)
	}
	return flaw{cause: AuthNotYetSynced, until: at, args: map[string]string{
		"lag": at.Sub(done).String(), "eta": stamp(at), "srv": v.host.Name.English,
	}}, true
}

// syncSlack is what a transfer itself may take.
const syncSlack = 2 * time.Minute
