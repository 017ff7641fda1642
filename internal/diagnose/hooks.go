package diagnose

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// content judges what the records at an item's name say.
func (v *view) content(item plan.Item) []flaw {
	switch item.Purpose {
	case myodai.PurposeDKIM:
		return v.keyContent(item)
	case myodai.PurposeSPF:
		return v.spfContent(item)
	case myodai.PurposeDMARC:
		return v.policyContent(item)
	case myodai.PurposeReturnPath:
		return v.returnContent(item)
	case myodai.PurposeACME:
		return v.challengeContent(item)
	}
	return nil
}

// texts lists the TXT records at the end of any aliases of a name.
func (v *view) texts(name myodai.Name) []myodai.Record {
	if own := v.records(name, myodai.TypeTXT); len(own) > 0 {
		return own
	}
	return v.chain(name, myodai.TypeTXT).end
}

func (v *view) keyContent(item plan.Item) []flaw {
	p := keyPlan{others: map[string]string{}, former: v.in.Known.Former, limit: v.host.Panel.TXTMax.Or(0)}
	p.want = v.keyText(item)
	_, domain, _ := strings.Cut(string(item.Name), "._domainkey.")
	p.below = v.in.Known.Reviewing || slices.ContainsFunc(v.in.Known.SignsAs, func(n myodai.Name) bool { return n != myodai.Name(domain) })
	for _, other := range v.plan.Items {
		if other.Purpose == myodai.PurposeDKIM && other.Name != item.Name {
			p.others[firstLabel(other.Name)] = v.keyText(other)
		}
	}
	return keyFlaws(v.texts(item.Name), p)
}

// keyText is the planned text of a key: of an alias, what its target holds.
func (v *view) keyText(item plan.Item) string {
	if item.Type == myodai.TypeTXT {
		return item.Value
	}
	for _, alternative := range item.Alternatives {
		if text, ok := strings.CutPrefix(alternative, "TXT "); ok {
			return text
		}
	}
	if target := v.chain(myodai.Name(item.Value), myodai.TypeTXT).end; len(target) == 1 {
		return target[0].Text()
	}
	return ""
}

func (v *view) spfContent(item plan.Item) []flaw {
	p := spfPlan{domain: item.Name, required: item.Required}
	if include, ok := strings.CutPrefix(spfInclude(item.Value), "include:"); ok {
		p.include = myodai.Name(include)
	}
	for i, other := range v.plan.Items {
		if other.Purpose == myodai.PurposeReturnPath && v.checks[i].Status == myodai.StatusAsPlanned {
			p.bounce = other.Name
		}
	}
	return spfFlaws(v.texts(item.Name), p, v.lookup)
}

func (v *view) policyContent(item plan.Item) []flaw {
	p := policyPlan{domain: v.plan.Domain, want: item.Value}
	for _, other := range v.plan.Items {
		if other.Purpose == myodai.PurposeReturnPath {
			p.bounce = other.Name
		}
	}
	p.signing = v.in.Known.SignsAs
	if len(p.signing) == 0 {
		p.signing = v.signing()
	}
	return policyFlaws(p, v.policies(), v.hosts)
}

// wanted is the record an item asks for. What it asks of an SPF record is a part
// of it: then it is the whole of what should be there.
func (v *view) wanted(item plan.Item) string {
	if item.Purpose == myodai.PurposeSPF {
		var texts []string
		for _, rr := range v.texts(item.Name) {
			texts = append(texts, rr.Text())
		}
		if proposed := v.spfJudge(item, texts...).proposed(); proposed != "" {
			return string(item.Type) + " " + proposed
		}
	}
	return string(item.Type) + " " + item.Value
}

// spfJudge judges texts as those of an SPF item.
func (v *view) spfJudge(item plan.Item, texts ...string) *spfJudge {
	j := &spfJudge{spfPlan: spfPlan{domain: item.Name}, lookup: v.lookup, texts: texts}
	if include, ok := strings.CutPrefix(spfInclude(item.Value), "include:"); ok {
		j.include = myodai.Name(include)
	}
	return j
}

