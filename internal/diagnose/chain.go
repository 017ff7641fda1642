package diagnose

import (
	"slices"
	"strconv"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// maxHops bounds how many aliases are followed from one name. Resolvers give up
// after 11 (Unbound) or 16 (BIND, as is believed).
const maxHops = 16

// chain is where a name leads.
type chain struct {
	hops   []myodai.Name   // aliases passed, nearest first
	end    []myodai.Record // of the type asked for, where they end
	known  bool            // DNS said what is at the end, even if that is nothing
	absent bool            // the name at the end does not exist
	loop   bool            // a name comes twice
	dname  myodai.Name     // owner of a DNAME record on the way, "" for none
}

// chain follows aliases from a name through everything that was observed.
func (v *view) chain(name myodai.Name, t myodai.RecordType) chain {
	var c chain
	for range maxHops {
		end, target, owner := v.step(name, t)
		if owner != "" {
			c.dname = owner
		}
		switch {
		case len(end) > 0:
			c.end, c.known = end, true
			return c
		case target == "":
			a := v.lookup(name, t)
			c.known = a.Kind() == myodai.AnswerNegative
			c.absent = c.known && a.RCode == "NXDOMAIN"
			return c
		case slices.Contains(c.hops, target) || len(c.hops) == 0 && target == name:
			c.hops, c.loop = append(c.hops, target), true
			return c
		}
		c.hops = append(c.hops, target)
		name = target
	}
	return c
}

// step finds what is at a name: records of the type, or the alias it is. Answers
// to other questions may have passed the name as well.
func (v *view) step(name myodai.Name, t myodai.RecordType) (end []myodai.Record, target, dname myodai.Name) {
	end = v.records(name, t)
	if len(end) > 0 {
		return end, "", ""
	}
	if aliases := v.aliases(name); len(aliases) > 0 {
		target = aliases[0]
	}
	for _, rr := range v.passed(name) {
		switch {
		case rr.Type == t:
			end = add(end, rr)
		case rr.Type == myodai.TypeCNAME && target == "":
			target = myodai.Name(rr.Data)
		}
	}
	for _, a := range v.replies(name, t) {
		for _, rr := range a.Records {
			if rr.Type == myodai.TypeDNAME && name != rr.Name && name.Under(rr.Name) {
				dname = rr.Name
			}
		}
	}
	if len(end) > 0 {
		target = ""
	}
	return end, target, dname
}

// stamp writes a moment down for people and machines.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 MST")
}

// token is the part of a planned value that is this claim's own: the longest
// label that another item's value has as well, or the longest there is.
func (v *view) token(item plan.Item) string {
	if item.Type != myodai.TypeCNAME {
		return ""
	}
	best := ""
	for _, label := range labelsOf(item.Value) {
		if v.ours != "" && slices.Contains(labelsOf(string(v.ours)), label) {
			continue
		}
		shared := 0
		for _, other := range v.plan.Items {
			if other.Type == myodai.TypeCNAME && other.Name != item.Name && slices.Contains(labelsOf(other.Value), label) {
				shared = 1
			}
		}
		if kind := map[string]bool{"dkim": true, "rp": true, "acme": true, "t": true}; kind[label] {
			continue
		}
		if len(label)+100*shared > len(best)+100*order(v.sharedLabel(item, best)) {
			best = label
		}
	}
	return best
}

func (v *view) sharedLabel(item plan.Item, label string) bool {
	return label != "" && slices.ContainsFunc(v.plan.Items, func(other plan.Item) bool {
		return other.Type == myodai.TypeCNAME && other.Name != item.Name && slices.Contains(labelsOf(other.Value), label)
	})
}

func labelsOf(name string) []string {
	var list []string
	for n := myodai.Name(name); n != ""; n = n.Parent() {
		list = append(list, firstLabel(n))
	}
	return list
}

func decimal(n int) string { return strconv.Itoa(n) }
