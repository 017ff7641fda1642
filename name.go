package myodai

import (
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Name is a domain name in the one form used inside the program: lower-case
// A-labels without a trailing dot, at most 253 octets. "" is the root.
//
// The dot is added where a name meets the wire (resolver, authdns).
type Name string

// maxName is the longest name in text form without its final dot (RFC 1035 §2.3.4).
const maxName, maxLabel = 253, 63

// registrable maps what people type to A-labels as browsers do (UTS 46,
// non-transitional), checks every rule of IDNA 2008 there is, and limits names
// to letters, digits and hyphens: what may stand right of an @.
var registrable = idna.New(
	idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.CheckHyphens(true),
	idna.CheckJoiners(true), idna.StrictDomainName(true), idna.VerifyDNSLength(true),
)

// ParseName reads a domain name that mail can be sent from: one final dot is
// taken off, IDNs become A-labels, and addresses, underscores, single labels
// and names that do not survive the way to Unicode and back are refused (T09).
func ParseName(s string) (Name, error) {
	trimmed := strings.TrimSuffix(strings.TrimSpace(s), ".")
	if isPlain(trimmed) {
		return Name(trimmed), nil
	}
	if trimmed == "" {
		return "", Invalidf("a domain name is needed, such as example.com")
	}
	if _, err := netip.ParseAddr(strings.Trim(trimmed, "[]")); err == nil {
		return "", Invalidf("%q is an IP address; a domain name is needed, such as example.com", trimmed)
	}
	ascii, err := registrable.ToASCII(trimmed)
	if err != nil || ascii == "" {
		return "", Invalidf("%q is not a valid domain name", trimmed)
	}
	ascii = strings.ToLower(ascii)
	if !strings.Contains(ascii, ".") {
		return "", Invalidf("%q is a single label; a full domain name is needed, such as example.com", trimmed)
	}
	unicode, err := registrable.ToUnicode(ascii)
	if err != nil {
		return "", Invalidf("%q is not a valid domain name", trimmed)
	}
	if back, err := registrable.ToASCII(unicode); err != nil || back != ascii {
		return "", Invalidf("%q does not survive conversion to Unicode and back; write it another way", trimmed)
	}
	if last := ascii[strings.LastIndexByte(ascii, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		return "", Invalidf("%q ends in a number, which no domain name does", trimmed)
	}
	return Name(ascii), nil
}

// isPlain reports whether s is in its one form already, so that nothing of IDNA
// applies to it: most names are, and IDNA is slow.
func isPlain(s string) bool {
	if len(s) > maxName || !strings.Contains(s, ".") {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' || strings.HasPrefix(label[min(2, len(label)):], "--") {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
		last = label
	}
	return strings.Trim(last, "0123456789") != ""
}

// ParseOwner reads the owner name of any DNS record. Unlike ParseName it
// accepts underscores, a leading asterisk, single labels and the root, and it
// does no IDNA: a DNS name is octets (RFC 2181 §11).
func ParseOwner(s string) (Name, error) {
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	if s == "" {
		return "", nil
	}
	if len(s) > maxName {
		return "", Invalidf("the name is %d octets long; DNS allows %d", len(s), maxName)
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel {
			return "", Invalidf("%q has a label that is empty or longer than %d octets", s, maxLabel)
		}
		for _, c := range []byte(label) {
			if c <= ' ' || c >= 0x7f {
				return "", Invalidf("%q has a character that is not printable ASCII", s)
			}
		}
	}
	return Name(s), nil
}

// Unicode is the name as people write it, for display beside the A-labels and
// never for comparison.
func (n Name) Unicode() string {
	if u, err := registrable.ToUnicode(string(n)); err == nil {
		return u
	}
	return string(n)
}

// Parent is the name without its first label; the parent of a single label is
// the root, and the root is its own parent.
func (n Name) Parent() Name {
	_, rest, _ := strings.Cut(string(n), ".")
	return Name(rest)
}

// Labels counts the labels; the root has none.
func (n Name) Labels() int {
	if n == "" {
		return 0
	}
	return strings.Count(string(n), ".") + 1
}

// Under reports whether n is zone or below it, at a label boundary
// (requirements D, rows 3 and 4; T07).
func (n Name) Under(zone Name) bool {
	rest, below := strings.CutSuffix(string(n), string(zone))
	return n == zone || zone == "" || below && strings.HasSuffix(rest, ".")
}

// Child is the name one or more labels below n.
func (n Name) Child(labels string) Name {
	if n == "" {
		return Name(labels)
	}
	return Name(labels + "." + string(n))
}

// Ancestors lists n and every name above it, nearest first, without the root.
func (n Name) Ancestors() []Name {
	var names []Name
	for ; n != ""; n = n.Parent() {
		names = append(names, n)
	}
	return names
}

// IsPublicSuffix reports whether strangers register names directly below n, by
// the public suffix list with its private section (T06). A top-level domain is
// always one.
func (n Name) IsPublicSuffix() bool {
	suffix, _ := publicsuffix.PublicSuffix(string(n))
	return suffix == string(n)
}

// Registrable is the shortest name at or above n that somebody can own: one
// label below the public suffix. It is "" for a public suffix itself.
//
// It is for advice to people. DMARC's organizational domain is found by the
// tree walk of RFC 9989, in package dmarc.
func (n Name) Registrable() Name {
	name, err := publicsuffix.EffectiveTLDPlusOne(string(n))
	if err != nil {
		return ""
	}
	return Name(name)
}

// Address is a mail address as an envelope carries it: the local part as
// written, and the domain in its one form.
type Address struct {
	Local  string // dot-atom, or what stood between quotes; never empty
	Domain Name
}

// IsZero reports whether the address is the null one, "<>".
func (a Address) IsZero() bool { return a == Address{} }

// String is the address as RFC 5321 §4.1.2 writes it, quoted where it must be;
// "" for the null address.
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	return quoteLocal(a.Local) + "@" + string(a.Domain)
}

func quoteLocal(local string) string {
	if isDotAtom(local) {
		return local
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(local) {
		if c := local[i]; c == '"' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(local[i])
	}
	b.WriteByte('"')
	return b.String()
}

// isDotAtom reports whether s needs no quotes: atoms of RFC 5322 §3.2.3, with
// the UTF-8 of RFC 6531, between single dots.
func isDotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" {
			return false
		}
		for _, c := range atom {
			if c <= ' ' || c == 0x7f || strings.ContainsRune(`()<>[]:;@\,."`, c) {
				return false
			}
		}
	}
	return true
}

