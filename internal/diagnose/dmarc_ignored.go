package diagnose

import (
	"slices"
	"strings"

	"github.com/myodai/myodai/internal/dmarc"
)

// policyTags are the tags of RFC 9989 that can be mistyped into something else.
var policyTags = []string{"sp", "np", "psd", "adkim", "aspf", "rua", "ruf", "fo"}

// ignored finds parts of a record that receivers do not follow: names nobody
// knows, values that cannot be, and names that come twice, of which the first
// counts here and the whole record nowhere else (RFC 6376 §3.2).
func (j *policyJudge) ignored(text string) (flaw, bool) {
	if len(j.problems(dmarc.ProblemSeparator)) > 0 {
		return flaw{}, false // what follows from that is no mistake of its own
	}
	var got []string
	fixed, severity := text, advice
	for _, p := range j.problems(dmarc.ProblemDuplicateTag, dmarc.ProblemUnknownTag, dmarc.ProblemBadValue, dmarc.ProblemNotTag) {
		part := p.Tag + "=" + p.Value
		switch p.Kind {
		case dmarc.ProblemNotTag:
			part = p.Value
			if strings.Contains(part, ":") {
				continue // an address that lost its tag, or a tag with a colon, which are judged as such
			}
			fixed = without(fixed, part)
		case dmarc.ProblemDuplicateTag:
			severity, fixed = fragile, once(fixed, p.Tag)
		case dmarc.ProblemBadValue:
			severity, fixed = fragile, setTag(fixed, p.Tag, "")
		default:
			meant := likelyTag(p.Tag)
			if fixed = setTag(fixed, p.Tag, ""); meant != "" {
				severity = fragile
				if mended := setTag(fixed, meant, p.Value); j.reads(mended) {
					fixed = mended
				}
			}
		}
		got = append(got, part)
	}
	if got == nil {
		return flaw{}, false
	}
	f := j.flaw(DMARCTagIgnored, text, "tags", strings.Join(got, "; "))
	f.expected, f.severity = fixed, severity
	return f, true
}

// reads reports whether a record has nothing wrong with it that counts here.
func (j *policyJudge) reads(text string) bool {
	_, problems, err := dmarc.Parse(text)
	return err == nil && !slices.ContainsFunc(problems, func(p dmarc.Problem) bool {
		return p.Kind == dmarc.ProblemBadValue || p.Kind == dmarc.ProblemBadURI || p.Kind == dmarc.ProblemDuplicateTag
	})
}

// likelyTag is the tag that a name was meant as: one letter off, or the same
// letters in another order; "" for none.
func likelyTag(name string) string {
	name = strings.ToLower(name)
	for _, tag := range policyTags {
		if len(tag) > 2 && distance(name, tag, 1) <= 1 || letters(name) == letters(tag) {
			return tag
		}
	}
	return ""
}

func letters(s string) string {
	list := []byte(s)
	slices.Sort(list)
	return string(list)
}

// once takes out every part of a record that has the tag, but for the first.
func once(text, tag string) string {
	seen := false
	return joinParts(text, func(part string) bool {
		name, _, _ := strings.Cut(part, "=")
		again := seen && strings.TrimSpace(name) == tag
		seen = seen || strings.TrimSpace(name) == tag
		return !again
	})
}

// without takes out a part of a record as it is spelled.
func without(text, part string) string {
	return joinParts(text, func(p string) bool { return p != part })
}

// joinParts writes a record with only the parts that are to be kept.
func joinParts(text string, keep func(part string) bool) string {
	var list []string
	for part := range strings.SplitSeq(text, ";") {
		if part = strings.TrimSpace(part); part != "" && keep(part) {
			list = append(list, part)
		}
	}
	return strings.Join(list, "; ")
}
