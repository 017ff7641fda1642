package spf

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// Lookup asks DNS one question. Answer.Kind tells whether there are records,
// authoritatively none, or nothing known. Aliases may be followed in the answer
// or left to the caller.
type Lookup func(name myodai.Name, t myodai.RecordType) myodai.Answer

// typePTR is asked for here only.
const typePTR myodai.RecordType = "PTR"

// The bounds of one evaluation besides the limits of RFC 7208 §4.6.4. Ten mx
// terms, each with ten hosts, and the PTR names of one address are 123
// questions; aliases that the caller leaves to us add to them.
const (
	maxQuestions = 200
	maxAliases   = 8
)

// asker asks each question once, and not too many.
type asker struct {
	lookup    Lookup
	questions int
	most      int
	known     map[myodai.Question]set
}

func newAsker(lookup Lookup, most int) *asker {
	return &asker{lookup: lookup, most: most, known: map[myodai.Question]set{}}
}

// set is the record set at the end of any aliases.
type set struct {
	kind    myodai.AnswerKind
	records []string // in the order of the answer; octets for TXT, data for others
}

// ask finds the records of one type at name. A name that DNS cannot hold has
// none, and is not asked for.
func (a *asker) ask(name myodai.Name, t myodai.RecordType) set {
	if !askable(name) {
		return set{kind: myodai.AnswerNegative}
	}
	q := myodai.Question{Name: name, Type: t}
	if s, ok := a.known[q]; ok {
		return s
	}
	s := a.follow(name, t)
	a.known[q] = s
	return s
}

// unknown tells our own bound from a failure of DNS.
func (a *asker) unknown() ReasonKind {
	if a.questions >= a.most {
		return ReasonQuestions
	}
	return ReasonDNS
}

func (a *asker) follow(name myodai.Name, t myodai.RecordType) set {
	for range maxAliases {
		if a.questions >= a.most {
			break
		}
		a.questions++
		answer := a.lookup(name, t)
		switch answer.Kind() {
		case myodai.AnswerPositive:
		case myodai.AnswerNegative:
			return set{kind: myodai.AnswerNegative}
		default:
			return set{kind: myodai.AnswerUnknown}
		}
		if answer.Name != "" {
			name = answer.Name // a cache says where aliases led
		}
		end, records := walk(answer.Records, name, t)
		if len(records) > 0 {
			return set{kind: myodai.AnswerPositive, records: records}
		}
		if end == name || answer.RCode == "NXDOMAIN" {
			return set{kind: myodai.AnswerNegative}
		}
		name = end
	}
	return set{kind: myodai.AnswerUnknown}
}

// walk follows the aliases within one answer and returns where they lead and
// what is there.
func walk(answer []myodai.Record, name myodai.Name, t myodai.RecordType) (myodai.Name, []string) {
	for range maxAliases {
		var records []string
		alias := name
		for _, rr := range answer {
			if owner(rr) != name {
				continue
			}
			switch rr.Type {
			case t:
				records = append(records, content(rr))
			case myodai.TypeCNAME:
				alias = target(rr.Data)
			}
		}
		if len(records) > 0 || alias == name {
			return name, records
		}
		name = alias
	}
	return name, nil
}

// owner is the owner name without the escapes that zone files need: names made
// from macros may hold spaces and quotes.
func owner(rr myodai.Record) myodai.Name {
	return myodai.Name(strings.ToLower(myodai.UnescapeText(string(rr.Name))))
}

func content(rr myodai.Record) string {
	if rr.Type == myodai.TypeTXT {
		return rr.Text()
	}
	return rr.Data
}

// target reads a host name in record data.
func target(data string) myodai.Name {
	return myodai.Name(strings.ToLower(strings.TrimSuffix(data, ".")))
}

// hosts lists the targets of an MX set, the most preferred first, without the
// null MX of RFC 7505.
func hosts(records []string) []myodai.Name {
	type mx struct {
		preference int
		host       myodai.Name
	}
	var list []mx
	for _, data := range records {
		preference, host, _ := strings.Cut(data, " ")
		n, err := strconv.Atoi(preference)
		if name := target(strings.TrimSpace(host)); err == nil && name != "" {
			list = append(list, mx{n, name})
		}
	}
	slices.SortStableFunc(list, func(a, b mx) int { return a.preference - b.preference })
	names := make([]myodai.Name, len(list))
	for i, m := range list {
		names[i] = m.host
	}
	return names
}

// askable reports whether a name can be put into a question: labels of 1 to 63
// octets, 253 in all. Spaces and the like may come out of macros; control
// characters, backslashes and octets past ASCII are never asked for.
func askable(name myodai.Name) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(string(name), ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return !strings.ContainsFunc(string(name), func(c rune) bool { return c < ' ' || c >= 0x7f || c == '\\' })
}

// reverse is the name at which PTR records of addr stand, without the zone.
func reverse(addr netip.Addr) string {
	parts := strings.Split(dotted(addr), ".")
	slices.Reverse(parts)
	return strings.Join(parts, ".")
}

// dotted is addr as the macro i: dotted quad, or 32 nibbles (RFC 7208 §7.3).
func dotted(addr netip.Addr) string {
	if addr.Is4() {
		return addr.String()
	}
	const hex = "0123456789ABCDEF"
	raw := addr.As16()
	b := make([]byte, 0, 63)
	for i, octet := range raw {
		if i > 0 {
			b = append(b, '.')
		}
		b = append(b, hex[octet>>4], '.', hex[octet&15])
	}
	return string(b)
}
