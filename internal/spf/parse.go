package spf

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// version is what every record begins with (RFC 7208 §4.5).
const version = "v=spf1"

// Parse reads one SPF record, its strings already joined, by the grammar of
// RFC 7208 §12. A record that breaks it gives a *SyntaxError, together with
// every term that was spelled; those that are not valid have no Name.
func Parse(text string) (Record, error) {
	if !isRecord(text) {
		word, _, _ := strings.Cut(text, " ")
		return Record{}, &SyntaxError{Problems: []Problem{{Kind: ProblemVersion, Text: word}}}
	}
	r := Record{Version: text[:len(version)]}
	var problems []Problem
	seen := map[TermName]bool{}
	for offset := len(version); offset < len(text); {
		if text[offset] == ' ' {
			offset++
			continue
		}
		word, _, _ := strings.Cut(text[offset:], " ")
		t, kind := parseTerm(word)
		if once := t.Name == TermRedirect || t.Name == TermExp; kind == "" && once && seen[t.Name] {
			kind = ProblemRepeated
		}
		seen[t.Name] = true
		if kind != "" {
			t = Term{Text: word}
			if len(problems) < maxProblems {
				problems = append(problems, Problem{Kind: kind, Offset: offset, Text: word})
			}
		}
		r.Terms = append(r.Terms, t)
		offset += len(word)
	}
	if problems != nil {
		return r, &SyntaxError{Problems: problems}
	}
	return r, nil
}

// isRecord is the selection rule of RFC 7208 §4.5: the version, in any case,
// and then a space or nothing.
func isRecord(text string) bool {
	return len(text) >= len(version) && strings.EqualFold(text[:len(version)], version) &&
		(len(text) == len(version) || text[len(version)] == ' ')
}

// parseTerm reads one term. The kind is "" when it is valid.
func parseTerm(word string) (Term, ProblemKind) {
	if kind := foreign(word); kind != "" {
		return Term{}, kind
	}
	// A modifier is told from a mechanism by "=" before any ":" or "/"
	// (RFC 7208 §4.6.1).
	end := strings.IndexAny(word, ":/=")
	if end >= 0 && word[end] == '=' {
		return parseModifier(word, word[:end], word[end+1:])
	}
	t := Term{Text: word, Qualifier: QualifierPass, Bits4: 32, Bits6: 128}
	name, rest := word, ""
	if end >= 0 {
		name, rest = word[:end], word[end:]
	}
	if name != "" && strings.Contains("+-~?", name[:1]) {
		t.Qualifier, name = Qualifier(name[:1]), name[1:]
	}
	t.Name = TermName(strings.ToLower(name))
	kind := t.parseArgument(rest)
	if kind != "" && (strings.HasSuffix(word, ";") || strings.HasSuffix(word, ",")) {
		kind = ProblemSeparator
	}
	return t, kind
}

// parseArgument reads what follows the name of a mechanism, with its colon or
// slash.
func (t *Term) parseArgument(rest string) ProblemKind {
	switch t.Name {
	case TermAll:
		if rest != "" {
			return ProblemArgument
		}
	case TermInclude, TermExists:
		if !strings.HasPrefix(rest, ":") {
			return ProblemNoDomain
		}
		return t.parseDomain(rest[1:])
	case TermPTR:
		if rest == "" {
			return ""
		}
		if rest[0] == '/' {
			return ProblemPrefix
		}
		return t.parseDomain(rest[1:])
	case TermA, TermMX:
		rest, kind := t.cutPrefixLengths(rest)
		if kind != "" || rest == "" {
			return kind
		}
		if rest[0] == '/' {
			return ProblemPrefix
		}
		return t.parseDomain(rest[1:])
	case TermIP4, TermIP6:
		return t.parseAddress(rest)
	default:
		return ProblemMechanism
	}
	return ""
}

func (t *Term) parseDomain(spec string) ProblemKind {
	t.Domain = spec
	return checkDomainSpec(spec)
}

// lengths is dual-cidr-length (RFC 7208 §12): decimal, no leading zero.
var lengths = regexp.MustCompile(`(/(?:0|[1-9][0-9]{0,2}))?(//(?:0|[1-9][0-9]{0,2}))?$`)

// cutPrefixLengths takes the prefix lengths of a and mx off the end.
func (t *Term) cutPrefixLengths(rest string) (string, ProblemKind) {
	m := lengths.FindStringSubmatch(rest)
	if m[1] != "" {
		t.Bits4, _ = strconv.Atoi(m[1][1:]) // digits by the expression
	}
	if m[2] != "" {
		t.Bits6, _ = strconv.Atoi(m[2][2:]) // digits by the expression
	}
	if t.Bits4 > 32 || t.Bits6 > 128 {
		return "", ProblemPrefix
	}
	return strings.TrimSuffix(rest, m[0]), ""
}

// parseAddress reads the argument of ip4 and ip6.
func (t *Term) parseAddress(rest string) ProblemKind {
	if !strings.HasPrefix(rest, ":") || rest == ":" {
		return ProblemAddress
	}
	address, length, sliced := strings.Cut(rest[1:], "/")
	addr, err := netip.ParseAddr(address)
	if err != nil || addr.Zone() != "" || addr.Is4() != (t.Name == TermIP4) {
		return ProblemAddress
	}
	bits := addr.BitLen()
	if sliced {
		n, err := strconv.Atoi(length)
		if err != nil || strconv.Itoa(n) != length || n < 0 || n > bits {
			return ProblemPrefix
		}
		bits = n
	}
	t.Prefix = netip.PrefixFrom(addr, bits)
	return ""
}

// modifierName is the name of RFC 7208 §12.
var modifierName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]*$`)

// parseModifier reads name=value. A known name with a bad value is an error and
// not an unknown modifier, as everybody reads the grammar.
func parseModifier(word, name, value string) (Term, ProblemKind) {
	t := Term{Text: word, Name: TermName(strings.ToLower(name))}
	switch {
	case !modifierName.MatchString(name):
		return t, ProblemModifier
	case t.Name == TermRedirect || t.Name == TermExp:
		return t, t.parseDomain(value)
	}
	t.Value = value
	if _, err := parseMacros(value, lettersExplain); err != nil {
		return t, ProblemMacro
	}
	return t, ""
}
