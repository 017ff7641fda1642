package diagnose

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// delegatedAway finds a cut between the registered domain and a planned name: its
// record belongs into the zone below the cut. It also finds an alias that was
// entered as a delegation.
func (v *view) delegatedAway(item plan.Item, check myodai.RecordCheck) (flaw, bool) {
	if check.Status == myodai.StatusAsPlanned {
		return flaw{}, false
	}
	for _, z := range v.cuts() {
		if !item.Name.Under(z.Name) || z.Name == "" || z.Name.IsPublicSuffix() || z.Name == item.Name.Registrable() {
			continue
		}
		ns := serverNames(z)
		if item.Type == myodai.TypeCNAME && slices.ContainsFunc(ns, func(n string) bool { return strings.HasPrefix(n, strings.ToLower(item.Value)) }) {
			return flaw{cause: CNAMEEnteredAsNS, found: "NS " + strings.Join(ns, "\nNS ")}, true
		}
		for _, other := range v.plan.Items {
			if other.Name == z.Name && other.Type == myodai.TypeCNAME && slices.ContainsFunc(ns, func(n string) bool { return strings.HasPrefix(n, strings.ToLower(other.Value)) }) {
				return flaw{cause: CNAMEEnteredAsNS, found: string(z.Name) + " NS " + strings.Join(ns, ", ")}, true
			}
		}
		if v.plan.Domain.Under(z.Name) && !v.answered(item) {
			continue // the domain's own zone, and silence
		}
		above := v.zoneAbove(z.Name)
		if above.Name == "" || slices.Equal(serverNames(above), ns) || len(v.hits(item)) > 0 || v.concerns(item, v.own(item.Name)) {
			continue
		}
		return flaw{cause: RecordOccludedByDelegation, found: string(z.Name) + " NS " + strings.Join(ns, ", "),
			args: map[string]string{"sub": string(z.Name), "ns": strings.Join(ns, ", "), "zone": string(above.Name)}}, true
	}
	return flaw{}, false
}

// cuts lists the zones that were walked through, and those that a server referred
// to where there was no walk.
func (v *view) cuts() []myodai.Zone {
	list := v.in.Observation.Zones
	for _, a := range v.in.Observation.Answers {
		if a.Recursive || a.Host != "" || a.Authoritative || a.RCode != "NOERROR" || len(a.Records) > 0 {
			continue
		}
		z := myodai.Zone{}
		for _, rr := range a.Authority {
			if rr.Type == myodai.TypeNS && a.Name.Under(rr.Name) && v.zone != "" && rr.Name != v.zone && rr.Name.Under(v.zone) {
				z.Name = rr.Name
				z.Servers = append(z.Servers, myodai.Server{Name: myodai.Name(rr.Data)})
			}
		}
		if z.Name != "" && !slices.ContainsFunc(list, func(b myodai.Zone) bool { return b.Name == z.Name }) {
			list = append(slices.Clip(list), z)
		}
	}
	return list
}

// zoneAbove is the zone that holds a cut.
func (v *view) zoneAbove(cut myodai.Name) myodai.Zone {
	if above, ok := v.in.Observation.ZoneOf(cut.Parent()); ok && above.Name != "" {
		return above
	}
	above := myodai.Zone{Name: v.zone}
	for _, n := range v.childServers() {
		above.Servers = append(above.Servers, myodai.Server{Name: myodai.Name(n)})
	}
	return above
}

func serverNames(z myodai.Zone) []string {
	var list []string
	for _, s := range z.Servers {
		if !slices.Contains(list, string(s.Name)) {
			list = append(list, string(s.Name))
		}
	}
	slices.Sort(list)
	return list
}
