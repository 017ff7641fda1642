package spf

import (
	"net/netip"
	"regexp"
	"strings"
)

// Repair mends the mistakes that leave no doubt about what was meant: look-alike
// characters, quotation marks, separators, lost and surplus spaces, "include="
// and its like. It returns the text unchanged when that does not make it a valid
// record, or when it is longer than 4096 octets, which nobody types.
func Repair(text string) string {
	if len(text) > maxRepaired {
		return text
	}
	if _, err := Parse(text); err == nil && len(suspects(text)) == 0 {
		return text
	}
	s := strings.Trim(toASCII(text), ` "'`)
	s = brokenVersion.ReplaceAllString(s, version+" ")
	s = strings.NewReplacer(`"`, "", `'`, "").Replace(s)
	s = loneColon.ReplaceAllString(s, "$1:$2")
	var words []string
	for word := range strings.FieldsSeq(s) {
		words = append(words, repairWord(word)...)
	}
	s = strings.Join(words, " ")
	if _, err := Parse(s); err != nil {
		return text
	}
	return s
}

const maxRepaired = 4096

// toASCII replaces what looks like ASCII by what it looks like.
func toASCII(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= ' ' && c < 0x7f:
			return c
		case strings.ContainsRune(tildes, c): // before the full-width block, which has one
			return '~'
		case strings.ContainsRune(dashes, c):
			return '-'
		case c >= 0xff01 && c <= 0xff5e: // full-width forms of ASCII
			return c - 0xff01 + '!'
		case strings.ContainsRune(quotes, c):
			return '"'
		case strings.ContainsRune(blanks, c):
			return ' '
		case strings.ContainsRune(unseen, c):
			return -1
		}
		return c
	}, text)
}

var (
	brokenVersion = regexp.MustCompile(`(?i)^(?:v\s*[=:-]\s*)?spf\s*1\s*[;,:.]*\s*`)
	// A colon with spaces around it, before a host name or an address.
	loneColon = regexp.MustCompile(`(?i)\b(include|a|mx|ptr|exists|ip4|ip6)(?:: +| +: *)([a-z0-9_%][^ :=]*[.:][^ =]*)`)
	// A term glued to the one before it. "a:" and "mx:" are too short to tell.
	gluedTerm = regexp.MustCompile(`(?i)[^+~?-]([+~?-]?(?:include|ip4|ip6|exists):|redirect=)`)
	gluedAll  = regexp.MustCompile(`(?i)^(.+[^+~?-])([~?+-]all)$`)
	equals    = regexp.MustCompile(`(?i)^([+~?-]?(?:include|a|mx|ptr|exists|ip4|ip6))=(.+)$`)
	colon     = regexp.MustCompile(`(?i)^(redirect|exp):(.+)$`)
	plural    = regexp.MustCompile(`(?i)^([+~?-]?)(includes|inlude|inculde|incude|inclde|ip|ipv4|ipv6|ip4|ip6):(.+)$`)
)

// repairWord mends one word and may find several terms in it.
func repairWord(word string) []string {
	for _, separator := range []string{";", ","} {
		if strings.Contains(word, separator) && !strings.Contains(word, "%{") {
			var words []string
			for part := range strings.SplitSeq(word, separator) {
				if part != "" {
					words = append(words, repairWord(part)...)
				}
			}
			return words
		}
	}
	if at := gluedTerm.FindStringSubmatchIndex(word); at != nil {
		return append(repairWord(word[:at[2]]), repairWord(word[at[2]:])...)
	}
	if m := gluedAll.FindStringSubmatch(word); m != nil && !strings.HasPrefix(strings.ToLower(m[1]), "exp=") {
		return append(repairWord(m[1]), m[2])
	}
	word = equals.ReplaceAllString(word, "$1:$2")
	word = colon.ReplaceAllString(word, "$1=$2")
	if m := plural.FindStringSubmatch(word); m != nil {
		word = m[1] + rightName(m[2], m[3]) + ":" + m[3]
	}
	return []string{word}
}

// rightName is the mechanism that was meant by a misspelled one.
func rightName(name, value string) string {
	if !strings.HasPrefix(strings.ToLower(name), "ip") {
		return string(TermInclude)
	}
	address, _, _ := strings.Cut(value, "/")
	addr, err := netip.ParseAddr(address)
	switch {
	case err != nil:
		return name
	case addr.Is4():
		return string(TermIP4)
	}
	return string(TermIP6)
}
