package resolver

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
)

// ednsSize is the largest UDP answer we ask for: what fits into one packet
// everywhere, so that no fragment can be forged (T15).
const ednsSize = 1232

// query is one question as it goes out.
type query struct {
	name      myodai.Name
	qtype     uint16
	recursive bool // to a resolver, not to an authoritative server
}

// newQuery translates a question.
func newQuery(q myodai.Question) (query, error) {
	qtype, ok := dns.StringToType[string(q.Type)]
	if !ok {
		return query{}, fmt.Errorf("%q is not a type of record", q.Type)
	}
	if _, ok := dns.IsDomainName(string(q.Name)); !ok && q.Name != "" {
		return query{}, fmt.Errorf("%q is not a valid name", q.Name)
	}
	return query{name: q.Name, qtype: qtype, recursive: q.Recursive}, nil
}

// message makes a message with a new random ID. Authoritative servers are asked
// for signatures (DO), because a referral then carries its DS records; resolvers
// only for their verdict (AD, RFC 6840 §5.7).
func (q query) message(edns, mixedCase bool) *dns.Msg {
	m := new(dns.Msg)
	m.Id = randomID()
	m.RecursionDesired = q.recursive
	m.AuthenticatedData = q.recursive
	name := dns.Fqdn(string(q.name))
	if mixedCase {
		name = randomCase(name)
	}
	m.Question = []dns.Question{{Name: name, Qtype: q.qtype, Qclass: dns.ClassINET}}
	if edns {
		m.SetEdns0(ednsSize, !q.recursive)
	}
	return m
}

// randomID comes from the system's generator: an ID that can be predicted lets
// strangers answer for the server (RFC 5452 §9.2).
func randomID() uint16 {
	var b [2]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.NativeEndian.Uint16(b[:])
}

// randomCase flips the case of letters at random. Escapes of RFC 1035 §5.1 are
// left alone, as they have no letters.
func randomCase(name string) string {
	coins := make([]byte, len(name))
	_, _ = rand.Read(coins) // never fails
	b := []byte(name)
	for i, c := range b {
		if 'a' <= c && c <= 'z' && coins[i]&1 == 1 {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// errForged ends an exchange over UDP in which too many answers did not match.
var errForged = errors.New("too many answers that do not match the question")

// matches reports whether reply answers m. The case of the name counts when it
// was chosen at random. An error may come without the question, as from servers
// that could not read it; it proves nothing anyway.
func matches(reply, m *dns.Msg, exactCase bool) bool {
	if reply.Id != m.Id || !reply.Response || reply.Opcode != dns.OpcodeQuery {
		return false
	}
	if len(reply.Question) == 0 {
		return reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError
	}
	got, want := reply.Question[0], m.Question[0]
	same := got.Name == want.Name || !exactCase && strings.EqualFold(got.Name, want.Name)
	return len(reply.Question) == 1 && same && got.Qtype == want.Qtype && got.Qclass == want.Qclass
}
