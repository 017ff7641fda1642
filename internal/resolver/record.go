package resolver

import (
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
)

// nameOf is a name off the wire in our form.
func nameOf(wire string) myodai.Name {
	return myodai.Name(strings.ToLower(strings.TrimSuffix(wire, ".")))
}

// record translates one record. Names in its data are in lower case: a server may
// repeat the case we asked in, so it carries no meaning.
func record(rr dns.RR) myodai.Record {
	h := rr.Header()
	r := myodai.Record{Name: nameOf(h.Name), Type: typeOf(h.Rrtype), TTL: h.Ttl}
	switch rr := rr.(type) {
	case *dns.A:
		r.Data = rr.A.String()
	case *dns.AAAA:
		r.Data = rr.AAAA.String()
	case *dns.CNAME:
		r.Data = string(nameOf(rr.Target))
	case *dns.DNAME:
		r.Data = string(nameOf(rr.Target))
	case *dns.NS:
		r.Data = string(nameOf(rr.Ns))
	case *dns.MX:
		r.Data = strconv.Itoa(int(rr.Preference)) + " " + string(nameOf(rr.Mx))
	case *dns.SOA:
		r.Data = strings.Join([]string{
			string(nameOf(rr.Ns)), string(nameOf(rr.Mbox)), decimal(rr.Serial),
			decimal(rr.Refresh), decimal(rr.Retry), decimal(rr.Expire), decimal(rr.Minttl),
		}, " ")
	case *dns.TXT:
		r.Strings = make([]string, len(rr.Txt))
		for i, s := range rr.Txt {
			r.Strings[i] = escape(s)
		}
		r.Data = strings.Join(r.Strings, "")
	default:
		r.Data = strings.TrimPrefix(rr.String(), h.String())
	}
	return r
}

func records(list []dns.RR) []myodai.Record {
	records := make([]myodai.Record, 0, len(list))
	for _, rr := range list {
		records = append(records, record(rr))
	}
	return records
}

func typeOf(t uint16) myodai.RecordType {
	if s, ok := dns.TypeToString[t]; ok {
		return myodai.RecordType(s)
	}
	return myodai.RecordType("TYPE" + strconv.Itoa(int(t))) // RFC 3597 §5
}

func decimal(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// escape turns a string of package dns, which escapes quotes too, into the form
// of myodai.Record.Data.
func escape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for _, c := range []byte(myodai.UnescapeText(s)) {
		switch {
		case c == '\\':
			b.WriteString(`\\`)
		case c < ' ' || c > '~':
			b.WriteByte('\\')
			b.WriteString(strconv.Itoa(1000 + int(c))[1:])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
