package diagnose

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/spf"
)

var (
	// lostSpace matches two terms of which the second begins within the first.
	lostSpace = regexp.MustCompile(`(?i)[^+~?-][+~?-]all$|.[+~?-]?(?:include|ip4|ip6|exists):|.redirect=`)
	// bareAddress matches an address under a mechanism that does not exist, or
	// under none.
	bareAddress = regexp.MustCompile(`(?i)^[+~?-]?(?:ip(?:v?[46])?[:=])?(?:[0-9]+(?:\.[0-9]+){3}|[0-9a-f]*:[0-9a-f:]*:[0-9a-f:.]*)(?:/[0-9]+)?$|^[+~?-]?ip(?:v?[46])?[:=]`)
)

// semantics judges what the terms of a valid record do: whether they lead to
// our include, and whether they lead anywhere at all.
func (j *spfJudge) semantics() []flaw {
	var flaws []flaw
	if chain := j.loop(j.cost); chain != nil {
		flaws = append(flaws, j.loopFlaw(chain))
	}
	typo := false
	for _, t := range failedTargets(j.cost) {
		f := j.flaw(SPFIncludeTargetMissing, "got", string(t.Target), "why", string(t.Problem))
		if j.include != "" && t.Problem == spf.ReasonNoTarget && near(string(t.Target), string(j.include)) {
			typo = true
			f.expected = replaceTerm(j.text, t.Term.Text, "include:"+string(j.include))
		} else {
			f.expected = dropTerm(j.text, t.Term.Text)
		}
		flaws = append(flaws, f)
	}
	if j.include == "" || typo {
		return flaws
	}
	return append(flaws, j.reach()...)
}

// failedTargets lists the living includes and redirects of the record itself
// that lead to no usable record, ours excepted: that one is ours to mend.
func failedTargets(c spf.Cost) []spf.TermCost {
	var list []spf.TermCost
	for _, t := range c.Terms {
		asks := t.Term.Name == spf.TermInclude || t.Term.Name == spf.TermRedirect
		failed := t.Problem == spf.ReasonNoTarget || t.Problem == spf.ReasonMultiple || t.Problem == spf.ReasonSyntax
		if asks && failed && !t.Dead {
			list = append(list, t)
		}
	}
	return list
}

// loop finds the names through which the record leads back to itself.
func (j *spfJudge) loop(c spf.Cost) []string {
	for _, t := range c.Terms {
		if t.Problem == spf.ReasonLoop {
			return []string{string(c.Domain), string(t.Target)}
		}
		if t.Below == nil {
			continue
		}
		if chain := j.loop(*t.Below); chain != nil {
			return append([]string{string(c.Domain)}, chain...)
		}
	}
	return nil
}

func (j *spfJudge) loopFlaw(chain []string) flaw {
	f := j.flaw(SPFIncludeLoop, "chain", strings.Join(chain, " → "))
	for _, t := range j.cost.Terms {
		if t.Target == myodai.Name(chain[1]) && !t.Dead {
			f.args["got"] = t.Term.Text
			f.expected = dropTerm(j.text, t.Term.Text)
			break
		}
	}
	return f
}

// reach judges whether mail that our include lets pass passes here.
func (j *spfJudge) reach() []flaw {
	path, ok := j.cost.Reaches(j.include)
	switch {
	case ok && len(path) > 1:
		f := j.flaw(SPFNestedOk, "via", string(path[0]))
		f.open = true
		return []flaw{f}
	case ok:
		return nil
	}
	for i, t := range j.record.Terms {
		if t.Name == spf.TermInclude && strings.EqualFold(t.Domain, string(j.include)) && j.record.Dead(i) {
			f := j.flaw(SPFIncludeAfterAll, "all", j.record.Terms[j.record.All()].Text)
			f.expected = j.proposed()
			return []flaw{f}
		}
	}
	if unsure(j.cost) {
		return nil
	}
	if at := j.record.Redirect(); at >= 0 && j.record.All() < 0 {
		f := j.flaw(SPFRedirectOnly, "got", j.record.Terms[at].Domain)
		f.expected = j.proposed()
		f.severity = j.ifNeeded()
		return []flaw{f}
	}
	return []flaw{j.missing()}
}

// ifNeeded is the severity of not being included: where our return path is what
// receivers check, the domain's own record is advice.
func (j *spfJudge) ifNeeded() myodai.Severity {
	if j.required {
		return myodai.SeverityBlocks
	}
	return myodai.SeverityAdvice
}

