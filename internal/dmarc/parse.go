package dmarc

import (
	"errors"
	"slices"
	"strings"
	"unicode"
)

// What Parse makes of a text that is no usable record.
var (
	// ErrNotRecord says that a text is not a DMARC record at all: whoever walks
	// the tree goes on as if it were not there (RFC 9989 §4.10).
	ErrNotRecord = errors.New("it does not begin with v=DMARC1")
	// ErrVoid says that a DMARC record has no valid policy and asks for no
	// reports: no DMARC applies, and nothing further up does (RFC 9989 §4.10.1).
	ErrVoid = errors.New("its policy is not valid, and it asks for no reports")
)

// Parse reads the text of one TXT record: its strings joined without anything
// between them. The error is ErrNotRecord, with problems when the text seems to
// have been meant as a DMARC record, or ErrVoid, with the rest of the record, or
// nil.
//
// What RFC 9989 §4.7 says of a record in general holds for every tag but v=: an
// error counts as if the tag were not there. Names of tags are case-sensitive,
// as in DKIM; values that are words are not.
func Parse(txt string) (Record, []Problem, error) {
	p := parser{seen: map[string]bool{}, record: Record{Suffix: SuffixUnknown, DKIM: ModeRelaxed, SPF: ModeRelaxed}}
	first, rest, _ := strings.Cut(txt, ";")
	if name, value, ok := cutTag(first); !ok || name != "v" || value != "DMARC1" || strings.Trim(txt[:1], wsp) == "" {
		return Record{}, nearMiss(txt), ErrNotRecord
	}
	for part := range strings.SplitSeq(rest, ";") {
		p.part(part)
	}
	if err := p.settle(); err != nil {
		return p.record, p.problems, err
	}
	return p.record, p.problems, nil
}

const wsp = " \t"

// cutTag reads "name = value".
func cutTag(part string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(part, "=")
	return strings.Trim(name, wsp), strings.Trim(value, wsp), ok
}

// parser gathers what the tags say.
type parser struct {
	record   Record
	problems []Problem
	seen     map[string]bool
	invalid  bool // p, sp or np is not valid
}

func (p *parser) problem(kind ProblemKind, tag, value string) {
	p.problems = append(p.problems, Problem{Kind: kind, Tag: tag, Value: value})
}

// part reads what stands between two semicolons.
func (p *parser) part(part string) {
	if strings.Trim(part, wsp) == "" {
		return
	}
	name, value, ok := cutTag(part)
	switch {
	case !ok || name == "":
		p.problem(ProblemNotTag, "", strings.Trim(part, wsp))
	case p.seen[name]:
		p.problem(ProblemDuplicateTag, name, value)
	default:
		p.seen[name] = true
		p.tag(name, value)
	}
}

func (p *parser) tag(name, value string) {
	r := &p.record
	word := strings.ToLower(value)
	switch name {
	case "p":
		p.policy(name, value, &r.Policy)
	case "sp":
		p.policy(name, value, &r.Subdomains)
	case "np":
		p.policy(name, value, &r.NonExistent)
	case "psd":
		if p.oneOf(name, value, "y", "n", "u") {
			r.Suffix = Suffix(word)
		}
	case "t":
		r.Testing = p.oneOf(name, value, "y", "n") && word == "y"
	case "adkim":
		if p.oneOf(name, value, "r", "s") {
			r.DKIM = Mode(word)
		}
	case "aspf":
		if p.oneOf(name, value, "r", "s") {
			r.SPF = Mode(word)
		}
	case "rua":
		r.Aggregate = p.uris(name, value)
	case "ruf":
		r.Failure = p.uris(name, value)
	case "fo":
		r.FailureOptions = p.failureOptions(value)
	case "pct", "rf", "ri":
		p.problem(ProblemRemovedTag, name, value)
	default:
		p.problem(ProblemUnknownTag, name, value)
	}
}

func (p *parser) policy(name, value string, to *Policy) {
	if policy := Policy(strings.ToLower(value)); policy.strength() > 0 {
		*to = policy
		return
	}
	p.invalid = true
	p.problem(ProblemBadPolicy, name, value)
	p.suspectSeparator(name, value)
}

// oneOf reports whether the value is one of the words, and that it is not as a
// problem.
func (p *parser) oneOf(name, value string, words ...string) bool {
	if slices.Contains(words, strings.ToLower(value)) {
		return true
	}
	p.problem(ProblemBadValue, name, value)
	p.suspectSeparator(name, value)
	return false
}