// hosts finds the records of one type at a name, aliases followed.
func (v *view) hosts(name myodai.Name, t myodai.RecordType) (records []myodai.Record, known bool) {
	c := v.chain(name, t)
	return c.end, c.known
}

func (v *view) returnContent(item plan.Item) []flaw {
	if item.Value == "" {
		return nil
	}
	if item.Type == myodai.TypeTXT {
		texts := v.texts(item.Name)
		if !slices.ContainsFunc(texts, func(rr myodai.Record) bool { return strings.Contains(strings.ToLower(rr.Text()), "spf") }) {
			return []flaw{{cause: ReturnpathSPFMissing}}
		}
		p := spfPlan{domain: item.Name, required: item.Required}
		if include, ok := strings.CutPrefix(spfInclude(item.Value), "include:"); ok {
			p.include = myodai.Name(include)
		}
		return spfFlaws(texts, p, v.lookup)
	}
	return v.mxContent(item)
}

// mxContent judges the MX records at a return path. Where an alias was planned,
// those it leads to would do as well, with an SPF record beside them.
func (v *view) mxContent(item plan.Item) []flaw {
	mx := v.records(item.Name, myodai.TypeMX)
	var best []flaw
	for i, want := range v.wantedMX(item) {
		flaws := mxFlaws(mx, mxPlan{want: want, zone: v.zone})
		switch {
		case len(flaws) == 0 && len(mx) > 0 && item.Type == myodai.TypeCNAME && len(v.texts(item.Name)) == 0:
			return []flaw{{cause: ReturnpathSPFMissing}}
		case len(flaws) == 0:
			return nil
		case i == 0 || flaws[0].cause == MXTargetInvalid && best[0].cause != MXTargetInvalid:
			best = flaws
		}
	}
	return best
}

// wantedMX lists the MX records that bring bounces to us: the planned one, or
// for an alias our name and where its own MX record leads.
func (v *view) wantedMX(item plan.Item) []string {
	if item.Type == myodai.TypeMX {
		return []string{item.Value}
	}
	list := []string{"10 " + item.Value}
	for _, rr := range v.chain(myodai.Name(strings.ToLower(item.Value)), myodai.TypeMX).end {
		list = append(list, rr.Data)
	}
	return list
}

func (v *view) challengeContent(item plan.Item) []flaw {
	p := challengePlan{name: item.Name, want: item.Value}
	host := item.Name.Parent()
	for i, other := range v.plan.Items {
		if other.Purpose == myodai.PurposeTracking && other.Name == host {
			p.tracking = v.checks[i].Status == myodai.StatusAsPlanned
		}
	}
	p.manages = slices.Contains(managing, v.host.ID)
	alias := ""
	if list := v.aliases(item.Name); len(list) > 0 {
		alias = string(list[0])
	}
	var texts []string
	for _, rr := range v.records(item.Name, myodai.TypeTXT) {
		texts = append(texts, rr.Text())
	}
	return challengeFlaws(p, alias, texts, nil)
}

// caa finds the CAA records at one name.
func (v *view) caa(name myodai.Name) caaAnswer {
	answer := caaAnswer{owner: name}
	v.lookup(name, myodai.TypeCAA)
	replies := v.replies(name, myodai.TypeCAA)
	for _, a := range replies {
		answer.known = answer.known || a.Kind() != myodai.AnswerUnknown
	}
	c := v.chain(name, myodai.TypeCAA)
	for _, rr := range c.end {
		answer.owner, answer.records = rr.Name, append(answer.records, rr.Data)
	}
	answer.known = answer.known && (c.known || len(c.end) > 0 || len(c.hops) > 0)
	// Every server must say itself that it cannot answer this, while others are
	// answered: silence is no evidence (P12).
	answer.failed = len(replies) > 0 && v.presence(name) != unclear &&
		!slices.ContainsFunc(replies, func(a *myodai.Answer) bool { return !slices.Contains(failures, a.RCode) })
	return answer
}

// failures are the answers of servers that do not know a type of record.
var failures = []string{"SERVFAIL", "NOTIMP", "FORMERR", "REFUSED"}
