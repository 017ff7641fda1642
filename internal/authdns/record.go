package authdns

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
)

// parse makes the wire form of a record. It is built field by field and not by
// a zone-file parser, so that nothing in a tenant's data can become syntax.
func parse(r myodai.Record) (dns.RR, error) {
	owner, err := wireName(r.Name)
	if err != nil {
		return nil, err
	}
	header := dns.RR_Header{Name: owner, Rrtype: dns.StringToType[string(r.Type)], Class: dns.ClassINET, Ttl: r.TTL}
	if r.TTL > 1<<31-1 {
		return nil, fmt.Errorf("TTL %d is more than 31 bits (RFC 2181 §8)", r.TTL)
	}
	switch r.Type {
	case myodai.TypeA, myodai.TypeAAAA:
		return parseAddress(header, r.Data)
	case myodai.TypeTXT:
		return &dns.TXT{Hdr: header, Txt: split(r.Text())}, nil
	case myodai.TypeCNAME:
		target, err := wireName(myodai.Name(r.Data))
		return &dns.CNAME{Hdr: header, Target: target}, err
	case myodai.TypeNS:
		host, err := wireName(myodai.Name(r.Data))
		return &dns.NS{Hdr: header, Ns: host}, err
	case myodai.TypeMX:
		preference, host, _ := strings.Cut(r.Data, " ")
		n, err := strconv.ParseUint(preference, 10, 16)
		if err != nil {
			return nil, errors.New("the preference is not a number up to 65535")
		}
		target, err := wireName(myodai.Name(host))
		return &dns.MX{Hdr: header, Preference: uint16(n), Mx: target}, err
	case myodai.TypeSOA:
		return parseSOA(header, r.Data)
	}
	return nil, errors.New("the type is not one that is served")
}

func parseAddress(header dns.RR_Header, data string) (dns.RR, error) {
	a, err := netip.ParseAddr(data)
	switch {
	case err != nil || a.Zone() != "":
		return nil, errors.New("the data is not an IP address")
	case header.Rrtype == dns.TypeA && a.Is4():
		return &dns.A{Hdr: header, A: a.AsSlice()}, nil
	case header.Rrtype == dns.TypeAAAA && a.Is6() && !a.Is4In6():
		return &dns.AAAA{Hdr: header, AAAA: a.AsSlice()}, nil
	}
	return nil, errors.New("the IP address is of the other family")
}

// parseSOA reads "server contact serial refresh retry expire minimum".
func parseSOA(header dns.RR_Header, data string) (dns.RR, error) {
	fields := strings.Fields(data)
	if len(fields) != 7 {
		return nil, errors.New("an SOA record has seven fields")
	}
	server, err := wireName(myodai.Name(fields[0]))
	if err != nil {
		return nil, err
	}
	contact, err := wireName(myodai.Name(fields[1]))
	if err != nil {
		return nil, err
	}
	var n [5]uint32
	for i, f := range fields[2:] {
		v, err := strconv.ParseUint(f, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number of seconds", f)
		}
		n[i] = uint32(v)
	}
	return &dns.SOA{
		Hdr: header, Ns: server, Mbox: contact,
		Serial: n[0], Refresh: n[1], Retry: n[2], Expire: n[3], Minttl: n[4],
	}, nil
}

// wireName is a name with its final dot. Only letters, digits, hyphens and
// underscores are taken, though DNS allows any octet: everything we publish is
// made of these, and a name that needs an escape is a mistake. "." is the root,
// as in the null MX of RFC 7505.
func wireName(n myodai.Name) (string, error) {
	if n == "." {
		return ".", nil
	}
	if len(n) > 253 {
		return "", fmt.Errorf("the name %q is longer than 253 octets", n)
	}
	for label := range strings.SplitSeq(string(n), ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", fmt.Errorf("the name %q is not made of lower-case labels", n)
		}
	}
	return string(n) + ".", nil
}

// split cuts text into the strings of a TXT record, 255 octets at most
// (RFC 1035 §3.3), escaped as the library wants them.
func split(text string) []string {
	var parts []string
	for len(text) > 255 {
		parts = append(parts, escape(text[:255]))
		text = text[255:]
	}
	return append(parts, escape(text))
}

func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
