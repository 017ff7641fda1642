package diagnose

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
)

// view is an observation, indexed, with the plan it is judged by. All judgements
// look at DNS through it.
type view struct {
	in      Input
	plan    plan.Plan
	places  map[myodai.Name]*place // that were asked about, or passed
	made    string                 // label of sibling, once it was asked for
	checks  []myodai.RecordCheck   // one per item of the plan
	zone    myodai.Name            // that the domain stands in, "" when not known
	servers []myodai.Server        // of zone, by its parent
	host    dnshost.Host           // of zone, only for judging
	ours    myodai.Name            // the platform's zone, "" when not known
	missed  *[]key                 // notes what look-ups found no answer to; nil when nobody asks
	tree    *dmarc.Tree            // once it was asked for
}

// key is a question without the way it was asked.
type key struct {
	name myodai.Name
	t    myodai.RecordType
}

func newView(in Input) *view {
	v := &view{places: make(map[myodai.Name]*place, len(in.Observation.Answers))}
	v.look(in)
	return v
}

// look takes in what is new of the input, which goes on where the last one
// ended, and draws the first conclusions.
func (v *view) look(in Input) {
	before := v.in.Observation.Answers
	v.in, v.plan = in, in.Plan
	for i := range in.Observation.Answers[len(before):] {
		v.take(&in.Observation.Answers[len(before)+i])
	}
	v.tree = nil
	v.checks = plan.Compare(in.Plan, in.Observation)
	v.zone = v.zoneOf(in.Plan.Domain)
	v.delegated()
	v.ours = in.Known.PlatformZone
	if v.ours == "" {
		v.ours = sharedZone(in.Plan)
	}
}

// delegated looks up the servers of the domain's zone.
func (v *view) delegated() {
	z, _ := v.in.Observation.ZoneOf(v.plan.Domain)
	v.servers = z.Servers
}

// take sorts an answer in.
func (v *view) take(a *myodai.Answer) {
	p := v.place(a.Name)
	p.found, p.here, p.looked, p.aliases = false, nil, false, nil
	switch {
	case a.Recursive:
		p.public = p.public.with(a)
	case a.Host != "":
		p.other = p.other.with(a)
	default:
		p.own = p.own.settled(a)
		if a.Kind() != myodai.AnswerPositive {
			return
		}
		for _, rr := range a.Records {
			if rr.Name != a.Name {
				passed := v.place(rr.Name)
				passed.passed = add(passed.passed, rr)
			}
		}
	}
}

// place finds or makes the place of a name.
func (v *view) place(name myodai.Name) *place {
	p := v.places[name]
	if p == nil {
		p = new(place)
		v.places[name] = p
	}
	return p
}

// sharedZone is the zone that the plan's aliases lead into: what two or more of
// their targets have in common.
func sharedZone(p plan.Plan) myodai.Name {
	var shared []string
	for _, item := range p.Items {
		if item.Type != myodai.TypeCNAME {
			continue
		}
		labels := strings.Split(item.Value, ".")
		slices.Reverse(labels)
		if shared == nil {
			shared = labels
		}
		n := 0
		for n < min(len(shared), len(labels)) && shared[n] == labels[n] {
			n++
		}
		shared = shared[:n]
	}
	if len(shared) == 0 {
		return ""
	}
	shared = slices.Clone(shared[:min(len(shared), 2)])
	slices.Reverse(shared)
	return myodai.Name(strings.Join(shared, "."))
}

// zoneOf is the zone a name stands in: by the walk from the root, or, where there
// was none, by the SOA record that came with an answer. "" means not known.
func (v *view) zoneOf(name myodai.Name) myodai.Name {
	if z, ok := v.in.Observation.ZoneOf(name); ok && z.Name != "" {
		return z.Name
	}
	var zone myodai.Name
	for i := range v.in.Observation.Answers {
		a := &v.in.Observation.Answers[i]
		if a.Recursive || a.Kind() == myodai.AnswerUnknown {
			continue
		}
		for _, list := range [][]myodai.Record{a.Records, a.Authority} {
			for i := range list {
				if rr := &list[i]; rr.Type == myodai.TypeSOA && name.Under(rr.Name) && rr.Name.Labels() > zone.Labels() {
					zone = rr.Name
				}
			}
		}
	}
	return zone
}

