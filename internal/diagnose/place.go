package diagnose

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// nothingThere reports whether every planned record is missing at the delegated
// servers. One that is right disproves that the tenant works at another place,
// and so does one that was entered here with a mistake.
func (v *view) nothingThere() bool {
	missing := 0
	for i, item := range v.plan.Items {
		switch {
		case item.Value == "" || item.Name == v.zone || v.presence(item.Name) == unclear:
			continue
		case v.checks[i].Status == myodai.StatusAsPlanned:
			if item.Purpose == myodai.PurposeDMARC {
				continue // an older one of theirs will do, and proves nothing
			}
			return false
		case v.concerns(item, v.own(item.Name)), len(v.hits(item)) > 0:
			return false
		}
		missing++
	}
	return missing > 0
}

// otherPlace explains that nothing that was entered is there: it was entered
// somewhere else, or not saved.
func (v *view) otherPlace() (flaw, bool) {
	if !v.nothingThere() {
		return flaw{}, false
	}
	for _, judge := range []func() (flaw, bool){v.initialServers, v.wrongHost, v.privateZone, v.notApplied} {
		if f, ok := judge(); ok {
			return f, true
		}
	}
	return flaw{}, false
}

// initialServers finds name servers at which nothing can be entered.
func (v *view) initialServers() (flaw, bool) {
	names := v.nameServers()
	f := flaw{cause: RegistrarDefaultNS, found: v.nsText(), args: map[string]string{}}
	for _, n := range names {
		if set, ok := initialSets[n]; ok {
			var list []string
			for _, s := range set {
				list = append(list, string(s))
			}
			f.args["to"] = strings.Join(list, ", ")
			if len(list) > 0 {
				f.args["ns"] = f.args["to"]
				f.expected = "NS " + strings.Join(list, "\nNS ")
			}
			return f, true
		}
	}
	if e := v.host.Panel.Editable; e.Known() && !e.Value {
		return f, true
	}
	return flaw{}, false
}

// wrongHost finds the records at a server of another DNS host.
func (v *view) wrongHost() (flaw, bool) {
	for _, item := range v.plan.Items {
		for _, t := range []myodai.RecordType{myodai.TypeTXT, myodai.TypeMX} {
			for _, a := range v.elsewhere(item.Name, t) {
				if a.Kind() != myodai.AnswerPositive {
					continue
				}
				for _, rr := range a.Records {
					_, ok := v.matches(item, candidate{name: item.Name}, rr)
					if ok && rr.Name == item.Name {
						return flaw{cause: WrongDNSHost, found: string(item.Name) + " " + string(rr.Type) + " " + rr.Data,
							args: map[string]string{"found": string(a.Host), "elsewhere": string(a.Host)}}, true
					}
				}
			}
		}
	}
	return flaw{}, false
}

// privateZone finds the records in what the tenant sees, and not in public.
func (v *view) privateZone() (flaw, bool) {
	for _, rr := range v.in.Observation.TenantSees {
		for _, item := range v.plan.Items {
			if _, ok := v.matches(item, candidate{name: item.Name}, rr); ok && myodai.Name(strings.ToLower(string(rr.Name))) == item.Name {
				return flaw{cause: RecordsInPrivateZone, found: string(rr.Name) + " " + string(rr.Type) + " " + rr.Data}, true
			}
		}
	}
	return flaw{}, false
}

// notApplied finds a zone that has not changed since the plan was issued,
// although the tenant says that the records are entered. Some hosts always give
// the same serial, from which nothing follows.
func (v *view) notApplied() (flaw, bool) {
	known := v.in.Known
	now, _ := soaOf(v.in.Observation, v.zone)
	if known.DoneAt.IsZero() || now.serial == 0 || now.serial < 1000 {
		return flaw{}, false
	}
	for _, o := range slices.Backward(v.in.Earlier) {
		if o.FinishedAt.Before(known.IssuedAt) || o.FinishedAt.After(known.DoneAt) {
			continue
		}
		before, ok := soaOf(o, v.zone)
		if ok && before.serial == now.serial {
			return flaw{cause: PanelChangeNotApplied, found: "SOA serial " + decimal(int(now.serial)),
				args: map[string]string{"time": stamp(o.FinishedAt)}}, true
		}
		return flaw{}, false
	}
	return flaw{}, false
}

// maxElsewhere bounds the servers of other DNS hosts that are asked.
const maxElsewhere = 12

// placeQuestions asks other DNS hosts for what is not at the delegated ones.
func (v *view) placeQuestions() []myodai.Question {
	if v.zone == "" || v.zone.IsPublicSuffix() || !v.nothingThere() {
		return nil
	}
	hosts := []myodai.Name{}
	delegated := v.nameServers()
	propose := func(names ...myodai.Name) {
		for _, n := range names {
			if n != "" && !slices.Contains(hosts, n) && !slices.Contains(delegated, n) && len(hosts) < maxElsewhere {
				hosts = append(hosts, n)
			}
		}
	}
	for _, n := range v.childServers() {
		propose(myodai.Name(n))
	}
	for _, n := range delegated {
		propose(initialSets[n]...)
	}
	propose(v.registryHosts()...)
	for _, o := range v.in.Earlier {
		if z, ok := o.ZoneOf(v.plan.Domain); ok {
			for _, n := range serverNames(z) {
				propose(myodai.Name(n))
			}
		}
	}
	if v.walked() != "" {
		propose(likelyHosts...)
	}
	var list []myodai.Question
	for _, item := range v.first() {
		for _, h := range hosts {
			list = append(list, myodai.Question{Name: item.Name, Type: myodai.TypeTXT, Host: h, OneServer: true})
		}
	}
	return list
}

// first is the first planned record that only this claim asks for.
func (v *view) first() []plan.Item {
	for _, item := range v.plan.Items {
		if item.Required && item.Purpose != myodai.PurposeDMARC && item.Type != myodai.TypeMX {
			return []plan.Item{item}
		}
	}
	return nil
}