// suspectSeparator tells a value that has swallowed the next tag, as in
// "p=none, rua=…", from one that is just wrong.
func (p *parser) suspectSeparator(name, value string) {
	if strings.Contains(value, "=") {
		p.problem(ProblemSeparator, name, value)
	}
}

func (p *parser) failureOptions(value string) []string {
	var list []string
	for option := range strings.SplitSeq(strings.ToLower(value), ":") {
		option = strings.Trim(option, wsp)
		if !slices.Contains([]string{"0", "1", "d", "s"}, option) {
			p.problem(ProblemBadValue, "fo", value)
			p.suspectSeparator("fo", value)
			return nil
		}
		list = append(list, option)
	}
	return list
}

// uris keeps those of a list that are URIs.
func (p *parser) uris(name, value string) []URI {
	var list []URI
	for part := range strings.SplitSeq(value, ",") {
		text := strings.Trim(part, wsp)
		if uri, ok := cutSize(text); ok {
			p.problem(ProblemSizeLimit, name, text)
			text = uri
		}
		if isURI(text) {
			list = append(list, URI(text))
		} else {
			p.problem(ProblemBadURI, name, text)
		}
	}
	return list
}

// cutSize takes the size limit of RFC 7489 §6.4, such as "!10m", off a URI.
func cutSize(text string) (uri string, ok bool) {
	at := strings.LastIndexByte(text, '!')
	if at < 0 {
		return text, false
	}
	size := strings.TrimRight(strings.ToLower(text[at+1:]), "kmgt")
	return text[:at], strings.Trim(size, "0123456789") == ""
}

// isURI reports whether text is a URI reports could go to: a scheme with
// something printable after it, and for mailto a mail address.
func isURI(text string) bool {
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok || rest == "" || scheme == "" || !unicode.IsLetter(rune(scheme[0])) {
		return false
	}
	for _, c := range []byte(scheme) {
		if c >= 0x80 || !unicode.IsLetter(rune(c)) && !unicode.IsDigit(rune(c)) && !strings.ContainsRune("+-.", rune(c)) {
			return false
		}
	}
	for _, c := range []byte(rest) {
		if c <= ' ' || c >= 0x7f || c == '!' {
			return false
		}
	}
	if strings.EqualFold(scheme, "mailto") {
		_, ok = URI(text).Address()
	}
	return ok
}

// settle applies what RFC 9989 says of the record as a whole.
func (p *parser) settle() error {
	r := &p.record
	// §4.7: a missing p= is p=none. Read strictly, §4.10.1 drops such a record
	// when it asks for no reports; either way nothing is asked of receivers.
	if r.Policy == "" && !p.invalid {
		p.problem(ProblemNoPolicy, "p", "")
	}
	if r.Policy == "" {
		r.Policy = PolicyNone
	}
	if r.Testing {
		p.problem(ProblemTestMode, "t", "y")
	}
	if r.FailureOptions != nil && r.Failure == nil {
		p.problem(ProblemNoFailureReport, "fo", strings.Join(r.FailureOptions, ":"))
	}
	if p.invalid {
		// §4.10.1: a policy that is not valid makes all of them "none", and the
		// record nothing at all when it asks for no reports.
		r.Policy, r.Subdomains, r.NonExistent = PolicyNone, "", ""
		if r.Aggregate == nil {
			return ErrVoid
		}
		return nil
	}
	if r.Subdomains != "" && r.Subdomains.strength() < r.Policy.strength() {
		p.problem(ProblemWeakSubdomains, "sp", string(r.Subdomains))
	}
	if r.NonExistent != "" && r.NonExistent.strength() < r.Policy.strength() {
		p.problem(ProblemWeakSubdomains, "np", string(r.NonExistent))
	}
	return nil
}

// nearMiss says why a text that seems to be meant as a DMARC record is none; it
// says nothing of other texts.
func nearMiss(txt string) []Problem {
	first, _, _ := strings.Cut(txt, ";")
	name, value, ok := cutTag(first)
	// Between the version and what should not be part of it there is something
	// that was meant as a semicolon: "v=DMARC1, p=none", "v=DMARC1 p=none".
	if after, found := strings.CutPrefix(value, "DMARC1"); ok && name == "v" && found && after != "" {
		if strings.Contains(after, "=") {
			return []Problem{{Kind: ProblemSeparator, Tag: "v", Value: value}}
		}
		return []Problem{{Kind: ProblemVersion, Tag: "v", Value: value}}
	}
	if strings.Contains(strings.ToLower(txt), "dmarc1") {
		return []Problem{{Kind: ProblemVersion, Tag: "v", Value: txt}}
	}
	return nil
}
