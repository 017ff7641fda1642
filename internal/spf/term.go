package spf

import (
	"net/netip"
	"strconv"
	"strings"
)

// Qualifier says what a match of a mechanism means (RFC 7208 §4.6.2).
type Qualifier string

const (
	QualifierPass     Qualifier = "+"
	QualifierFail     Qualifier = "-"
	QualifierSoftFail Qualifier = "~"
	QualifierNeutral  Qualifier = "?"
)

// TermName is the name of a mechanism or modifier in lower case. Modifiers
// nobody defined keep their own names.
type TermName string

const (
	TermAll      TermName = "all"
	TermInclude  TermName = "include"
	TermA        TermName = "a"
	TermMX       TermName = "mx"
	TermPTR      TermName = "ptr"
	TermIP4      TermName = "ip4"
	TermIP6      TermName = "ip6"
	TermExists   TermName = "exists"
	TermRedirect TermName = "redirect"
	TermExp      TermName = "exp"
)

// Term is one mechanism or modifier of a record.
type Term struct {
	Text      string       // as it is spelled in the record
	Qualifier Qualifier    // of a mechanism, "+" when none is written; "" for modifiers
	Name      TermName     // "" for a term that is not valid
	Domain    string       // domain-spec as spelled, macros included; "" when there is none
	Prefix    netip.Prefix // of ip4 and ip6, host bits as spelled
	Bits4     int          // prefix length of a and mx for IPv4, 32 when none is written
	Bits6     int          // prefix length of a and mx for IPv6, 128 when none is written
	Value     string       // of a modifier that nobody defined
}

// String is the term as it was spelled.
func (t Term) String() string { return t.Text }

// IsMechanism reports whether the term is a valid mechanism.
func (t Term) IsMechanism() bool { return t.Name != "" && t.Qualifier != "" }

// Asks reports whether the term counts toward the limit of look-ups
// (RFC 7208 §4.6.4).
func (t Term) Asks() bool {
	switch t.Name {
	case TermInclude, TermA, TermMX, TermPTR, TermExists:
		return t.IsMechanism()
	case TermRedirect:
		return true
	}
	return false
}

// Canonical is a spelling that two terms share exactly when they mean the same
// wherever they stand: lower case, no "+", no prefix length that is the
// default. A term that is not valid is its own canonical form.
func (t Term) Canonical() string {
	if t.Name == "" {
		return t.Text
	}
	if t.Qualifier == "" {
		return t.modifier()
	}
	q := string(t.Qualifier)
	if t.Qualifier == QualifierPass {
		q = ""
	}
	return q + t.mechanism()
}

// modifier is Canonical for modifiers. The values of unknown ones are opaque.
func (t Term) modifier() string {
	if t.Name == TermRedirect || t.Name == TermExp {
		return string(t.Name) + "=" + canonicalDomain(t.Domain)
	}
	return string(t.Name) + "=" + t.Value
}

// mechanism is Canonical without the qualifier.
func (t Term) mechanism() string {
	s := string(t.Name)
	switch t.Name {
	case TermIP4, TermIP6:
		p := t.Prefix.Masked()
		if p.IsSingleIP() {
			return s + ":" + p.Addr().String()
		}
		return s + ":" + p.String()
	}
	if t.Domain != "" {
		s += ":" + canonicalDomain(t.Domain)
	}
	if t.Name != TermA && t.Name != TermMX {
		return s
	}
	if t.Bits4 != 32 {
		s += "/" + strconv.Itoa(t.Bits4)
	}
	if t.Bits6 != 128 {
		s += "//" + strconv.Itoa(t.Bits6)
	}
	return s
}

// canonicalDomain lower-cases a domain-spec unless it has macros, where case
// means escaping (RFC 7208 §7.3), and drops the final dot.
func canonicalDomain(spec string) string {
	if !strings.Contains(spec, "%") {
		spec = strings.ToLower(spec)
	}
	return strings.TrimSuffix(spec, ".")
}

// Record is an SPF record as a list of terms.
type Record struct {
	Version string // "v=spf1" as it is spelled
	Terms   []Term // in order
}

// String is the record as text, with one space between terms. Parse undoes it.
func (r Record) String() string {
	var b strings.Builder
	b.WriteString(r.Version)
	for _, t := range r.Terms {
		b.WriteByte(' ')
		b.WriteString(t.Text)
	}
	return b.String()
}

// All is the index of the first all mechanism, -1 when there is none. Terms
// that follow it are never reached, and redirect is switched off by it
// (RFC 7208 §5.1).
func (r Record) All() int { return r.find(TermAll) }

// Redirect is the index of the redirect modifier, -1 when there is none.
func (r Record) Redirect() int { return r.find(TermRedirect) }

func (r Record) find(name TermName) int {
	for i, t := range r.Terms {
		if t.Name == name {
			return i
		}
	}
	return -1
}

// Dead reports whether the term at index i can never have an effect: a
// mechanism after all, or a redirect beside one.
func (r Record) Dead(i int) bool { return r.dead(i, r.All()) }

// dead is Dead for callers that know where all is.
func (r Record) dead(i, all int) bool {
	t := r.Terms[i]
	return all >= 0 && (t.IsMechanism() && i > all || t.Name == TermRedirect)
}
