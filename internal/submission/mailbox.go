package submission

import (
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	"github.com/myodai/myodai"
)

// words reads the encoded-words of RFC 2047 in the charsets that mail uses.
var words = mime.WordDecoder{CharsetReader: charset.Reader}

// ParseMailbox reads one mailbox of RFC 5322 §3.4 for a person to be named:
// `name@example.com`, `Some Name <name@example.com>` or
// `"Name, Some" <name@example.com>`. There may be UTF-8 and encoded-words in the
// name; comments, groups, routes and lists are refused.
func ParseMailbox(s string) (Mailbox, error) {
	if !utf8.ValidString(s) {
		return Mailbox{}, myodai.Invalidf("it has 8-bit characters that are not UTF-8; encode them as UTF-8")
	}
	display, addr, err := splitMailbox(s)
	if err != nil {
		return Mailbox{}, err
	}
	var m Mailbox
	if m.Name, err = readPhrase(display); err != nil {
		return Mailbox{}, err
	}
	m.Address, err = myodai.ParseAddress(addr)
	return m, err
}

// parseAuthor reads the value of a From or Sender field: one mailbox, written
// so that nobody can read another address in it (T22).
func parseAuthor(s string) (myodai.Address, error) {
	m, err := ParseMailbox(s)
	if err != nil {
		return myodai.Address{}, err
	}
	_, written, _ := splitMailbox(s)
	local, domain := written[:strings.LastIndexByte(written, '@')], written[strings.LastIndexByte(written, '@')+1:]
	switch {
	case local[0] == '"':
		return myodai.Address{}, myodai.Invalidf("%q has quotes before the @; write the address without them", written)
	case strings.Contains(local, "=?"):
		return myodai.Address{}, myodai.Invalidf("%q has an encoded-word in the address; only the name may be encoded", written)
	case !isASCII(local):
		return myodai.Address{}, myodai.Invalidf("%q has a character before the @ that is not ASCII; use an ASCII address", written)
	case !isASCII(domain) || !strings.EqualFold(domain, string(m.Address.Domain)):
		// Full-width letters, soft hyphens and the like lead to the same name for
		// us and to another, or none, for somebody else (T09, F6). EqualFold alone
		// would take the Kelvin sign for a k.
		return myodai.Address{}, myodai.Invalidf("the domain in %q is not in its plain form; write it as %s", written, m.Address.Domain)
	}
	return m.Address, nil
}

// splitMailbox finds the display name and the address of one mailbox, both
// still as written.
func splitMailbox(s string) (display, addr string, err error) {
	s = strings.Trim(s, " \t")
	open, quoted := -1, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if quoted {
			switch c {
			case '\\':
				i++
			case '"':
				quoted = false
			}
			continue
		}
		switch {
		case c == '"':
			quoted = true
		case c == '<' && open < 0:
			open = i
		case c == '<':
			return "", "", myodai.Invalidf("there are two < in it; write one mailbox as Name <name@example.com>")
		case c == '>' && (open < 0 || i != len(s)-1):
			return "", "", myodai.Invalidf("the > does not end it; write one mailbox as Name <name@example.com>")
		case c == '(' || c == ')':
			return "", "", myodai.Invalidf("it has a comment in parentheses; leave that out or put the name in quotes")
		case c == ',':
			return "", "", myodai.Invalidf("it has a comma; write exactly one mailbox, and a name with a comma in quotes")
		case c == ':' || c == ';':
			return "", "", myodai.Invalidf("it is a group or has a route; write exactly one mailbox as Name <name@example.com>")
		}
	}
	switch {
	case s == "":
		return "", "", myodai.Invalidf("it is empty; write one mailbox as Name <name@example.com>")
	case quoted:
		return "", "", myodai.Invalidf("a quote in it is not closed")
	case open < 0:
		return "", s, nil
	case s[len(s)-1] != '>':
		return "", "", myodai.Invalidf("its < is not closed by >")
	}
	return strings.TrimRight(s[:open], " \t"), s[open+1 : len(s)-1], nil
}

// readPhrase decodes a display name: atoms, quoted strings and encoded-words,
// joined by single spaces. "" is no name.
func readPhrase(s string) (string, error) {
	var parts []string
	for s = strings.TrimLeft(s, " \t"); s != ""; s = strings.TrimLeft(s, " \t") {
		var part string
		if s[0] == '"' {
			part, s = unquote(s)
		} else {
			end := strings.IndexAny(s, " \t\"")
			if end < 0 {
				end = len(s)
			}
			part, s = s[:end], s[end:]
			for _, c := range part {
				// The specials of RFC 5322 §3.2.3, but for the dot, which everybody
				// writes ("Myodai Inc.") and obs-phrase allows.
				if strings.ContainsRune(`()<>[]:;@\,"`, c) {
					return "", myodai.Invalidf("the name has %q in it; put the name in quotes", c)
				}
			}
		}
		parts = append(parts, part)
	}
	name, err := words.DecodeHeader(strings.Join(parts, " "))
	if err != nil {
		return "", myodai.Invalidf("the name has an encoded-word in an unknown charset; use UTF-8")
	}
	for _, c := range name {
		// Some readers decode first and look for the address afterwards.
		if isControl(c) || (c == '<' || c == '>') && strings.Contains(strings.Join(parts, ""), "=?") {
			return "", myodai.Invalidf("the name has %q hidden in it; leave that out", c)
		}
	}
	return name, nil
}

// unquote takes a quoted string off s, which splitMailbox has seen closed.
func unquote(s string) (text, rest string) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		case '"':
			return b.String(), s[i+1:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// isASCII reports whether s is only ASCII.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
