package delivery

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// shuffleFunc puts n things into random order, as rand.Shuffle does.
type shuffleFunc func(n int, swap func(i, j int))

// exchanger is one MX record.
type exchanger struct {
	host       myodai.Name
	preference uint64
}

// exchangers says which hosts take mail for domain, best first, given the answer
// to the question for its MX records; or the outcome when there are none.
//
// The address of the domain itself stands in only when its own servers say that
// there is no MX (RFC 5321 §5.1). An answer that did not arrive says nothing,
// and delivering to the address then is how mail ends up on a web server (P13).
func exchangers(domain, self myodai.Name, answer myodai.Answer, shuffle shuffleFunc) ([]myodai.Name, *myodai.Outcome) {
	records, kind := settle(answer, myodai.TypeMX)
	switch {
	case kind == myodai.AnswerUnknown:
		return nil, transient("4.4.3", "the MX records of %s cannot be looked up now%s", domain, because(answer))
	case kind == myodai.AnswerNegative && answer.RCode == "NXDOMAIN":
		return nil, permanent("5.1.2", "the domain %s does not exist", domain)
	case kind == myodai.AnswerNegative && domain == self:
		return nil, permanent("5.4.6", "mail for %s would come back to us", domain)
	case kind == myodai.AnswerNegative:
		return []myodai.Name{domain}, nil
	}
	usable, null := parseExchangers(records)
	if len(usable) == 0 && null {
		return nil, permanent("5.1.10", "the domain %s accepts no mail (null MX)", domain)
	}
	if len(usable) == 0 {
		return nil, permanent("5.4.4", "no MX record of %s names a host", domain)
	}
	usable = rank(usable, shuffle)
	hosts := before(usable, self)
	if len(hosts) == 0 {
		return nil, permanent("5.4.6", "mail for %s would come back to us", domain)
	}
	return hosts[:min(len(hosts), maxHosts)], nil
}

// parseExchangers reads MX records. An IP address where a host name belongs is
// passed over: the label it would be looked up as belongs to nobody (T35). null
// tells of a null MX (RFC 7505 §3); beside other records it means nothing.
func parseExchangers(records []myodai.Record) (usable []exchanger, null bool) {
	for _, rr := range records {
		number, target, _ := strings.Cut(rr.Data, " ")
		preference, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			continue
		}
		host, err := myodai.ParseOwner(target)
		if err != nil {
			continue
		}
		if host == "" {
			null = true
			continue
		}
		if _, err := netip.ParseAddr(string(host)); err == nil {
			continue
		}
		usable = append(usable, exchanger{host, preference})
	}
	return usable, null
}

// rank orders exchangers by preference and, as RFC 5321 §5.1 asks, at random
// where that is equal; a host named twice keeps its better place.
func rank(list []exchanger, shuffle shuffleFunc) []exchanger {
	shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	slices.SortStableFunc(list, func(a, b exchanger) int { return cmp.Compare(a.preference, b.preference) })
	seen := map[myodai.Name]bool{}
	return slices.DeleteFunc(list, func(e exchanger) bool {
		again := seen[e.host]
		seen[e.host] = true
		return again
	})
}

// before lists the hosts better than self, if self is among them: to itself or
// to its equals an exchanger never passes mail on (RFC 5321 §5.1).
func before(ranked []exchanger, self myodai.Name) []myodai.Name {
	at := slices.IndexFunc(ranked, func(e exchanger) bool { return e.host == self })
	var hosts []myodai.Name
	for _, e := range ranked {
		if at >= 0 && e.preference >= ranked[at].preference {
			break
		}
		hosts = append(hosts, e.host)
	}
	return hosts
}

// addresses says at which addresses host is reached, given the answers for its
// A and AAAA records; or the outcome when there are none.
//
// The families take turns so that the limit cuts off neither. IPv4 begins:
// receivers judge it more calmly, and most of them are reached by it. An MX that
// is an alias is followed, against RFC 5321 §5.1, because everybody does.
func addresses(host myodai.Name, v4, v6 myodai.Answer, shuffle shuffleFunc) ([]netip.Addr, *myodai.Outcome) {
	four, kind4 := addressesOf(v4, myodai.TypeA, shuffle)
	six, kind6 := addressesOf(v6, myodai.TypeAAAA, shuffle)
	var list []netip.Addr
	for i := range max(len(four), len(six)) {
		if i < len(four) {
			list = append(list, four[i])
		}
		if i < len(six) {
			list = append(list, six[i])
		}
	}
	switch {
	case len(list) > 0:
		return list[:min(len(list), maxAddresses)], nil
	case kind4 == myodai.AnswerUnknown:
		return nil, transient("4.4.3", "the addresses of %s cannot be looked up now%s", host, because(v4))
	case kind6 == myodai.AnswerUnknown:
		return nil, transient("4.4.3", "the addresses of %s cannot be looked up now%s", host, because(v6))
	}
	return nil, permanent("5.4.4", "the host %s has no address", host)
}

func addressesOf(answer myodai.Answer, t myodai.RecordType, shuffle shuffleFunc) ([]netip.Addr, myodai.AnswerKind) {
	records, kind := settle(answer, t)
	var list []netip.Addr
	for _, rr := range records {
		if ip, err := netip.ParseAddr(rr.Data); err == nil && ip.Is4() == (t == myodai.TypeA) {
			list = append(list, ip)
		}
	}
	shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list, kind
}

// settle follows the aliases of an answer and returns the records of type t at
// their end. Without any, the kind says whether it is certain that there are
// none: positive comes only with records.
func settle(answer myodai.Answer, t myodai.RecordType) ([]myodai.Record, myodai.AnswerKind) {
	if answer.Kind() == myodai.AnswerUnknown {
		return nil, myodai.AnswerUnknown
	}
	name := answer.Name
	for range maxAliases + 1 {
		var records []myodai.Record
		next := name
		for _, rr := range answer.Records {
			if rr.Name != name {
				continue
			}
			switch rr.Type {
			case t:
				records = append(records, rr)
			case myodai.TypeCNAME:
				next = myodai.Name(strings.ToLower(strings.TrimSuffix(rr.Data, ".")))
			}
		}
		if len(records) > 0 {
			return records, myodai.AnswerPositive
		}
		if next == name {
			return nil, without(answer, name)
		}
		name = next
	}
	return nil, myodai.AnswerUnknown
}

// without judges an answer that has no records at name: only the SOA of a zone
// around it makes the absence certain (RFC 2308 §2).
func without(answer myodai.Answer, name myodai.Name) myodai.AnswerKind {
	for _, rr := range answer.Authority {
		if rr.Type == myodai.TypeSOA && name.Under(rr.Name) {
			return myodai.AnswerNegative
		}
	}
	return myodai.AnswerUnknown
}

// because is why an answer is worth nothing, for the end of a sentence.
func because(answer myodai.Answer) string {
	switch {
	case answer.Err != "":
		return ": " + clean(answer.Err)
	case answer.RCode != "" && answer.RCode != "NOERROR":
		return ": " + clean(answer.RCode)
	}
	return ""
}
