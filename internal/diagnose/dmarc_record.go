package diagnose

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
)

// own judges the one record a domain has itself: what makes it unusable first,
// then what it asks for, then advice.
func (j *policyJudge) own(e dmarc.Entry) []flaw {
	text := e.Texts[0]
	for _, t := range e.Texts { // of several that seem meant, the one that counts
		if _, _, err := dmarc.Parse(t); err != dmarc.ErrNotRecord {
			text = t
		}
	}
	if len(e.Problems) > 0 {
		if f, ok := mistyped(text, ""); ok {
			f.expected = tidied(strings.ReplaceAll(f.expected, `\`, ""))
			f.fallback(j.wanted())
			return []flaw{f}
		}
	}
	flaws := j.policies(text)
	flaws = append(flaws, j.reports(text)...)
	flaws = append(flaws, j.alignment(text)...)
	flaws = append(flaws, j.subdomains(text)...)
	return append(flaws, j.remarks(text)...)
}

func (j *policyJudge) problems(kinds ...dmarc.ProblemKind) []dmarc.Problem {
	var list []dmarc.Problem
	for _, p := range j.found.Problems {
		if slices.Contains(kinds, p.Kind) {
			list = append(list, p)
		}
	}
	return list
}

// policies judges p=, sp= and np=. A part that swallowed the next one is a
// matter of separators, whatever else follows from it.
func (j *policyJudge) policies(text string) []flaw {
	if len(j.problems(dmarc.ProblemSeparator)) > 0 {
		return []flaw{j.separated(text)}
	}
	for _, p := range j.problems(dmarc.ProblemNotTag) {
		name, _, colon := strings.Cut(p.Value, ":")
		if colon && slices.Contains([]string{"p", "sp", "np", "rua", "ruf", "adkim", "aspf", "fo"}, strings.TrimSpace(name)) {
			return []flaw{j.separated(text)}
		}
	}
	var flaws []flaw
	fixed := text
	var got []string
	for _, p := range j.problems(dmarc.ProblemBadPolicy) {
		got = append(got, p.Tag+"="+p.Value)
		fixed = setTag(fixed, p.Tag, string(likelyPolicy(p.Value)))
	}
	if got != nil {
		f := j.flaw(DMARCInvalidP, text, "got", strings.Join(got, "; "), "value", j.problems(dmarc.ProblemBadPolicy)[0].Value)
		f.expected = fixed
		flaws = append(flaws, f)
	}
	if len(j.problems(dmarc.ProblemNoPolicy)) > 0 {
		f := j.flaw(DMARCInvalidP, text, "got", "p=", "value", "")
		f.expected = setTag(text, "p", string(dmarc.PolicyNone))
		f.severity = myodai.SeverityFragile // RFC 9989 §4.7 reads it as p=none
		flaws = append(flaws, f)
	}
	return flaws
}

// likelyPolicy is the policy a word was meant as: the nearest one, and nothing
// that stops mail when that is not plain.
func likelyPolicy(word string) dmarc.Policy {
	for _, p := range []dmarc.Policy{dmarc.PolicyReject, dmarc.PolicyQuarantine, dmarc.PolicyNone} {
		if distance(strings.ToLower(word), string(p), 2) <= 2 {
			return p
		}
	}
	return dmarc.PolicyNone
}

// setTag gives a tag of a record another value, adds it when it is not
// there, and removes it when the value is "".
func setTag(text, tag, value string) string {
	parts := strings.Split(text, ";")
	var list []string
	done := value == ""
	for _, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		if strings.TrimSpace(part) == "" {
			continue
		}
		if strings.TrimSpace(name) == tag {
			if !done {
				list = append(list, tag+"="+value)
				done = true
			}
			continue
		}
		list = append(list, strings.TrimSpace(part))
	}
	switch {
	case done || len(list) == 0:
	case tag == "p": // older receivers want it there
		list = slices.Insert(list, 1, tag+"="+value)
	default:
		list = append(list, tag+"="+value)
	}
	return strings.Join(list, "; ")
}

// alignment judges strict alignment: the return path is never the domain
// itself, so with aspf=s only the signature is left.
func (j *policyJudge) alignment(text string) []flaw {
	strictSPF := j.found.Record.SPF == dmarc.ModeStrict && j.bounce != "" && j.bounce != j.domain
	strictDKIM := j.found.Record.DKIM == dmarc.ModeStrict && len(j.signing) > 0 && !slices.Contains(j.signing, j.domain)
	if !strictSPF && !strictDKIM {
		return nil
	}
	var tags []string
	fixed := text
	if j.found.Record.DKIM == dmarc.ModeStrict {
		tags = append(tags, "adkim=s")
	}
	if strictDKIM {
		fixed = setTag(fixed, "adkim", "")
	}
	if strictSPF {
		tags = append(tags, "aspf=s")
		fixed = setTag(fixed, "aspf", "")
	}
	f := j.flaw(DMARCStrictAlignment, text, "tags", strings.Join(tags, "; "), "bounce", string(j.bounce))
	f.expected = fixed
	f.severity = myodai.SeverityFragile // the other of the two still passes
	if strictDKIM && (strictSPF || j.bounce == "") {
		f.severity = myodai.SeverityBlocks
	}
	return []flaw{f}
}

// subdomains judges policies of subdomains that ask for less than the domain's,
// or that nobody reads.
func (j *policyJudge) subdomains(text string) []flaw {
	var flaws []flaw
	for _, p := range j.problems(dmarc.ProblemWeakSubdomains, dmarc.ProblemNoEffect) {
		f := j.flaw(DMARCSPNPConflict, text, "detail", p.Tag+"="+p.Value, "p", string(j.found.Record.Policy))
		f.args["why"] = "weaker"
		if p.Kind == dmarc.ProblemNoEffect {
			f.args["why"] = "no effect"
		}
		f.expected = setTag(text, p.Tag, "")
		flaws = append(flaws, f)
	}
	if len(flaws) > 1 { // one finding for the record; the fix takes both out
		flaws[0].args["detail"] += "; " + flaws[1].args["detail"]
		for _, p := range j.problems(dmarc.ProblemWeakSubdomains, dmarc.ProblemNoEffect) {
			flaws[0].expected = setTag(flaws[0].expected, p.Tag, "")
		}
		flaws = flaws[:1]
	}
	return flaws
}

// remarks judges what works and is not as it should be.
func (j *policyJudge) remarks(text string) []flaw {
	var flaws []flaw
	add := func(f flaw, expected string) {
		f.expected = expected
		flaws = append(flaws, f)
	}
	if len(j.problems(dmarc.ProblemSuffixMisused)) > 0 {
		add(j.flaw(DMARCPSDMisused, text), setTag(text, "psd", ""))
	}
	var removed []string
	fixed := text
	for _, p := range j.problems(dmarc.ProblemRemovedTag) {
		removed = append(removed, p.Tag+"="+p.Value)
		fixed = setTag(fixed, p.Tag, "")
	}
	if removed != nil {
		add(j.flaw(DMARCDeprecatedTags, text, "tags", strings.Join(removed, ", ")), fixed)
	}
	if f, ok := j.ignored(text); ok {
		flaws = append(flaws, f)
	}
	if j.found.Record.Testing {
		add(j.flaw(DMARCTestMode, text, "p", string(j.found.Record.Policy), "acts", string(j.found.Asked())),
			setTag(text, "t", ""))
	}
	// p=none is what we ask for ourselves; without reports it leads nowhere.
	bad := j.problems(dmarc.ProblemBadPolicy, dmarc.ProblemNoPolicy, dmarc.ProblemBadURI)
	if j.found.Record.Policy == dmarc.PolicyNone && j.found.Record.Aggregate == nil && len(bad) == 0 {
		f := j.flaw(DMARCPNone, text, "norua", "yes")
		f.open = true
		planned, _, _ := dmarc.Parse(j.want)
		if len(planned.Aggregate) > 0 {
			fixed = setTag(text, "rua", string(planned.Aggregate[0]))
		}
		if fixed == text {
			fixed = ""
		}
		add(f, fixed)
	}
	return flaws
}
