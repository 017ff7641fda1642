package handoff

import (
	"fmt"
	"strings"

	"github.com/myodai/myodai"
)

// ZoneFile writes the records as lines of a zone file (RFC 1035 §5.1), every
// name in full with its final dot, so that they mean the same under any
// $ORIGIN. What must be merged becomes a comment.
func ZoneFile(s Sheet) string {
	var b strings.Builder
	for _, i := range s.Items {
		if merged(i) {
			b.WriteString("; " + mergeNote(i) + "\n")
			continue
		}
		fmt.Fprintf(&b, "%s %d IN %s %s\n", absolute(i.Name), TTL, i.Type, data(i.Type, i.Value))
	}
	return b.String()
}

// data is record data in presentation form.
func data(t myodai.RecordType, value string) string {
	switch t {
	case myodai.TypeTXT:
		return strings.Join(quoted(value), " ")
	case myodai.TypeCNAME, myodai.TypeNS:
		return absolute(myodai.Name(strings.TrimSuffix(value, ".")))
	case myodai.TypeMX:
		preference, host := exchange(value)
		return preference + " " + absolute(myodai.Name(host))
	}
	return oneLine(value)
}

// absolute is a name with its final dot, and with every character that means
// something in a zone file escaped.
func absolute(n myodai.Name) string {
	var b strings.Builder
	for _, c := range []byte(n) {
		switch {
		case c <= ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\%03d`, c)
		case strings.IndexByte(`"();@$\`, c) >= 0:
			b.WriteString(`\` + string(c))
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + "."
}

// maxString is the longest string of a TXT record (RFC 1035 §3.3).
const maxString = 255

// chunks cuts text into strings of at most maxString octets; "" is one empty
// string. Readers join them without a separator.
func chunks(text string) []string {
	var parts []string
	for len(text) > maxString {
		parts = append(parts, text[:maxString])
		text = text[maxString:]
	}
	return append(parts, text)
}

// quoted is text as the strings of a TXT record, quoted and escaped.
func quoted(text string) []string {
	parts := chunks(text)
	for i, part := range parts {
		var b strings.Builder
		for _, c := range []byte(part) {
			switch {
			case c < ' ' || c >= 0x7f:
				fmt.Fprintf(&b, `\%03d`, c)
			case c == '"' || c == '\\':
				b.WriteString(`\` + string(c))
			default:
				b.WriteByte(c)
			}
		}
		parts[i] = `"` + b.String() + `"`
	}
	return parts
}
