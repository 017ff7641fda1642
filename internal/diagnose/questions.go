package diagnose

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
	"github.com/myodai/myodai/internal/plan"
)

// Questions says what is worth asking next, given what was observed so far:
// nothing when all is known. Of a healthy domain it wants three rounds: the
// planned names and the zone; where they lead; and what public resolvers
// remember. Only a record that is missing makes it look at other names.
func Questions(in Input) []myodai.Question { return newView(in).questions() }

func (v *view) questions() []myodai.Question {
	in := v.in
	a := asker{v: v}
	a.ask(plan.Questions(in.Plan, in.Observation)...)
	a.zone()
	for i, item := range in.Plan.Items {
		a.item(item, v.checks[i])
	}
	a.ask(v.wonder()...)
	if len(a.list) > 0 {
		return a.list
	}
	a.ask(v.placeQuestions()...)
	a.probes()
	if len(a.list) == 0 {
		a.public()
	}
	return a.list
}

// asker collects questions, each once.
type asker struct {
	v    *view
	list []myodai.Question
}

// identity is a question without what does not change its answer.
func identity(q myodai.Question) myodai.Question {
	return myodai.Question{Name: q.Name, Type: q.Type, Recursive: q.Recursive, Host: q.Host}
}

func (a *asker) ask(questions ...myodai.Question) {
	for _, q := range questions {
		if a.answered(q) {
			continue
		}
		again := func(other myodai.Question) bool { return identity(other) == identity(q) }
		if !slices.ContainsFunc(a.list, again) {
			a.list = append(a.list, q)
		}
	}
}

// answered reports whether the question was asked before, whatever came of it.
func (a *asker) answered(q myodai.Question) bool {
	p := a.v.places[q.Name]
	switch {
	case p == nil:
		return false
	case q.Recursive:
		return p.public.about(q.Type) != nil
	case q.Host != "":
		return slices.ContainsFunc(p.other.about(q.Type), func(b *myodai.Answer) bool { return b.Host == q.Host })
	}
	return p.own.about(q.Type) != nil
}

// each asks every server for the types at a name.
func (a *asker) each(name myodai.Name, types ...myodai.RecordType) {
	for _, t := range types {
		a.ask(myodai.Question{Name: name, Type: t})
	}
}

// one asks one server.
func (a *asker) one(name myodai.Name, types ...myodai.RecordType) {
	for _, t := range types {
		a.ask(myodai.Question{Name: name, Type: t, OneServer: true})
	}
}

// zone asks for what concerns the domain and its zone as a whole.
func (a *asker) zone() {
	v := a.v
	a.each(v.plan.Domain, myodai.TypeMX)
	a.one(v.sibling(v.plan.Domain), myodai.TypeTXT)
	if v.zone == "" {
		if len(v.in.Observation.Answers) == 0 {
			return // most answers that something is not there tell the zone
		}
		a.each(v.plan.Domain, myodai.TypeSOA)
		if org := v.plan.Domain.Registrable(); org != "" {
			a.each(org, myodai.TypeSOA)
		}
		return
	}
	if v.zone.IsPublicSuffix() {
		return // the domain is not there
	}
	a.each(v.zone, myodai.TypeSOA, myodai.TypeNS)
	if z, ok := v.in.Observation.ZoneOf(v.plan.Domain); ok && len(z.DS) > 0 {
		a.one(z.Name, "DNSKEY")
	}
}

