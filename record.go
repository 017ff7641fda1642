package myodai

import (
	"strings"
	"time"
)

// RecordType is a DNS type by its mnemonic, such as "TXT".
type RecordType string

const (
	TypeA     RecordType = "A"
	TypeAAAA  RecordType = "AAAA"
	TypeCAA   RecordType = "CAA"
	TypeCNAME RecordType = "CNAME"
	TypeDNAME RecordType = "DNAME"
	TypeDS    RecordType = "DS"
	TypeMX    RecordType = "MX"
	TypeNS    RecordType = "NS"
	TypeSOA   RecordType = "SOA"
	TypeTLSA  RecordType = "TLSA"
	TypeTXT   RecordType = "TXT"
)

// Record is one DNS resource record.
type Record struct {
	Name Name       `json:"name"`
	Type RecordType `json:"type"`
	TTL  uint32     `json:"ttl"` // seconds
	// Data is the data in presentation form: a target without its final dot for
	// CNAME, DNAME and NS, "10 mx.example.com" for MX. For TXT it is the strings
	// joined without separator and with octets outside printable ASCII written as
	// \DDD; Text undoes that.
	Data string `json:"data"`
	// Strings are the strings of a TXT record as the wire split them, escaped
	// like Data; nil for other types.
	Strings []string `json:"strings,omitempty"`
}

// Text is the content of a TXT record as octets.
func (r Record) Text() string { return UnescapeText(r.Data) }

// UnescapeText undoes the \DDD and \X of RFC 1035 §5.1.
func UnescapeText(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		if d := s[i+1:]; len(d) >= 3 && strings.Trim(d[:3], "0123456789") == "" {
			b.WriteByte((d[0]-'0')*100 + (d[1]-'0')*10 + d[2] - '0')
			i += 3
			continue
		}
		i++
		b.WriteByte(s[i])
	}
	return b.String()
}

// Question is one thing to ask DNS.
type Question struct {
	Name Name       `json:"name"`
	Type RecordType `json:"type"`
	// Confirm asks that a positive answer be fetched again over TCP, which an
	// off-path attacker cannot forge (T15). For names whose presence proves
	// ownership.
	Confirm bool `json:"confirm,omitempty"`
	// OneServer asks only one of the zone's servers: for probes whose answer
	// decides nothing by itself.
	OneServer bool `json:"one_server,omitempty"`
	// Recursive asks the public resolvers instead of the zone's own servers.
	// Never before the authoritative answer is right, or the question itself
	// plants a negative cache entry.
	Recursive bool `json:"recursive,omitempty"`
	// Host is the name of a server to ask instead of the zone's own: another DNS
	// host, at which the records may have been entered by mistake. What it says is
	// never evidence of what the zone holds.
	Host Name `json:"host,omitempty"`
}

// Transport is how a question went out.
type Transport string

const (
	TransportUDP Transport = "udp"
	TransportTCP Transport = "tcp"
)

// AnswerKind tells apart what an answer is worth (P12).
type AnswerKind string

const (
	AnswerPositive AnswerKind = "positive" // records of the type asked for, or an alias for it
	AnswerNegative AnswerKind = "negative" // authoritatively none: NXDOMAIN or NODATA with the zone's SOA
	AnswerUnknown  AnswerKind = "unknown"  // anything else; never evidence
)

// Answer is what one server said to one question, word for word.
type Answer struct {
	Question
	Server        string        `json:"server"`    // host name of the server, "" when only its address is known
	Address       string        `json:"address"`   // address and port asked
	Zone          Name          `json:"zone"`      // the zone the server was asked for
	Transport     Transport     `json:"transport"` // that the answer came by
	RCode         string        `json:"rcode"`     // "NOERROR", "NXDOMAIN" …; "" when no answer came
	Authoritative bool          `json:"aa"`        // the AA bit
	Validated     bool          `json:"ad"`        // the AD bit, of a recursive resolver
	Records       []Record      `json:"records"`   // answer section, in order, aliases included
	Authority     []Record      `json:"authority"` // authority section
	ExtendedError string        `json:"ede"`       // RFC 8914, "9: DNSKEY Missing"; "" for none
	Err           string        `json:"err"`       // why there is no answer: "timeout", "connection refused" …
	At            time.Time     `json:"at"`        // when it arrived, or was given up
	Took          time.Duration `json:"took"`      // nanoseconds
}

// Kind says what the answer is worth. Only an authoritative answer counts
// either way, and a negative one only with the SOA that makes it one
// (RFC 2308 §2).
func (a Answer) Kind() AnswerKind {
	switch {
	case a.Err != "" || !(a.Authoritative || a.Recursive):
		return AnswerUnknown
	case a.RCode == "NXDOMAIN" && len(a.Records) > 0:
		// An alias that leads to a name that does not exist: the alias is there.
		return AnswerPositive
	case a.RCode != "NOERROR" && a.RCode != "NXDOMAIN":
		return AnswerUnknown
	case a.RCode == "NOERROR" && len(a.Records) > 0:
		return AnswerPositive
	}
	for _, rr := range a.Authority {
		if rr.Type == TypeSOA && a.Name.Under(rr.Name) {
			return AnswerNegative
		}
	}
	return AnswerUnknown
}

// Of lists the records of the given type at exactly the name that was asked.
func (a Answer) Of(t RecordType) []Record {
	var found []Record
	for _, rr := range a.Records {
		if rr.Type == t && rr.Name == a.Name {
			found = append(found, rr)
		}
	}
	return found
}

// Server is one address of a zone's name server.
type Server struct {
	Name    Name   `json:"name"`    // host name in the NS record
	Address string `json:"address"` // IP address and port; "" when the host name has none
	Err     string `json:"err"`     // why it has none
}

// Zone is one zone on the way down from the root, as its parent delegates it.
type Zone struct {
	Name    Name     `json:"name"`
	Servers []Server `json:"servers"` // by the parent's NS set and its glue
	DS      []Record `json:"ds"`      // at the parent
	Err     string   `json:"err"`     // why the walk ended here; "" when it went on or arrived
}

// Observation is what DNS said to one check. It is kept, and every verdict can
// be derived from it again.
type Observation struct {
	Domain     Name      `json:"domain"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at"`
	Zones      []Zone    `json:"zones"`      // every zone that was walked through, root first
	Answers    []Answer  `json:"answers"`    // in the order asked
	Incomplete string    `json:"incomplete"` // why questions were left unasked: the budget, the deadline; "" for none

	// Registration is what the registry said; nil when there was no reason to ask.
	Registration *Registration `json:"registration,omitempty"`
	// TenantSees is what the tenant's own resolver shows them, as they say it: a
	// hint at where they entered the records, and never evidence.
	TenantSees []Record `json:"tenant_sees,omitempty"`
}

// ZoneOf is the deepest walked zone at or above name, without an error; ok is
// false when there is none.
func (o Observation) ZoneOf(name Name) (zone Zone, ok bool) {
	for _, z := range o.Zones {
		if z.Err == "" && name.Under(z.Name) && (!ok || z.Name.Labels() > zone.Name.Labels()) {
			zone, ok = z, true
		}
	}
	return zone, ok
}

// About lists the answers to one question of the zone's own servers, UDP before
// the TCP confirmation of the same server.
func (o Observation) About(name Name, t RecordType) []Answer {
	var found []Answer
	for _, a := range o.Answers {
		if a.Name == name && a.Type == t && !a.Recursive && a.Host == "" {
			found = append(found, a)
		}
	}
	return found
}
