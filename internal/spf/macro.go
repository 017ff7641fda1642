package spf

import (
	"errors"
	"strings"
)

// The macro letters of RFC 7208 §7.2; c, r and t only in explanations.
const (
	lettersDomain  = "slodipvh"
	lettersExplain = lettersDomain + "crt"
	delimiters     = ".-+,/_="
)

var errMacro = errors.New("a % that begins no macro")

// piece is a literal or one macro of a macro-string.
type piece struct {
	literal    string // when letter is 0
	fixed      bool   // the literal was written %%, %_ or %-
	letter     byte   // lower case
	escaped    bool   // written in upper case: the expansion is URL-escaped
	parts      int    // right-hand parts to keep, 0 for all
	reversed   bool
	delimiters string // "" means "."
}

// parseMacros reads a macro-string with the given letters (RFC 7208 §7.1).
func parseMacros(s, allowed string) ([]piece, error) {
	var pieces []piece
	for s != "" {
		percent := strings.IndexByte(s, '%')
		if percent < 0 {
			return append(pieces, piece{literal: s}), nil
		}
		if percent > 0 {
			pieces = append(pieces, piece{literal: s[:percent]})
		}
		s = s[percent+1:]
		if s == "" {
			return nil, errMacro
		}
		if fixed, ok := fixedMacros[s[0]]; ok {
			pieces, s = append(pieces, piece{literal: fixed, fixed: true}), s[1:]
			continue
		}
		end := strings.IndexByte(s, '}')
		if s[0] != '{' || end < 0 {
			return nil, errMacro
		}
		p, ok := parseMacro(s[1:end], allowed)
		if !ok {
			return nil, errMacro
		}
		pieces, s = append(pieces, p), s[end+1:]
	}
	return pieces, nil
}

var fixedMacros = map[byte]string{'%': "%", '_': " ", '-': "%20"}

// parseMacro reads what stands between the braces.
func parseMacro(s, allowed string) (piece, bool) {
	if s == "" {
		return piece{}, false
	}
	p := piece{letter: s[0] | 0x20, escaped: s[0] >= 'A' && s[0] <= 'Z'}
	if p.letter < 'a' || p.letter > 'z' || !strings.Contains(allowed, string(rune(p.letter))) {
		return p, false
	}
	rest := s[1:]
	digits := 0
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		// No name has more than 127 labels: larger numbers mean "all".
		p.parts = min(p.parts*10+int(rest[digits]-'0'), 1000)
		digits++
	}
	if digits > 0 && p.parts == 0 {
		return p, false
	}
	rest = rest[digits:]
	if rest != "" && rest[0]|0x20 == 'r' {
		p.reversed, rest = true, rest[1:]
	}
	p.delimiters = rest
	return p, strings.Trim(rest, delimiters) == ""
}

// checkDomainSpec says what is wrong with a domain-spec: it is a macro-string
// that ends in a macro or in a dot and a top label (RFC 7208 §7.1). That is
// checked before macros are expanded, never after.
func checkDomainSpec(s string) ProblemKind {
	if s == "" {
		return ProblemNoDomain
	}
	pieces, err := parseMacros(s, lettersDomain)
	if err != nil {
		return ProblemMacro
	}
	if last := pieces[len(pieces)-1]; last.letter != 0 || last.fixed {
		return ""
	}
	s = strings.TrimSuffix(s, ".")
	dot := strings.LastIndexByte(s, '.')
	if dot < 0 || !isTopLabel(s[dot+1:]) {
		return ProblemDomain
	}
	return ""
}

// isTopLabel is toplabel of RFC 7208 §7.1: letters, digits and inner hyphens,
// and not digits only.
func isTopLabel(s string) bool {
	if s == "" || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	numeric := true
	for _, c := range []byte(s) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && c != '-' && (c < '0' || c > '9') {
			return false
		}
		numeric = numeric && !letter && c != '-'
	}
	return !numeric
}
