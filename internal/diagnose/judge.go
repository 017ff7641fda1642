package diagnose

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
)

// Domain judges an observation by a plan. The findings are sorted, the primary
// one first; a set of records that is right has none.
func Domain(in Input) []myodai.Finding { return newView(in).judge() }

func (v *view) judge() []myodai.Finding {
	v.host, _ = dnshost.Recognize(v.nameServers())
	defer func() { v.host = dnshost.Host{} }() // what to ask does not depend on it
	var list []myodai.Finding
	for _, f := range v.zoneFlaws() {
		list = append(list, v.finding(plan.Item{}, f))
	}
	for i, item := range v.plan.Items {
		for _, f := range v.itemFlaws(item, v.checks[i]) {
			list = append(list, v.finding(item, f))
		}
	}
	for _, f := range slices.Concat(v.apexFlaws(), v.senderFlaws()) {
		list = append(list, v.finding(f.item, f.flaw))
	}
	list = append(list, v.waits(list)...)
	return v.rank(suppress(v, list))
}

// finding completes what was judged of an item with what the texts need; an item
// without a name stands for the domain as a whole.
func (v *view) finding(item plan.Item, f flaw) myodai.Finding {
	out := myodai.Finding{
		Cause: f.cause, Severity: f.severity, Record: item.Name, Purpose: item.Purpose,
		Found: f.found, Expected: f.expected, Args: map[string]string{}, VisibleAt: f.until,
	}
	if out.Severity == "" {
		out.Severity = byCause[f.cause].Severity
	}
	if item.Name != "" && !item.Required && out.Severity == blocks && !dangerous[f.cause] {
		out.Severity = fragile // mail is sent without it
	}
	if out.Expected == "" && item.Value != "" && !f.open {
		out.Expected = v.wanted(item)
	}
	v.fill(out.Args, item)
	for k, a := range f.args {
		out.Args[k] = a
	}
	if out.Args["found"] == "" {
		out.Args["found"] = f.found
	}
	return out
}

// fill sets the arguments that every text may use.
func (v *view) fill(args map[string]string, item plan.Item) {
	set := func(k, a string) {
		if a != "" {
			args[k] = a
		}
	}
	set("d", string(v.plan.Domain))
	set("zone", string(v.zone))
	set("org", string(v.plan.Domain.Registrable()))
	set("dnshost", v.host.Name.English)
	set("dnshost_ja", v.host.Name.Japanese)
	set("host_id", v.host.ID)
	var names []string
	for _, n := range v.nameServers() {
		names = append(names, string(n))
	}
	set("ns", strings.Join(names, ", "))
	if item.Name == "" {
		return
	}
	set("name", string(item.Name))
	set("want", item.Value)
	set("exp", item.Value)
	set("type", string(item.Type))
	set("sel", item.Selector)
	set("tok", v.token(item))
	if item.Purpose == myodai.PurposeDKIM && item.Selector == "" {
		set("sel", firstLabel(item.Name))
	}
	if zone := v.zoneOf(item.Name); zone != "" {
		set("zone", string(zone))
	}
}

// itemFlaws says what is wrong with one planned record.
func (v *view) itemFlaws(item plan.Item, check myodai.RecordCheck) []flaw {
	if f, ok := v.delegatedAway(item, check); ok {
		return []flaw{f}
	}
	if f, ok := v.splitFlaw(item); ok {
		return []flaw{f}
	}
	if check.Status == myodai.StatusAsPlanned {
		return append(v.besideAlias(item), v.rightFlaws(item)...)
	}
	if !v.answered(item) {
		return nil
	}
	if f, ok := v.wildcardEnded(item); ok {
		return []flaw{f}
	}
	own := v.own(item.Name)
	if !v.concerns(item, own) {
		return v.missingFlaws(item, own)
	}
	flaws := v.wrongFlaws(item, own)
	text := item.Purpose == myodai.PurposeSPF || item.Purpose == myodai.PurposeDMARC // which may depend on what is unknown
	if len(flaws) == 0 && !text && item.Value != "" && check.Status == myodai.StatusDifferent {
		return []flaw{{cause: RecordMissing, found: joined(own)}} // something nobody thought of is in its place
	}
	return flaws
}

// answered reports whether DNS said what is at an item's name: that it does not
// exist, or what it holds of the planned type. An alias shows in every answer.
func (v *view) answered(item plan.Item) bool {
	switch v.presence(item.Name) {
	case unclear:
		return false
	case absent:
		return true
	}
	return item.Type == myodai.TypeCNAME || len(v.aliases(item.Name)) > 0 || v.asked(item.Name, item.Type)
}

// concerns reports whether any of the records at an item's name is there instead
// of the planned one, and not beside it.
func (v *view) concerns(item plan.Item, own []myodai.Record) bool {
	return slices.ContainsFunc(own, func(rr myodai.Record) bool {
		switch {
		case rr.Type == myodai.TypeCNAME:
			return true
		case item.Type == myodai.TypeCNAME:
			return rr.Type != myodai.TypeCAA && rr.Type != myodai.TypeDNAME
		case item.Type == myodai.TypeMX:
			return rr.Type == myodai.TypeMX
		case rr.Type != myodai.TypeTXT:
			return false
		case item.Purpose == myodai.PurposeSPF, item.Purpose == myodai.PurposeReturnPath:
			text := strings.ToLower(rr.Text())
			return strings.Contains(text, "spf") || kindOf(text) != textOther
		}
		return true
	})
}

// wrongFlaws judges what stands at an item's name instead of what was planned.
func (v *view) wrongFlaws(item plan.Item, own []myodai.Record) []flaw {
	if flaws := v.besideAlias(item); len(flaws) > 0 {
		return flaws
	}
	if aliases := v.ownAliases(own); len(aliases) > 0 {
		return v.aliasFlaws(item, aliases)
	}
	if item.Type == myodai.TypeCNAME {
		if flaws := v.typeFlaws(item, own); len(flaws) > 0 {
			return flaws
		}
	}
	return v.content(item)
}

func (v *view) ownAliases(own []myodai.Record) []myodai.Name {
	var list []myodai.Name
	for _, rr := range own {
		if rr.Type == myodai.TypeCNAME && !slices.Contains(list, myodai.Name(rr.Data)) {
			list = append(list, myodai.Name(rr.Data))
		}
	}
	return list
}