// missing says that our include is not there, or that it need not be.
func (j *spfJudge) missing() flaw {
	if !j.required && j.bounce != "" {
		f := j.flaw(SPFNotNeeded, "bounce", string(j.bounce))
		f.open = true
		return f
	}
	f := j.flaw(SPFMissingInclude)
	f.expected = j.proposed()
	f.severity = j.ifNeeded()
	return f
}

// unsure reports whether something the record leads to could not be looked at:
// DNS did not say, or the name depends on the sender, as flattening services
// like it.
func unsure(c spf.Cost) bool {
	for _, t := range c.Terms {
		if t.Dead || t.Term.Name != spf.TermInclude && t.Term.Name != spf.TermRedirect {
			continue
		}
		if t.Target == "" || t.Problem == spf.ReasonDNS || t.Problem == spf.ReasonQuestions {
			return true
		}
		if t.Below != nil && unsure(*t.Below) {
			return true
		}
	}
	return c.Problem == spf.ReasonDNS || c.Problem == spf.ReasonQuestions
}

// limits judges what the record costs (RFC 7208 §4.6.4).
func (j *spfJudge) limits() []flaw {
	var flaws []flaw
	n := strconv.Itoa(j.cost.Lookups)
	switch {
	case j.cost.Lookups > spf.MaxLookups:
		f := j.flaw(SPFTooManyLookups, "n", n, "terms", costs(j.cost.Terms), "candidates", j.candidates())
		f.open = true // which senders are dispensable only the tenant knows
		if j.include != "" && !j.beyond() {
			f.severity = myodai.SeverityFragile // ours is matched before receivers give up
		}
		flaws = append(flaws, f)
	case j.tooManyHosts() != "":
		f := j.flaw(SPFTooManyLookups, "n", n, "terms", costs(j.cost.Terms), "candidates", j.tooManyHosts())
		f.expected = dropTerm(j.text, j.tooManyHosts())
		flaws = append(flaws, f)
	case j.cost.Lookups >= nearLimit:
		f := j.flaw(SPFLookupsNearLimit, "n", n, "terms", costs(j.cost.Terms))
		f.open = true
		flaws = append(flaws, f)
	}
	if j.cost.Voids > spf.MaxVoids {
		names, text := []string{}, j.text
		for _, t := range j.cost.Terms {
			if t.Void && t.Problem != spf.ReasonNoTarget {
				names = append(names, string(t.Target))
				text = dropTerm(text, t.Term.Text)
			}
		}
		f := j.flaw(SPFVoidLookups, "n", strconv.Itoa(j.cost.Voids), "names", strings.Join(names, ", "))
		if f.expected = text; text == j.text {
			f.expected = ""
		}
		flaws = append(flaws, f)
	}
	return flaws
}

// nearLimit is the number of look-ups from which on one more include of a
// provider can break the record.
const nearLimit = 8

// beyond reports whether our include comes too late.
func (j *spfJudge) beyond() bool {
	for _, t := range j.cost.Beyond() {
		if t.Target == j.include {
			return true
		}
		if t.Below != nil {
			if _, ok := t.Below.Reaches(j.include); ok {
				return true
			}
		}
	}
	_, ok := j.cost.Reaches(j.include)
	return !ok
}

// tooManyHosts is the mx term with more hosts than receivers look at.
func (j *spfJudge) tooManyHosts() string {
	for _, t := range j.cost.Terms {
		if t.Problem == spf.ReasonMXHosts {
			return t.Term.Text
		}
	}
	return ""
}

// costs lists what each term costs, "include:a.example (3), mx (1)".
func costs(terms []spf.TermCost) string {
	var list []string
	for _, t := range terms {
		if t.Lookups > 0 {
			list = append(list, t.Term.Text+" ("+strconv.Itoa(t.Lookups)+")")
		}
	}
	return strings.Join(list, ", ")
}

// candidates lists terms whose removal brings the record within the limit: the
// dearest first, ours never.
func (j *spfJudge) candidates() string {
	terms := slices.Clone(j.cost.Terms)
	slices.SortStableFunc(terms, func(a, b spf.TermCost) int {
		if a.Duplicate != b.Duplicate {
			if a.Duplicate {
				return -1
			}
			return 1
		}
		return b.Lookups - a.Lookups
	})
	over := j.cost.Lookups - spf.MaxLookups
	var drop []spf.TermCost
	for _, t := range terms {
		if over <= 0 || t.Lookups == 0 {
			break
		}
		if t.Target == j.include && j.include != "" {
			continue
		}
		drop = append(drop, t)
		over -= t.Lookups
	}
	return costs(drop)
}

// private reports whether the prefix cannot be the source of mail from the
// Internet.
func private(p netip.Prefix) bool {
	a := p.Addr()
	return p.IsValid() && (a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast())
}
