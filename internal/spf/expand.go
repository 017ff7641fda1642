package spf

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// target expands a domain-spec for a question; without one it is domain itself.
// What does not fit into 253 octets loses labels on the left (RFC 7208 §7.3).
func (e *evaluation) target(spec string, domain myodai.Name) myodai.Name {
	if spec == "" {
		return domain
	}
	pieces, err := parseMacros(spec, lettersDomain)
	if err != nil {
		return "" // Parse has refused it already
	}
	name := strings.TrimSuffix(strings.ToLower(e.expand(pieces, domain)), ".")
	for len(name) > 253 {
		_, rest, found := strings.Cut(name, ".")
		if !found {
			return ""
		}
		name = rest
	}
	return myodai.Name(name)
}

// maxExpanded bounds what macros can blow a text up to.
const maxExpanded = 4096

func (e *evaluation) expand(pieces []piece, domain myodai.Name) string {
	var b strings.Builder
	for _, p := range pieces {
		if b.Len() > maxExpanded {
			break
		}
		if p.letter == 0 {
			b.WriteString(p.literal)
			continue
		}
		value := p.transform(e.value(p.letter, domain))
		if p.escaped {
			value = escapeURL(value)
		}
		b.WriteString(value)
	}
	return b.String()
}

// value is what a macro letter stands for (RFC 7208 §7.2).
func (e *evaluation) value(letter byte, domain myodai.Name) string {
	switch letter {
	case 's':
		return e.local + "@" + e.sender
	case 'l':
		return e.local
	case 'o':
		return e.sender
	case 'd':
		return string(domain)
	case 'i':
		return dotted(e.ip)
	case 'p':
		return e.clientName(domain)
	case 'v':
		return e.family()
	case 'h':
		return e.request.HELO
	case 'c':
		return e.ip.String()
	case 'r':
		if e.request.Receiver == "" {
			return "unknown"
		}
		return string(e.request.Receiver)
	}
	if e.request.At.IsZero() {
		return "0"
	}
	return strconv.FormatInt(e.request.At.Unix(), 10) // t
}

func (e *evaluation) family() string {
	if e.ip.Is4() {
		return "in-addr"
	}
	return "ip6"
}

// clientName is the macro p: domain itself if that is a validated name of the
// client, else one below it, else any, else "unknown" (RFC 7208 §7.3).
func (e *evaluation) clientName(domain myodai.Name) string {
	names := e.clientNames()
	if slices.Contains(names, domain) {
		return string(domain)
	}
	for _, name := range names {
		if name.Under(domain) {
			return string(name)
		}
	}
	if len(names) > 0 {
		return string(names[0])
	}
	return "unknown"
}

// transform splits, reverses and cuts a value as the macro says.
func (p piece) transform(value string) string {
	if p.delimiters == "" && p.parts == 0 && !p.reversed {
		return value
	}
	at := p.delimiters
	if at == "" {
		at = "."
	}
	parts := split(value, at)
	if p.reversed {
		slices.Reverse(parts)
	}
	if p.parts > 0 && p.parts < len(parts) {
		parts = parts[len(parts)-p.parts:]
	}
	return strings.Join(parts, ".")
}

// split cuts s at each of the given ASCII characters and keeps empty parts.
func split(s, at string) []string {
	var parts []string
	for {
		i := strings.IndexAny(s, at)
		if i < 0 {
			return append(parts, s)
		}
		parts, s = append(parts, s[:i]), s[i+1:]
	}
}

// escapeURL escapes all but the unreserved characters of RFC 3986 §2.3.
func escapeURL(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		alphanumeric := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
		if alphanumeric || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}

// explain fetches what the domain says to those who fail. Whatever goes wrong
// on the way, there is then no explanation (RFC 7208 §6.2).
func (e *evaluation) explain(o outcome) string {
	if o.exp == "" {
		return ""
	}
	domain := o.path[len(o.path)-1]
	answer := e.ask(e.target(o.exp, domain), myodai.TypeTXT)
	if len(answer.records) != 1 {
		return ""
	}
	pieces, err := parseMacros(answer.records[0], lettersExplain)
	if err != nil || !printable(answer.records[0]) {
		return ""
	}
	text := e.expand(pieces, domain)
	if !printable(text) || len(text) > maxExpanded {
		return ""
	}
	return text
}

// printable keeps line ends and worse out of SMTP replies and logs.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c >= 0x7f })
}

// staticTarget expands a domain-spec that does not depend on the sender, for
// counting: it may use only the macros d and, at the top, o.
func staticTarget(spec string, domain, sender myodai.Name) (myodai.Name, bool) {
	pieces, err := parseMacros(spec, lettersDomain)
	if err != nil {
		return "", false
	}
	for _, p := range pieces {
		if p.letter != 0 && p.letter != 'd' && p.letter != 'o' {
			return "", false
		}
	}
	e := evaluation{sender: string(sender), ip: netip.Addr{}}
	return e.target(spec, domain), true
}