// ParseAddress reads one bare mail address, local@domain, and nothing around
// it: no display name, comment, group, route, address literal or folding (T22,
// T30, T35). A quoted local part is accepted and unquoted.
func ParseAddress(s string) (Address, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at == len(s)-1 {
		return Address{}, Invalidf("%q is not a mail address; write it as name@example.com", s)
	}
	local, host := s[:at], s[at+1:]
	if len(local) > 64 {
		return Address{}, Invalidf("the part before the @ is %d octets long; 64 are allowed", len(local))
	}
	if strings.ContainsAny(host, " \t\r\n[]()<>\"") {
		return Address{}, Invalidf("%q does not end in a plain domain name", s)
	}
	domain, err := ParseName(host)
	if err != nil {
		return Address{}, err
	}
	if local[0] == '"' {
		unquoted, ok := unquoteLocal(local)
		if !ok {
			return Address{}, Invalidf("the quotes before the @ in %q are not valid", s)
		}
		return Address{Local: unquoted, Domain: domain}, nil
	}
	if !isDotAtom(local) {
		return Address{}, Invalidf("%q has a character before the @ that is not allowed there", s)
	}
	return Address{Local: local, Domain: domain}, nil
}

// unquoteLocal reads a quoted-string of RFC 5321 §4.1.2 without its quotes.
func unquoteLocal(s string) (string, bool) {
	if len(s) < 3 || s[len(s)-1] != '"' {
		return "", false
	}
	var b strings.Builder
	inner := s[1 : len(s)-1]
	for i := 0; i < len(inner); i++ {
		c := inner[i]
		if c == '\\' {
			if i++; i == len(inner) {
				return "", false
			}
			c = inner[i]
		} else if c == '"' {
			return "", false
		}
		if c < ' ' || c == 0x7f {
			return "", false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}