// item asks for what stands at a planned name, as those ask who use it, and where
// it leads; and, when that is not what was planned, for all that might stand there
// instead.
func (a *asker) item(item plan.Item, check myodai.RecordCheck) {
	v := a.v
	if item.Type == myodai.TypeCNAME {
		a.each(item.Name, myodai.TypeTXT, v.endType(item))
	}
	if item.Purpose == myodai.PurposeReturnPath {
		a.each(item.Name, myodai.TypeTXT, myodai.TypeMX)
		a.one(dmarc.Owner(item.Name), myodai.TypeTXT) // does it belong to the domain?
	}
	if parent := item.Name.Parent(); parent != v.plan.Domain && parent.Under(v.plan.Domain) && item.Purpose == myodai.PurposeDKIM {
		a.each(parent, myodai.TypeTXT)
	}
	a.target(item)
	if check.Status == myodai.StatusAsPlanned || check.Status == myodai.StatusUnknown && !v.asked(item.Name, myodai.TypeTXT) && !v.asked(item.Name, item.Type) {
		return
	}
	a.each(v.plan.Domain, myodai.TypeTXT)
	a.each(item.Name, myodai.TypeCNAME, myodai.TypeTXT, myodai.TypeMX, myodai.TypeA, myodai.TypeAAAA, myodai.TypeNS)
	for _, above := range item.Name.Parent().Ancestors() {
		if !above.Under(v.zone) || above.IsPublicSuffix() {
			break
		}
		a.one(v.sibling(above), myodai.TypeTXT, myodai.TypeA)
		if item.Type == myodai.TypeMX {
			a.one(v.sibling(above), myodai.TypeMX)
		}
	}
}

// target asks along the aliases of an item, and about our own name at their end.
func (a *asker) target(item plan.Item) {
	if item.Type != myodai.TypeCNAME || item.Value == "" {
		return
	}
	v := a.v
	end := v.endType(item)
	target := myodai.Name(strings.ToLower(item.Value))
	if _, err := myodai.ParseOwner(item.Value); err == nil && item.Purpose != myodai.PurposeACME {
		a.one(target, end)
		if len(v.records(item.Name, myodai.TypeA))+len(v.records(item.Name, myodai.TypeAAAA)) > 0 {
			a.one(target, myodai.TypeA, myodai.TypeAAAA)
		}
	}
	for _, t := range []myodai.RecordType{end, myodai.TypeTXT} {
		c := v.chain(item.Name, t)
		if n := len(c.hops); n > 0 && !c.loop && !c.known && c.hops[n-1] != target {
			if _, err := myodai.ParseOwner(string(c.hops[n-1])); err == nil {
				a.one(c.hops[n-1], t)
			}
		}
	}
}

// probes asks for other names at which a missing record may stand.
func (a *asker) probes() {
	v := a.v
	before := len(a.list)
	if v.in.Known.Reviewing || v.zone.IsPublicSuffix() {
		return
	}
	for i, item := range v.plan.Items {
		missing := v.checks[i].Status == myodai.StatusMissing ||
			v.checks[i].Status != myodai.StatusAsPlanned && v.presence(item.Name) != unclear && !v.concerns(item, v.own(item.Name))
		if !missing {
			continue
		}
		for _, c := range v.candidates(item) {
			if len(a.list)-before >= maxTried {
				return
			}
			a.one(c.name, v.probeType(item))
		}
	}
}

// probeType is the type that shows an item's record at another name. An alias
// shows in an answer of any type.
func (v *view) probeType(item plan.Item) myodai.RecordType {
	if item.Type == myodai.TypeMX {
		return myodai.TypeMX
	}
	return myodai.TypeTXT
}

// public asks resolvers what they remember of records that are right at every
// server, and never of others: the question would plant what it looks for.
func (a *asker) public() {
	v := a.v
	if z, ok := v.in.Observation.ZoneOf(v.plan.Domain); ok && len(z.DS) > 0 && z.Name == v.zone {
		a.ask(myodai.Question{Name: z.Name, Type: myodai.TypeSOA, Recursive: true}) // do resolvers validate it?
	}
	for i, item := range v.plan.Items {
		if v.checks[i].Status != myodai.StatusAsPlanned || item.Value == "" || item.Purpose == myodai.PurposeSPF || item.Purpose == myodai.PurposeACME {
			continue
		}
		if _, wrong := v.opinions(item); len(wrong) > 0 || len(v.here(item.Name)) == 0 {
			continue
		}
		for _, t := range publicTypes(item) {
			a.ask(myodai.Question{Name: item.Name, Type: t, Recursive: true})
		}
	}
	if v.zone != "" && !v.zone.IsPublicSuffix() && v.anyRight() {
		a.ask(myodai.Question{Name: v.zone, Type: myodai.TypeNS, Recursive: true})
	}
}
