package spf

import "strings"

// suspects is Suspects of a text that may not parse.
func suspects(text string) []Problem {
	var problems []Problem
	offset := 0
	for word := range strings.SplitSeq(text, " ") {
		if word == "" || offset == 0 { // the version
			offset += len(word) + 1
			continue
		}
		if kind := suspect(word); kind != "" && len(problems) < maxProblems {
			problems = append(problems, Problem{Kind: kind, Offset: offset, Text: word})
		}
		offset += len(word) + 1
	}
	return problems
}

// Suspects lists what the grammar of RFC 7208 allows in a record and nobody
// means: "include=x" is a modifier that is ignored, and "include:a.exampleip4:…"
// a host name. Offsets count in r.String().
func Suspects(r Record) []Problem { return suspects(r.String()) }

func suspect(word string) ProblemKind {
	t, kind := parseTerm(word)
	switch {
	case equals.MatchString(word):
		return ProblemEquals
	case kind == "" && t.Qualifier == "" && t.Domain == "": // an unknown modifier may say anything
		return ""
	case strings.ContainsAny(word, ";,") && !strings.Contains(word, "%{"):
		return ProblemSeparator
	case gluedTerm.MatchString(word) || gluedAll.MatchString(word) && !strings.HasPrefix(strings.ToLower(word), "exp="):
		return ProblemGlued
	}
	return ""
}

// widest is the longest prefix that still holds half of an address family.
const widest = 1

// Open lists the terms that let everybody pass: a "+" before all, a prefix of
// half the Internet, exists of a name that is the same for every client.
func (r Record) Open() []Term {
	var open []Term
	all := r.All()
	for i, t := range r.Terms {
		if t.Qualifier != QualifierPass || !t.IsMechanism() || r.dead(i, all) {
			continue
		}
		wide := false
		switch t.Name {
		case TermAll:
			wide = true
		case TermIP4, TermIP6:
			wide = t.Prefix.Bits() <= widest
		case TermA, TermMX:
			wide = t.Bits4 <= widest || t.Bits6 <= widest
		case TermExists:
			_, wide = staticTarget(t.Domain, "", "")
		}
		if wide {
			open = append(open, t)
		}
	}
	return open
}
