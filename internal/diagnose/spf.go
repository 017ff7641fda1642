package diagnose

import (
	"errors"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/spf"
)

// spfPlan is what the SPF record at a name should let through.
type spfPlan struct {
	domain  myodai.Name
	include myodai.Name // our include; "" when the record is only reviewed
	// required says that mail depends on the record; otherwise ours is checked
	// for the return path, and this one is for gateways that look here.
	required bool
	bounce   myodai.Name // the return path, when its own records are right; "" otherwise
}

// spfFlaws says what is wrong with the SPF record among the TXT records at a
// name: syntax first, then what its terms do, then advice. It says nothing of
// what DNS did not answer, and nothing when a record that is needed is not there
// at all: any hint of where it went says more.
func spfFlaws(records []myodai.Record, p spfPlan, lookup spf.Lookup) []flaw {
	j := spfJudge{spfPlan: p, lookup: lookup}
	for _, rr := range records {
		j.texts = append(j.texts, rr.Text())
	}
	selection := spf.Select(j.texts)
	j.records = selection.Records
	var flaws []flaw
	for _, text := range j.records {
		j.text = text
		flaws = append(flaws, j.syntax()...)
	}
	switch {
	case len(j.records) == 0 && len(selection.NearMisses) > 0:
		return j.nearMiss(selection.NearMisses)
	case len(j.records) == 0 && j.include != "" && !p.required && p.bounce != "":
		return []flaw{j.missing()}
	case len(j.records) == 0:
		return nil
	case len(j.records) > 1:
		return append(flaws, j.several())
	case len(flaws) > 0:
		return flaws
	}
	j.record, _ = spf.Parse(j.text)
	j.cost = spf.Count(lookup, p.domain)
	flaws = append(j.semantics(), j.limits()...)
	flaws = append(flaws, j.habits()...)
	return append(flaws, j.size(records)...)
}

// spfJudge is the SPF record of one name under judgement.
type spfJudge struct {
	spfPlan
	lookup  spf.Lookup
	texts   []string // all TXT records
	records []string // those that are SPF records
	text    string   // the one that is judged
	record  spf.Record
	cost    spf.Cost
}

func (j *spfJudge) flaw(cause myodai.Cause, args ...string) flaw {
	f := flaw{cause: cause, found: j.text, args: map[string]string{"inc": string(j.include)}}
	for i := 0; i+1 < len(args); i += 2 {
		f.args[args[i]] = args[i+1]
	}
	return f
}

// proposed is the record there should be, "" when that is more than one can say
// unasked.
func (j *spfJudge) proposed() string {
	if j.include == "" {
		return ""
	}
	edit, err := spf.Propose(j.lookup, j.texts, spf.Wish{Domain: j.domain, Include: j.include})
	if err != nil || edit.Action == spf.ActionStop {
		return ""
	}
	return edit.New
}

// repaired is the record as it was meant, our include added when that is
// possible.
func (j *spfJudge) repaired() string {
	if proposed := j.proposed(); proposed != "" {
		return proposed
	}
	if s := spf.Repair(j.text); s != j.text {
		return s
	}
	return j.withoutBroken()
}

// withoutBroken is the record without the terms that cannot be read, which never
// let anybody pass; "" when that makes no valid record.
func (j *spfJudge) withoutBroken() string {
	words := strings.Fields(j.text)
	if len(words) == 0 || len(j.text) > 4096 {
		return ""
	}
	kept := words[:1:1]
	for _, word := range words[1:] {
		alone := words[0] + " " + word
		if term, ok := strings.CutPrefix(spf.Repair(alone), words[0]+" "); ok {
			if _, err := spf.Parse(words[0] + " " + term); err == nil {
				kept = append(kept, term)
			}
		}
	}
	text := strings.Join(kept, " ")
	if _, err := spf.Parse(text); err != nil || j.include == "" {
		return ""
	}
	rest := *j
	rest.texts = []string{text}
	return rest.proposed()
}

// nearMiss judges texts that somebody meant as SPF and no receiver takes for it.
func (j *spfJudge) nearMiss(misses []spf.NearMiss) []flaw {
	var flaws []flaw
	for _, miss := range misses {
		j.text = miss.Text
		if f, ok := mistyped(miss.Text, ""); ok {
			f.expected = j.repaired()
			f.args["inc"] = string(j.include)
			f.fallback(unlined(strings.Map(dropRunes(smartQuotes), miss.Text)))
			flaws = append(flaws, f)
			continue
		}
		cause := SPFVersionBroken
		if miss.Kind == spf.NearMissInside {
			cause = SPFInOtherTXT
		}
		f := j.flaw(cause, "got", miss.Text)
		f.expected = j.repaired()
		if cause == SPFInOtherTXT {
			at := strings.Index(strings.ToLower(miss.Text), "v=spf1")
			if at > 0 {
				f.args["rest"] = strings.TrimSpace(miss.Text[:at])
				f.fallback(miss.Text[at:])
			}
		}
		flaws = append(flaws, f)
	}
	return flaws
}

// syntax lists the mistakes that make a record invalid, and those that the
// grammar lets pass and nobody means, one of each cause.
func (j *spfJudge) syntax() []flaw {
	record, err := spf.Parse(j.text)
	problems := spf.Suspects(record)
	if broken := (*spf.SyntaxError)(nil); errors.As(err, &broken) {
		problems = append(broken.Problems, problems...)
	}
	var flaws []flaw
	seen := map[myodai.Cause]bool{}
	for _, problem := range problems {
		cause := syntaxCause(problem)
		if seen[cause] {
			continue
		}
		seen[cause] = true
		f := j.flaw(cause, "got", problem.Text, "pos", strconv.Itoa(problem.Offset+1))
		f.expected = j.repaired()
		flaws = append(flaws, f)
		if cause == TXTSmartQuotes { // the rest is a consequence
			return flaws[len(flaws)-1:]
		}
	}
	return flaws
}

// syntaxCause names the mistake behind a problem of the grammar.
func syntaxCause(p spf.Problem) myodai.Cause {
	word := strings.ToLower(p.Text)
	switch p.Kind {
	case spf.ProblemDash:
		return SPFDashLookalike
	case spf.ProblemGlued:
		return SPFSpaceLost
	case spf.ProblemQuote:
		if strings.ContainsAny(p.Text, smartQuotes) {
			return TXTSmartQuotes
		}
		return SPFVersionBroken
	case spf.ProblemVersion, spf.ProblemSeparator, spf.ProblemASCII:
		return SPFVersionBroken
	case spf.ProblemAddress, spf.ProblemPrefix:
		if lostSpace.MatchString(word) {
			return SPFSpaceLost
		}
		return SPFIPSyntax
	case spf.ProblemMechanism, spf.ProblemEquals:
		if bareAddress.MatchString(word) {
			return SPFIPSyntax
		}
	}
	if lostSpace.MatchString(word) {
		return SPFSpaceLost
	}
	return SPFIncludeSyntax
}

// several judges more than one record, of which receivers use none
// (RFC 7208 §4.5).
func (j *spfJudge) several() flaw {
	j.text = strings.Join(j.records, "\n")
	f := j.flaw(SPFMultipleRecords, "n", strconv.Itoa(len(j.records)))
	if f.expected = j.proposed(); f.expected == "" && j.include == "" {
		f.expected = merged(j.records)
	}
	return f
}
