package diagnose

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
)

// zoneFlaws judges the domain and its zone as a whole.
func (v *view) zoneFlaws() []flaw {
	if f, ok := v.unregistered(); ok {
		return []flaw{f}
	}
	if f, ok := v.parkedDomain(); ok {
		return []flaw{f}
	}
	if f, ok := v.dead(); ok {
		return []flaw{f}
	}
	var list []flaw
	for _, judge := range []func() (flaw, bool){
		v.bogus, v.otherPlace, v.mismatch, v.lame, v.regional, v.noTCP, v.missingParent, v.longTTL, v.upperCase,
	} {
		if f, ok := judge(); ok {
			list = append(list, f)
		}
	}
	return list
}

// unregistered judges a domain of which the registry's zone says that it does
// not exist.
func (v *view) unregistered() (flaw, bool) {
	org := v.plan.Domain.Registrable()
	if org == "" || !v.zone.IsPublicSuffix() && v.zone != "" || v.zone == "" {
		return flaw{}, false
	}
	if !v.nonexistent(v.plan.Domain) {
		return flaw{}, false
	}
	f := flaw{cause: DomainNotRegistered, found: "NXDOMAIN", args: map[string]string{"zone": string(v.zone)}}
	if r, ok := v.registration(); ok && r.Exists {
		f.cause = DomainOnHold
		f.args["status"] = status(r)
	}
	return f, true
}

// nonexistent reports whether every answer that counts says that the name, or
// one below it, does not exist, as part of the zone above.
func (v *view) nonexistent(domain myodai.Name) bool {
	found := false
	for i := range v.in.Observation.Answers {
		a := &v.in.Observation.Answers[i]
		if a.Recursive || a.Host != "" || !a.Name.Under(domain) {
			continue
		}
		switch kind := a.Kind(); {
		case kind == myodai.AnswerPositive, kind == myodai.AnswerNegative && a.RCode != "NXDOMAIN":
			return false
		case kind == myodai.AnswerNegative:
			found = true
		}
	}
	return found
}

func (v *view) parkedDomain() (flaw, bool) {
	if !parked(v.nameServers()) {
		return flaw{}, false
	}
	return flaw{cause: DomainParked, found: v.nsText()}, true
}

func (v *view) nsText() string {
	var names []string
	for _, n := range v.nameServers() {
		names = append(names, "NS "+string(n))
	}
	return strings.Join(names, "\n")
}

// dead judges a zone none of whose servers answers, although the zone above did.
func (v *view) dead() (flaw, bool) {
	for _, z := range v.in.Observation.Zones {
		if z.Err != "" && v.plan.Domain.Under(z.Name) && z.Name != "" && !z.Name.IsPublicSuffix() {
			return flaw{cause: ZoneServFail, found: z.Err, args: map[string]string{"why": z.Err}}, true
		}
	}
	if v.walked() == "" || v.walked().IsPublicSuffix() || len(v.servers) == 0 {
		return flaw{}, false
	}
	good, bad := v.health()
	if len(good) > 0 || len(bad) == 0 || v.outOfTime() {
		return flaw{}, false
	}
	var found []string
	for _, s := range bad {
		found = append(found, s.server+": "+s.why)
	}
	slices.Sort(found)
	return flaw{cause: ZoneServFail, found: strings.Join(found, "\n"), args: map[string]string{"why": bad[0].why}}, true
}

// outOfTime reports whether it was we who gave up: then silence says nothing.
func (v *view) outOfTime() bool {
	return strings.Contains(v.in.Observation.Incomplete, "deadline") || strings.Contains(v.in.Observation.Incomplete, "cancel")
}

// walked is the zone of the domain by the walk from the root, "" without one.
func (v *view) walked() myodai.Name {
	z, _ := v.in.Observation.ZoneOf(v.plan.Domain)
	return z.Name
}

// condition is how one server of the zone behaved.
type condition struct {
	server string // host name, or the address where there is none
	why    string // what it does instead of answering, "" when it answers
}

// health sorts the servers of the domain's zone by whether they answered any
// question about it with authority.
func (v *view) health() (good, bad []condition) {
	zone := v.walked()
	state := map[string]condition{}
	var order []string
	for _, a := range v.in.Observation.Answers {
		if a.Recursive || a.Host != "" || a.Zone != zone || a.Address == "" {
			continue
		}
		s, seen := state[a.Address]
		if !seen {
			order = append(order, a.Address)
			s = condition{server: a.Server, why: trouble(a)}
			if s.server == "" {
				s.server = a.Address
			}
		}
		if a.Kind() != myodai.AnswerUnknown {
			s.why = ""
		}
		state[a.Address] = s
	}
	for _, address := range order {
		if s := state[address]; s.why == "" {
			good = append(good, s)
		} else {
			bad = append(bad, s)
		}
	}
	for _, s := range v.servers {
		if s.Address == "" && !strings.HasPrefix(s.Err, "not ") {
			bad = append(bad, condition{server: string(s.Name), why: s.Err})
		}
	}
	return good, bad
}

// trouble says what a server did instead of answering with authority.
func trouble(a myodai.Answer) string {
	switch {
	case a.Kind() != myodai.AnswerUnknown:
		return ""
	case a.Err != "":
		return strings.TrimSuffix(a.Err, "; not asked again")
	case a.RCode != "NOERROR":
		return a.RCode
	case !a.Authoritative:
		return "not authoritative"
	}
	return "an answer without meaning"
}

// lame finds servers that do not answer for the zone while others do.
func (v *view) lame() (flaw, bool) {
	good, bad := v.health()
	var servers, found []string
	for _, s := range bad {
		if slices.ContainsFunc(good, func(g condition) bool { return g.server == s.server }) && !strings.Contains(s.why, "REFUSED") {
			continue // another address of it answers
		}
		servers, found = append(servers, s.server), append(found, s.server+": "+s.why)
	}
	if len(good) == 0 || len(servers) == 0 || v.outOfTime() {
		return flaw{}, false
	}
	slices.Sort(found)
	return flaw{cause: LameDelegation, found: strings.Join(found, "\n"), args: map[string]string{"srv": strings.Join(servers, ", ")}}, true
}

// childServers lists the NS set at the apex, "" when it was not asked for.
func (v *view) childServers() []string {
	var list []string
	for _, rr := range v.records(v.zone, myodai.TypeNS) {
		if !slices.Contains(list, rr.Data) {
			list = append(list, rr.Data)
		}
	}
	slices.Sort(list)
	return list
}

// mismatch compares the delegation with the zone's own NS set.
func (v *view) mismatch() (flaw, bool) {
	child := v.childServers()
	var parent []string
	for _, n := range v.nameServers() {
		if n != "" {
			parent = append(parent, string(n))
		}
	}
	slices.Sort(parent)
	if v.zone == "" || len(child) == 0 || len(parent) == 0 || slices.Equal(child, parent) || v.walked() != v.zone {
		return flaw{}, false
	}
	p, c := strings.Join(parent, ", "), strings.Join(child, ", ")
	return flaw{cause: NSParentChildMismatch, found: c, expected: p, args: map[string]string{"p": p, "c": c}}, true
}
