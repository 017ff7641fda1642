package spf

import "strings"

// What people paste from word processors and type with Japanese keyboards.
const (
	dashes = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d" // for "-"
	tildes = "\uff5e\u301c\u02dc\u223c"                                     // for "~"
	quotes = "\"'`\u201c\u201d\u201e\u201f\u2018\u2019\u00ab\u00bb\u2033\uff02\u300c\u300d"
	blanks = "\t\r\n\u00a0\u3000\u2002\u2003\u2009"       // for " "
	unseen = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff" // for nothing
)

// foreign says which character of a term does not belong into a record:
// records are printable ASCII (RFC 7208 §3.1).
func foreign(word string) ProblemKind {
	if strings.Trim(word[:1]+word[len(word)-1:], `"'`) == "" {
		return ProblemQuote
	}
	for _, c := range word {
		switch {
		case c > ' ' && c < 0x7f:
		case strings.ContainsRune(dashes+tildes, c):
			return ProblemDash
		case strings.ContainsRune(quotes, c):
			return ProblemQuote
		default:
			return ProblemASCII
		}
	}
	return ""
}
