package diagnose

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
)

// policyPlan is what the DMARC record of a domain is judged by.
type policyPlan struct {
	domain  myodai.Name
	want    string      // planned text, "" when the record is only reviewed
	bounce  myodai.Name // the planned return path, "" for none
	signing []myodai.Name
}

// policyFlaws says what is wrong with the DMARC record that applies to a domain.
// It says nothing of what DNS did not answer. That there is none at all is the
// flaw dmarc-missing, which any hint of where it went outranks.
func policyFlaws(p policyPlan, tree *dmarc.Tree, hosts hostLookup) []flaw {
	j := policyJudge{policyPlan: p, tree: tree, hosts: hosts}
	texts, _, err := tree.Lookup(dmarc.Owner(p.domain))
	if err != nil {
		return nil
	}
	j.texts = texts
	found, err := tree.Discover(p.domain)
	if len(found.Entries) == 0 {
		return nil
	}
	j.found = found
	if flaws := j.unreadable(); len(flaws) > 0 {
		return flaws
	}
	own := found.Entries[0]
	switch {
	case own.Found:
		return j.own(own)
	case err != nil:
		return nil
	case found.Applies():
		return j.inherited()
	}
	return []flaw{j.none()}
}

// policyJudge is the DMARC record of one domain under judgement.
type policyJudge struct {
	policyPlan
	tree  *dmarc.Tree
	hosts hostLookup
	texts []string // at _dmarc of the domain
	found dmarc.Discovery
}

func (j *policyJudge) flaw(cause myodai.Cause, text string, args ...string) flaw {
	f := flaw{cause: cause, found: text, args: map[string]string{}}
	for i := 0; i+1 < len(args); i += 2 {
		f.args[args[i]] = args[i+1]
	}
	return f
}

// wanted is the planned text, or the least a record can say.
func (j *policyJudge) wanted() string {
	if j.want != "" {
		return j.want
	}
	return "v=DMARC1; p=none; rua=mailto:dmarc@" + string(j.domain)
}

// unreadable judges texts at the right name that receivers cannot use: typed
// badly, meant for another name, or more than one.
func (j *policyJudge) unreadable() []flaw {
	own := j.found.Entries[0]
	if len(own.Texts) > 1 {
		if f, ok := j.several(own); ok {
			return []flaw{f}
		}
	}
	if own.Found {
		return nil
	}
	for _, text := range j.texts {
		if f, ok := mistyped(text, ""); ok && kindOf(f.expected) == textDMARC {
			return []flaw{f}
		}
		_, problems, _ := dmarc.Parse(text)
		for _, problem := range problems {
			switch problem.Kind {
			case dmarc.ProblemSeparator:
				return []flaw{j.separated(text)}
			case dmarc.ProblemVersion:
				return []flaw{j.versioned(text)}
			}
		}
		kind := kindOf(text)
		if kind == textDMARC || kind == textOther && policyTag.MatchString(text) {
			return []flaw{j.versioned(text)}
		}
	}
	for _, text := range j.texts {
		if kind := kindOf(text); kind == textSPF || kind == textDKIM {
			f := j.flaw(TXTValuesExchanged, text, "got", string(kind), "exp", string(textDMARC))
			f.expected = j.wanted()
			return []flaw{f}
		}
	}
	return nil
}

// policyTag finds a policy in a text without a version.
var policyTag = regexp.MustCompile(`(?i)(?:^|[;,\s"])p\s*=\s*(?:none|quarantine|reject)\b`)

// several judges more than one record at the name: all are discarded
// (RFC 9989 §4.10).
func (j *policyJudge) several(own dmarc.Entry) (flaw, bool) {
	records, strictest := []string{}, ""
	strength := map[dmarc.Policy]int{dmarc.PolicyNone: 1, dmarc.PolicyQuarantine: 2, dmarc.PolicyReject: 3}
	best := 0
	for _, text := range own.Texts {
		r, _, err := dmarc.Parse(text)
		if err == dmarc.ErrNotRecord {
			continue
		}
		records = append(records, text)
		if n := 2*strength[r.Policy] + min(len(r.Aggregate), 1); n > best {
			best, strictest = n, text
		}
	}
	f := j.flaw(DMARCMultiple, strings.Join(records, "\n"), "n", strconv.Itoa(len(records)))
	f.expected = strictest
	return f, len(records) > 1
}

var (
	wrongSeparator = regexp.MustCompile(`\s*(?:[,:;]|\x{ff1b}|\x{ff0c}|\x{3001}|\s)\s*([a-z]+)\s*(?:=|\x{ff1d}|:)\s*`)
	brokenStart    = regexp.MustCompile(`(?i)^[\s"']*(?:v\s*[=:]\s*)?DMARC\s*1?\s*[.;,:]*\s*`)
)

// separated judges a record whose parts are not separated by semicolons.
func (j *policyJudge) separated(text string) flaw {
	f := j.flaw(DMARCSeparatorWrong, text)
	f.expected = tidied(text)
	f.fallback(j.wanted())
	return f
}

// tidied puts semicolons between the parts of a record; "" when that does not
// make it a good one.
func tidied(text string) string {
	s := brokenStart.ReplaceAllString(bare(text), "")
	s = wrongSeparator.ReplaceAllStringFunc("; "+strings.TrimLeft(s, ";, \t\uff1b"), func(part string) string {
		name := wrongSeparator.FindStringSubmatch(part)[1]
		if name == "mailto" || name == "https" {
			return part
		}
		return "; " + name + "="
	})
	s = "v=DMARC1" + strings.TrimRight(s, "; \uff1b")
	if _, problems, err := dmarc.Parse(s); err != nil || len(problems) > 0 {
		return ""
	}
	return s
}

// versioned judges a record that does not begin as it must.
func (j *policyJudge) versioned(text string) flaw {
	f := j.flaw(DMARCVersionInvalid, text)
	rest := versionTag.ReplaceAllString(bare(text), "")
	f.expected = tidied(rest)
	f.fallback(j.wanted())
	return f
}

// versionTag is the version wherever it stands.
var versionTag = regexp.MustCompile(`(?i)v\s*[=:]\s*DMARC\s*1?[.\s]*(?:;|$)|;?\s*v\s*=\s*DMARC1\s*`)

// none says that no DMARC record applies. What stands at a parent and cannot be
// read is no reason of its own: the domain can have its own record.
func (j *policyJudge) none() flaw {
	f := j.flaw(DMARCMissing, "")
	f.expected = j.wanted()
	return f
}

// inherited says that the record of a parent applies, which is all right.
func (j *policyJudge) inherited() []flaw {
	text := ""
	for _, e := range j.found.Entries {
		if e.Domain == j.found.At && len(e.Texts) > 0 {
			text = e.Texts[0]
		}
	}
	f := j.flaw(DMARCInherited, text,
		"org", string(j.found.At), "policy", string(j.found.Asked()), "owner", string(dmarc.Owner(j.found.At)))
	f.open = true
	return append(j.alignment(text), f)
}