// nameServers lists the host names the domain's zone is delegated to.
func (v *view) nameServers() []myodai.Name {
	var names []myodai.Name
	for _, s := range v.servers {
		if s.Name != "" && !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 { // without a walk, by the zone itself
		for _, n := range v.childServers() {
			names = append(names, myodai.Name(n))
		}
	}
	return names
}

// replies lists, for every address asked, its last answer to the question: the
// confirmation over TCP where there was one.
func (v *view) replies(name myodai.Name, t myodai.RecordType) []*myodai.Answer {
	if p := v.places[name]; p != nil {
		return p.own.about(t)
	}
	return nil
}

// remembered lists what public resolvers answered.
func (v *view) remembered(name myodai.Name, t myodai.RecordType) []*myodai.Answer {
	if p := v.places[name]; p != nil {
		return p.public.about(t)
	}
	return nil
}

// elsewhere lists what servers of other DNS hosts answered.
func (v *view) elsewhere(name myodai.Name, t myodai.RecordType) []*myodai.Answer {
	if p := v.places[name]; p != nil {
		return p.other.about(t)
	}
	return nil
}

// passed lists what answers about other names showed of this one.
func (v *view) passed(name myodai.Name) []myodai.Record {
	if p := v.places[name]; p != nil {
		return p.passed
	}
	return nil
}

// asked reports whether any server gave an answer that counts.
func (v *view) asked(name myodai.Name, t myodai.RecordType) bool {
	return slices.ContainsFunc(v.replies(name, t), func(a *myodai.Answer) bool { return a.Kind() != myodai.AnswerUnknown })
}

// records lists what the servers hold of one type at exactly the name, each
// record once.
func (v *view) records(name myodai.Name, t myodai.RecordType) []myodai.Record {
	var list []myodai.Record
	for _, a := range v.replies(name, t) {
		if a.Kind() != myodai.AnswerPositive {
			continue
		}
		for i := range a.Records {
			if rr := &a.Records[i]; rr.Type == t && rr.Name == name {
				list = add(list, *rr)
			}
		}
	}
	return list
}

// add appends the records that are not there yet.
func add(list []myodai.Record, more ...myodai.Record) []myodai.Record {
	for _, rr := range more {
		if !slices.ContainsFunc(list, func(b myodai.Record) bool { return same(rr, b) }) {
			list = append(list, rr)
		}
	}
	return list
}

func same(a, b myodai.Record) bool {
	return a.Name == b.Name && a.Type == b.Type && a.Data == b.Data && slices.Equal(a.Strings, b.Strings)
}

// aliases lists where CNAME records at exactly the name lead, by the answers to
// questions of any type.
func (v *view) aliases(name myodai.Name) []myodai.Name {
	p := v.places[name]
	if p == nil {
		return nil
	}
	if p.looked {
		return p.aliases
	}
	p.looked = true
	for a, rr := range p.records() {
		if target := myodai.Name(rr.Data); a.Name == rr.Name && rr.Type == myodai.TypeCNAME && !slices.Contains(p.aliases, target) {
			p.aliases = append(p.aliases, target)
		}
	}
	return p.aliases
}

// allTypes is every type that is asked for at planned names.
var allTypes = []myodai.RecordType{
	myodai.TypeTXT, myodai.TypeCNAME, myodai.TypeMX, myodai.TypeA, myodai.TypeAAAA, myodai.TypeNS, myodai.TypeDNAME, myodai.TypeCAA,
}

// here lists every record at exactly the name, of any type, each once.
func (v *view) here(name myodai.Name) []myodai.Record {
	p := v.places[name]
	if p == nil {
		return nil
	}
	if p.found {
		return p.here
	}
	p.found = true
	for a, rr := range p.records() {
		if rr.Name == name && (rr.Type == a.Type || rr.Type == myodai.TypeCNAME) {
			p.here = add(p.here, *rr)
		}
	}
	return p.here
}

// presence is whether a name is in DNS.
type presence string

const (
	present presence = "present" // with a record of any type asked for
	nodata  presence = "empty"   // no such record, but the name exists
	absent  presence = "absent"  // NXDOMAIN
	unclear presence = "unclear" // nobody gave an answer that counts
)

// presence says whether the name is in DNS.
func (v *view) presence(name myodai.Name) presence {
	found := unclear
	for _, t := range allTypes {
		for _, a := range v.replies(name, t) {
			switch {
			case a.Kind() == myodai.AnswerPositive:
				return present
			case a.Kind() != myodai.AnswerNegative:
			case a.RCode == "NXDOMAIN" && found == unclear:
				found = absent
			case a.RCode == "NOERROR":
				found = nodata
			}
		}
	}
	return found
}

// lookup answers from the observation, the zone's own servers before others; a
// question that was not asked gets an answer that is unknown.
func (v *view) lookup(name myodai.Name, t myodai.RecordType) myodai.Answer {
	unknown := myodai.Answer{Question: myodai.Question{Name: name, Type: t}, Err: notAsked}
	for _, list := range [][]*myodai.Answer{v.replies(name, t), v.remembered(name, t)} {
		for _, a := range list {
			if a.Kind() != myodai.AnswerUnknown {
				return *a
			}
			unknown = *a
		}
	}
	if v.missed != nil && unknown.Address == "" && unknown.Err == notAsked {
		*v.missed = append(*v.missed, key{name, t})
	}
	return unknown
}

// notAsked is the error of an answer to a question that was never asked.
const notAsked = "not asked"
