package diagnose

import (
	"regexp"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// flaw is one thing wrong with the content of a record.
type flaw struct {
	cause    myodai.Cause
	severity myodai.Severity // "" means as the table of causes says
	found    string
	expected string
	args     map[string]string
	until    time.Time // when a wait ends; zero for what is no wait
	open     bool      // no record can be said to be the right one, or the one there is may stay
}

// textKind is what a TXT record seems to be meant as.
type textKind string

const (
	textSPF   textKind = "SPF"
	textDKIM  textKind = "DKIM"
	textDMARC textKind = "DMARC"
	textOther textKind = ""
)

// kindOf tells what the text of a TXT record is meant as, however badly it is
// typed.
func kindOf(text string) textKind {
	s := strings.ToLower(bare(text))
	switch {
	case strings.HasPrefix(s, "v=spf"):
		return textSPF
	case strings.HasPrefix(s, "v=dmarc"):
		return textDMARC
	case strings.HasPrefix(s, "v=dkim"), strings.HasPrefix(s, "k=rsa"), strings.HasPrefix(s, "k=ed25519"),
		strings.HasPrefix(s, "p=mi"):
		return textDKIM
	}
	return textOther
}

// bare takes away what people put around a value.
func bare(text string) string {
	return strings.Trim(text, " \t\r\n\"'`"+smartQuotes+"\u00a0\u3000\ufeff\u200b")
}

// smartQuotes are the quotation marks of word processors and of Japanese
// keyboards.
const smartQuotes = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb\u2033\u300c\u300d\u300e\u300f\uff02\uff07"

// zoneLine matches what surrounds a value in a zone file, in a panel's export or
// in a manual, and is no part of it.
var zoneLine = regexp.MustCompile(`(?i)\bIN\s+TXT\b|\bTXT\s*\(?\s*"|;\s*-{4,}|\bTTL[ =:]+[0-9]+|^\s*\(\s*"|^\s*(?:TXT\s*[=:]|value\s*:|TXT\s+v=)`)

// mistyped finds the mistakes that can be made in any TXT value. Want is the
// planned text, "" when it is not known.
func mistyped(text, want string) (flaw, bool) {
	f := flaw{found: text, expected: want, args: map[string]string{"got": text}}
	switch {
	case strings.Contains(text, "-----BEGIN"): // PEM has dashes of its own
		return flaw{}, false
	case strings.ContainsAny(text, smartQuotes):
		f.cause = TXTSmartQuotes
		f.fallback(strings.Map(dropRunes(smartQuotes), text))
	case zoneLine.MatchString(text):
		f.cause = ValueContainsZoneLine
		f.fallback(unlined(text))
	case strings.Contains(text, `\;`):
		f.cause = TXTEscapedSemicolons
		f.fallback(strings.ReplaceAll(strings.Trim(text, `"`), `\;`, ";"))
	default:
		return flaw{}, false
	}
	return f, true
}

// fallback sets what is expected when the plan does not say.
func (f *flaw) fallback(expected string) {
	if f.expected == "" {
		f.expected = expected
	}
}

func dropRunes(set string) func(rune) rune {
	return func(c rune) rune {
		if strings.ContainsRune(set, c) {
			return -1
		}
		return c
	}
}

var (
	quotedString = regexp.MustCompile(`"([^"]*)"`)
	valueStart   = regexp.MustCompile(`(?i)v=(?:DKIM1|DMARC1|spf1)`)
	lineComment  = regexp.MustCompile(`;\s*-{4,}.*$`)
)

// unlined finds the value in a pasted zone-file line; "" when it cannot tell.
func unlined(text string) string {
	if parts := quotedString.FindAllStringSubmatch(text, -1); parts != nil {
		var b strings.Builder
		for _, part := range parts {
			b.WriteString(part[1])
		}
		return b.String()
	}
	if at := valueStart.FindStringIndex(text); at != nil {
		return strings.TrimSpace(lineComment.ReplaceAllString(text[at[0]:], ""))
	}
	return ""
}
