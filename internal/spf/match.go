package spf

import (
	"net/netip"
	"strings"

	"github.com/myodai/myodai"
)

// match reports whether a mechanism of domain's record matches the client, or
// returns the outcome that ends everything (RFC 7208 §5).
func (e *evaluation) match(t Term, domain myodai.Name, path []myodai.Name) (bool, *outcome) {
	if t.Asks() {
		if stop := e.count(t, path); stop != nil {
			return false, stop
		}
	}
	switch t.Name {
	case TermAll:
		return true, nil
	case TermIP4, TermIP6:
		return t.Prefix.Contains(e.ip), nil
	case TermInclude:
		return e.matchInclude(t, domain, path)
	case TermA:
		return e.matchA(t, domain, path)
	case TermMX:
		return e.matchMX(t, domain, path)
	case TermPTR:
		return e.matchPTR(t, domain), nil
	}
	return e.matchExists(t, domain, path)
}

// matchInclude follows the table of RFC 7208 §5.2.
func (e *evaluation) matchInclude(t Term, domain myodai.Name, path []myodai.Name) (bool, *outcome) {
	to := e.target(t.Domain, domain)
	if !askable(to) {
		return false, failed(ResultPermError, ReasonNoTarget, t.Text, path)
	}
	switch o := e.check(to, path); o.kind {
	case ResultPass:
		return true, nil
	case ResultTempError, ResultPermError:
		return false, &o
	case ResultNone:
		return false, failed(ResultPermError, ReasonNoTarget, t.Text, path)
	}
	return false, nil
}

func (e *evaluation) matchA(t Term, domain myodai.Name, path []myodai.Name) (bool, *outcome) {
	answer := e.ask(e.target(t.Domain, domain), e.addressType())
	switch answer.kind {
	case myodai.AnswerUnknown:
		return false, failed(ResultTempError, e.unknown(), t.Text, path)
	case myodai.AnswerNegative:
		return false, e.void(t, path)
	}
	return e.contains(t, answer.records), nil
}

// matchMX tries the hosts in order of preference. Their addresses are not
// counted as look-ups, but there may be ten of them.
func (e *evaluation) matchMX(t Term, domain myodai.Name, path []myodai.Name) (bool, *outcome) {
	answer := e.ask(e.target(t.Domain, domain), myodai.TypeMX)
	switch answer.kind {
	case myodai.AnswerUnknown:
		return false, failed(ResultTempError, e.unknown(), t.Text, path)
	case myodai.AnswerNegative:
		return false, e.void(t, path)
	}
	// DNS shuffles equal preferences, so stopping only at the eleventh would
	// give one sender two results. We refuse before the first.
	list := hosts(answer.records)
	if len(list) > MaxHosts {
		return false, failed(ResultPermError, ReasonMXHosts, t.Text, path)
	}
	for _, host := range list {
		addresses := e.ask(host, e.addressType())
		if addresses.kind == myodai.AnswerUnknown {
			return false, failed(ResultTempError, e.unknown(), t.Text, path)
		}
		if e.contains(t, addresses.records) {
			return true, nil
		}
	}
	return false, nil
}

// matchPTR never errs: who looks wrong in the reverse tree just does not match
// (RFC 7208 §5.5). A void here is the client's doing, and is not counted.
func (e *evaluation) matchPTR(t Term, domain myodai.Name) bool {
	within := e.target(t.Domain, domain)
	for _, name := range e.clientNames() {
		if name.Under(within) {
			return true
		}
	}
	return false
}

// matchExists asks for A whatever the client's address is (RFC 7208 §5.7).
func (e *evaluation) matchExists(t Term, domain myodai.Name, path []myodai.Name) (bool, *outcome) {
	switch e.ask(e.target(t.Domain, domain), myodai.TypeA).kind {
	case myodai.AnswerUnknown:
		return false, failed(ResultTempError, e.unknown(), t.Text, path)
	case myodai.AnswerNegative:
		return false, e.void(t, path)
	}
	return true, nil
}

// addressType is the type in which the client's address would stand.
func (e *evaluation) addressType() myodai.RecordType {
	if e.ip.Is4() {
		return myodai.TypeA
	}
	return myodai.TypeAAAA
}

// contains compares the client's address with a and mx records.
func (e *evaluation) contains(t Term, records []string) bool {
	bits := t.Bits6
	if e.ip.Is4() {
		bits = t.Bits4
	}
	for _, data := range records {
		addr, err := netip.ParseAddr(data)
		if err != nil {
			continue
		}
		if p, err := addr.Prefix(bits); err == nil && p.Contains(e.ip) {
			return true
		}
	}
	return false
}

// clientNames lists the validated names of the client: of the first ten PTR
// names those that lead back to it (RFC 7208 §5.5).
func (e *evaluation) clientNames() []myodai.Name {
	answer := e.ask(myodai.Name(strings.ToLower(reverse(e.ip)+"."+e.family()+".arpa")), typePTR)
	var names []myodai.Name
	for _, data := range answer.records[:min(len(answer.records), MaxHosts)] {
		name := target(data)
		for _, address := range e.ask(name, e.addressType()).records {
			if addr, err := netip.ParseAddr(address); err == nil && addr == e.ip {
				names = append(names, name)
				break
			}
		}
	}
	return names
}
