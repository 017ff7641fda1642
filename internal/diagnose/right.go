package diagnose

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// The chain lengths from which resolvers may give up, and will.
const (
	manyHops    = 8
	tooManyHops = 11
)

// rightFlaws says what could be better about a record that is as planned, or
// why it still does not work.
func (v *view) rightFlaws(item plan.Item) []flaw {
	var list []flaw
	if f, ok := v.targetMissing(item); ok {
		list = append(list, f)
	}
	if item.Type == myodai.TypeCNAME {
		if f, ok := v.longWay(item); ok {
			list = append(list, f)
		}
		own := v.own(item.Name)
		if len(v.ownAliases(own)) == 0 && item.Purpose == myodai.PurposeDKIM {
			list = append(list, v.content(item)...)
			return append(list, flaw{cause: CNAMEResolvedIntoTXT, found: joined(own)})
		}
	}
	if item.Type != myodai.TypeCNAME || item.Purpose == myodai.PurposeDMARC {
		list = append(list, v.content(item)...)
	}
	if f, ok := v.polluted(item); ok {
		list = append(list, f)
	}
	return list
}

func joined(records []myodai.Record) string {
	var list []string
	for _, rr := range records {
		list = append(list, string(rr.Type)+" "+rr.Data)
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// targetMissing finds a name in our own zone that is not there: our fault.
func (v *view) targetMissing(item plan.Item) (flaw, bool) {
	if item.Type != myodai.TypeCNAME || item.Purpose == myodai.PurposeACME || len(v.aliases(item.Name)) == 0 {
		return flaw{}, false // a challenge is there only while a certificate is made
	}
	target := myodai.Name(strings.ToLower(item.Value))
	a := v.lookup(target, v.endType(item))
	if a.Kind() != myodai.AnswerNegative {
		return flaw{}, false
	}
	for _, rr := range a.Authority {
		if rr.Type == myodai.TypeSOA && rr.Name.IsPublicSuffix() {
			return flaw{}, false // our zone as a whole is not there: somebody else's name space
		}
	}
	return flaw{cause: PlatformTargetMissing, found: string(target) + ": " + a.RCode}, true
}

// longWay judges the names between an alias and our own, as far as they were
// followed.
func (v *view) longWay(item plan.Item) (flaw, bool) {
	c := v.chain(item.Name, v.endType(item))
	at := slices.Index(c.hops, myodai.Name(strings.ToLower(item.Value)))
	if c.dname != "" {
		return flaw{cause: DNAMECoversRecord, found: "DNAME at " + string(c.dname), args: map[string]string{"owner": string(c.dname)}}, true
	}
	n := decimal(at)
	if at < 0 && len(c.hops) == maxHops && !c.loop && c.hops[maxHops-1].Under(v.zoneOf(item.Name)) {
		at, n = maxHops, decimal(maxHops)+"+" // still among the tenant's own names
	}
	if at < 1 {
		return flaw{}, false
	}
	var via []string
	for _, hop := range c.hops[:at] {
		via = append(via, string(hop))
	}
	f := flaw{cause: CNAMEIntermediateOK, found: "CNAME " + via[0], args: map[string]string{"n": n, "via": strings.Join(via, ", ")}}
	switch {
	case at > tooManyHops:
		f.cause, f.severity = CNAMEChainTooLong, blocks
	case at >= manyHops:
		f.cause = CNAMEChainTooLong
	case at > 1:
		f.cause, f.severity = CNAMEChainTooLong, advice
	}
	return f, true
}

// dnameOver finds a DNAME record above a name that is missing.
func (v *view) dnameOver(item plan.Item) (flaw, bool) {
	c := v.chain(item.Name, v.endType(item))
	if c.dname == "" {
		return flaw{}, false
	}
	return flaw{cause: DNAMECoversRecord, severity: blocks, found: "DNAME at " + string(c.dname), args: map[string]string{"owner": string(c.dname)}}, true
}

// polluted finds TXT records of a wildcard among those at a planned name.
func (v *view) polluted(item plan.Item) (flaw, bool) {
	if item.Purpose != myodai.PurposeDMARC {
		return flaw{}, false
	}
	for _, rr := range v.records(v.sibling(v.plan.Domain), myodai.TypeTXT) {
		return flaw{cause: WildcardTXTPollutes, found: "TXT " + rr.Data, args: map[string]string{"owner": "*." + string(v.plan.Domain)}}, true
	}
	return flaw{}, false
}

// apexFlaws finds planned records in place of what the bare domain needs.
func (v *view) apexFlaws() []placed {
	var list []placed
	if v.zone == "" || v.zone.IsPublicSuffix() {
		return nil
	}
	if aliases := v.aliases(v.zone); len(aliases) > 0 {
		list = append(list, placed{v.itemFor(string(aliases[0])), flaw{cause: CNAMEAtApex, found: string(v.zone) + " CNAME " + string(aliases[0])}})
	}
	return list
}

// itemFor is the planned alias with the given target, or none.
func (v *view) itemFor(target string) plan.Item {
	for _, item := range v.plan.Items {
		if item.Type == myodai.TypeCNAME && strings.EqualFold(item.Value, target) {
			return item
		}
	}
	return plan.Item{}
}
