package diagnose

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
)

// view is an observation, indexed, with the plan it is judged by. All judgements
// look at DNS through it.
type view struct {
	in      Input
	plan    plan.Plan
	answers map[key][]myodai.Answer         // of the zones' own servers, in the order asked
	public  map[key][]myodai.Answer         // of public resolvers
	other   map[key][]myodai.Answer         // of servers of other DNS hosts
	settled map[key][]myodai.Answer         // answers, one for each address
	found   map[myodai.Name][]myodai.Record // here, once it was asked
	made    string                          // label of sibling, once it was asked for
	passed  map[myodai.Name][]myodai.Record // at names that answers about others led through
	checks  []myodai.RecordCheck            // one per item of the plan
	zone    myodai.Name                     // that the domain stands in, "" when not known
	servers []myodai.Server                 // of zone, by its parent
	host    dnshost.Host                    // of zone, only for judging
	ours    myodai.Name                     // the platform's zone, "" when not known
	missed  *[]key                          // notes what look-ups found no answer to; nil when nobody asks
}

// key is a question without the way it was asked.
type key struct {
	name myodai.Name
	t    myodai.RecordType
}

func newView(in Input) *view {
	v := &view{in: in, plan: in.Plan, answers: map[key][]myodai.Answer{}, public: map[key][]myodai.Answer{},
		other: map[key][]myodai.Answer{}, passed: map[myodai.Name][]myodai.Record{},
		settled: map[key][]myodai.Answer{}, found: map[myodai.Name][]myodai.Record{}}
	for _, a := range in.Observation.Answers {
		k := key{a.Name, a.Type}
		switch {
		case a.Recursive:
			v.public[k] = append(v.public[k], a)
		case a.Host != "":
			v.other[k] = append(v.other[k], a)
		default:
			v.answers[k] = append(v.answers[k], a)
			if a.Kind() == myodai.AnswerPositive {
				v.pass(a)
			}
		}
	}
	v.checks = plan.Compare(in.Plan, in.Observation)
	v.zone = v.zoneOf(in.Plan.Domain)
	if z, ok := in.Observation.ZoneOf(in.Plan.Domain); ok {
		v.servers = z.Servers
	}
	v.ours = in.Known.PlatformZone
	if v.ours == "" {
		v.ours = sharedZone(in.Plan)
	}
	return v
}

// pass notes what an answer shows of names it was not asked for.
func (v *view) pass(a myodai.Answer) {
	for _, rr := range a.Records {
		if rr.Name != a.Name {
			v.passed[rr.Name] = add(v.passed[rr.Name], rr)
		}
	}
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
	for _, a := range v.in.Observation.Answers {
		if a.Recursive || a.Kind() == myodai.AnswerUnknown {
			continue
		}
		for _, rr := range slices.Concat(a.Records, a.Authority) {
			if rr.Type == myodai.TypeSOA && name.Under(rr.Name) && rr.Name.Labels() > zone.Labels() {
				zone = rr.Name
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
func (v *view) replies(name myodai.Name, t myodai.RecordType) []myodai.Answer {
	k := key{name, t}
	list, ok := v.settled[k]
	if ok {
		return list
	}
	for _, a := range v.answers[k] {
		i := slices.IndexFunc(list, func(b myodai.Answer) bool { return b.Address == a.Address })
		switch {
		case i < 0:
			list = append(list, a)
		case a.Kind() != myodai.AnswerUnknown: // UDP said it, and TCP would not
			list[i] = a
		}
	}
	v.settled[k] = list
	return list
}

// asked reports whether any server gave an answer that counts.
func (v *view) asked(name myodai.Name, t myodai.RecordType) bool {
	return slices.ContainsFunc(v.replies(name, t), func(a myodai.Answer) bool { return a.Kind() != myodai.AnswerUnknown })
}

// records lists what the servers hold of one type at exactly the name, each
// record once.
func (v *view) records(name myodai.Name, t myodai.RecordType) []myodai.Record {
	var list []myodai.Record
	for _, a := range v.replies(name, t) {
		if a.Kind() == myodai.AnswerPositive {
			list = add(list, a.Of(t)...)
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
	var list []myodai.Name
	for _, t := range allTypes {
		for _, a := range v.replies(name, t) {
			if a.Kind() != myodai.AnswerPositive {
				continue
			}
			for _, rr := range a.Of(myodai.TypeCNAME) {
				if target := myodai.Name(rr.Data); !slices.Contains(list, target) {
					list = append(list, target)
				}
			}
		}
	}
	return list
}

// allTypes is every type that is asked for at planned names.
var allTypes = []myodai.RecordType{
	myodai.TypeTXT, myodai.TypeCNAME, myodai.TypeMX, myodai.TypeA, myodai.TypeAAAA, myodai.TypeNS, myodai.TypeDNAME, myodai.TypeCAA,
}

// here lists every record at exactly the name, of any type, each once.
func (v *view) here(name myodai.Name) []myodai.Record {
	list, ok := v.found[name]
	if ok {
		return list
	}
	for _, t := range allTypes {
		for _, a := range v.replies(name, t) {
			if a.Kind() == myodai.AnswerPositive {
				list = add(list, append(a.Of(t), a.Of(myodai.TypeCNAME)...)...)
			}
		}
	}
	v.found[name] = list
	return list
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
	for _, list := range [][]myodai.Answer{v.replies(name, t), v.public[key{name, t}]} {
		for _, a := range list {
			if a.Kind() != myodai.AnswerUnknown {
				return a
			}
			unknown = a
		}
	}
	if v.missed != nil && unknown.Address == "" && unknown.Err == notAsked {
		*v.missed = append(*v.missed, key{name, t})
	}
	return unknown
}

// notAsked is the error of an answer to a question that was never asked.
const notAsked = "not asked"
