package diagnose

import (
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// missingFlaws explains why a planned record is not at its name: it is at
// another one, a wildcard answers for it, the panel cannot hold it, it was
// there once, or it was never entered.
func (v *view) missingFlaws(item plan.Item, own []myodai.Record) []flaw {
	if item.Value == "" {
		flaws := v.content(item)
		if len(flaws) == 0 && item.Purpose == myodai.PurposeSPF {
			return v.withoutSPF(item)
		}
		return flaws
	}
	if flaws := v.content(item); slices.ContainsFunc(flaws, func(f flaw) bool { return f.cause == DMARCInherited }) {
		return flaws
	}
	if hits := v.hits(item); len(hits) > 0 {
		return v.hitFlaws(item, hits)
	}
	if f, ok := v.atApex(item); ok {
		return []flaw{f}
	}
	if f, ok := v.masked(item); ok {
		return []flaw{f}
	}
	if f, ok := v.dnameOver(item); ok {
		return []flaw{f}
	}
	if f, ok := v.unpublished(); ok {
		return []flaw{f}
	}
	if f, ok := v.forbidden(item); ok {
		return []flaw{f}
	}
	if f, ok := v.lost(item); ok {
		return []flaw{f}
	}
	if flaws := v.content(item); len(flaws) > 0 {
		return flaws
	}
	if v.in.Known.Reviewing {
		return nil
	}
	if item.Purpose == myodai.PurposeDMARC {
		return []flaw{{cause: DMARCMissing}}
	}
	return []flaw{{cause: RecordMissing}}
}

// hitFlaws says at which other name the record stands, and what is wrong with
// its value as well.
func (v *view) hitFlaws(item plan.Item, hits []hit) []flaw {
	h := hits[0]
	f := flaw{cause: h.cause, found: string(h.name) + " " + h.data, args: map[string]string{"found": string(h.name), "data": h.data}}
	for i := 0; i+1 < len(h.args); i += 2 {
		f.args[h.args[i]] = h.args[i+1]
	}
	if label, _, _ := strings.Cut(string(h.name), "."); f.args["got"] == "" {
		f.args["got"] = label
	}
	f.expected = string(item.Name) + " " + v.wanted(item)
	flaws := []flaw{f}
	if target, isAlias := strings.CutPrefix(h.data, "CNAME "); isAlias && !h.exact && h.cause != NameValueSwapped {
		second := v.aliasValue(item, myodai.Name(target))
		second.severity = fragile // the name comes first, and has to be entered again anyway
		flaws = append(flaws, second)
	}
	return flaws
}

// atApex finds the record on the bare domain.
func (v *view) atApex(item plan.Item) (flaw, bool) {
	for _, apex := range []myodai.Name{v.plan.Domain, v.zone} {
		if apex == "" || item.Name == apex {
			continue
		}
		for _, rr := range v.records(apex, myodai.TypeTXT) {
			f := flaw{cause: RecordAtApex, found: string(apex) + " TXT " + rr.Data, args: map[string]string{"found": string(apex), "data": rr.Data}}
			kind := kindOf(rr.Text())
			switch {
			case item.Purpose == myodai.PurposeDMARC && kind == textDMARC:
				f.cause = DMARCAtApex
				return f, true
			case item.Purpose == myodai.PurposeDKIM && item.Type == myodai.TypeTXT && kind == textDKIM,
				item.Purpose == myodai.PurposeDKIM && item.Type == myodai.TypeCNAME && strings.EqualFold(strings.TrimSuffix(rr.Text(), "."), item.Value):
				return f, true
			}
		}
	}
	return flaw{}, false
}

// masked finds a wildcard that answers in place of the record.
func (v *view) masked(item plan.Item) (flaw, bool) {
	own := v.own(item.Name)
	here := slices.DeleteFunc(v.here(item.Name), func(rr myodai.Record) bool {
		return slices.ContainsFunc(own, func(o myodai.Record) bool { return same(rr, o) })
	})
	if len(here) == 0 {
		return flaw{}, false
	}
	f := flaw{cause: WildcardMasksRecord, found: string(here[0].Type) + " " + here[0].Data, args: map[string]string{"owner": "*." + string(v.wildcardOf(item.Name))}}
	if item.Type == myodai.TypeTXT && here[0].Type == myodai.TypeTXT {
		f.cause = WildcardTXTPollutes
		f.severity = blocks
	}
	return f, true
}

// wildcardOf is the name whose children a wildcard answers for, above name.
func (v *view) wildcardOf(name myodai.Name) myodai.Name {
	wild := v.zone
	for _, above := range name.Parent().Ancestors() {
		if len(v.here(v.sibling(above))) > 0 {
			wild = above
		}
	}
	return wild
}

// wildcardEnded finds a wildcard that would answer as planned, but for another
// record below the name, which made the name exist (RFC 4592 §2.2.2).
func (v *view) wildcardEnded(item plan.Item) (flaw, bool) {
	if item.Type != myodai.TypeCNAME || len(v.here(item.Name)) > 0 || v.presence(item.Name) != nodata {
		return flaw{}, false
	}
	wild := v.wild(item.Name)
	if !slices.ContainsFunc(wild, func(rr myodai.Record) bool {
		return rr.Type == myodai.TypeCNAME && rr.Data == strings.ToLower(item.Value)
	}) {
		return flaw{}, false
	}
	child := "something below it"
	for _, other := range v.plan.Items {
		if other.Name != item.Name && other.Name.Under(item.Name) && len(v.here(other.Name)) > 0 {
			child = string(other.Name)
		}
	}
	return flaw{cause: WildcardShadowedBySubrecord, found: "", args: map[string]string{"child": child}}, true
}

// forbidden finds a DNS host that takes no underscore in the name of an alias.
func (v *view) forbidden(item plan.Item) (flaw, bool) {
	fact := v.host.Panel.UnderscoreNames
	if item.Type != myodai.TypeCNAME || !strings.Contains(string(item.Name), "_") || !fact.Known() || fact.Value {
		return flaw{}, false
	}
	return flaw{cause: ProviderForbidsUnderscore}, true
}

// lost finds a record that was there before.
func (v *view) lost(item plan.Item) (flaw, bool) {
	known := v.in.Known
	if v.connected(item) && v.anyRight() {
		return flaw{cause: DomainConnectLost, args: map[string]string{"time": stamp(known.ConnectAt)}}, true
	}
	for _, o := range v.in.Earlier {
		one := plan.Plan{Domain: v.plan.Domain, Items: []plan.Item{item}}
		if plan.Compare(one, o)[0].Status == myodai.StatusAsPlanned {
			return flaw{cause: RecordRemovedAfterVerification, args: map[string]string{"time": stamp(o.FinishedAt)}}, true
		}
	}
	if !known.VerifiedAt.IsZero() && item.Required {
		return flaw{cause: RecordRemovedAfterVerification, args: map[string]string{"time": stamp(known.VerifiedAt)}}, true
	}
	return flaw{}, false
}

// connectTime is how long a DNS host may take to show what Domain Connect wrote.
const connectTime = 10 * time.Minute

// connected reports whether Domain Connect wrote the record: it has been seen
// since, or has had the time to show.
func (v *view) connected(item plan.Item) bool {
	at := v.in.Known.ConnectAt
	if at.IsZero() {
		return false
	}
	one := plan.Plan{Domain: v.plan.Domain, Items: []plan.Item{item}}
	return v.in.Now.Sub(at) >= connectTime || slices.ContainsFunc(v.in.Earlier, func(o myodai.Observation) bool {
		return o.FinishedAt.After(at) && plan.Compare(one, o)[0].Status == myodai.StatusAsPlanned
	})
}

// anyRight reports whether at least one planned record is as planned.
func (v *view) anyRight() bool {
	return slices.ContainsFunc(v.checks, func(c myodai.RecordCheck) bool { return c.Status == myodai.StatusAsPlanned })
}
