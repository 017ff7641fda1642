package resolver

import (
	"net"
	"testing"

	"github.com/miekg/dns"
)

// Once a query was answered, another may take its ID: giving up the first must
// not make the second one's answer unexpected.
func TestIDsAreUsedAgain(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	first, second := &dns.Msg{MsgHdr: dns.MsgHdr{Id: 7}}, &dns.Msg{MsgHdr: dns.MsgHdr{Id: 7}}
	s := &stream{conn: near, waiting: map[uint16]waiting{7: {m: second}}}
	if s.forget(first); s.waiting[7].m != second {
		t.Error("the second query waits no more")
	}
	if s.forget(second); len(s.waiting) > 0 {
		t.Error("a query that was given up still waits")
	}
}
