package spf_test

import (
	"net/netip"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/spf"
)

// TestAliasesFollowedByTheCache: a cache that follows aliases itself answers
// under the name they led to, and with that name's records only.
func TestAliasesFollowedByTheCache(t *testing.T) {
	lookup := func(name myodai.Name, qtype myodai.RecordType) myodai.Answer {
		return myodai.Answer{
			Question: myodai.Question{Name: "rp.plat.example", Type: qtype, Recursive: true}, RCode: "NOERROR",
			Records: []myodai.Record{{Name: "rp.plat.example", Type: myodai.TypeTXT, Data: "v=spf1 ip4:203.0.113.10 -all"}},
		}
	}
	got := spf.Evaluate(lookup, netip.MustParseAddr("203.0.113.10"), "mail.plat.example", "b@bounce.acme.example")
	if got.Kind != spf.ResultPass || got.Domain != "bounce.acme.example" {
		t.Errorf("%s at %s (%s), want pass at bounce.acme.example", got.Kind, got.Domain, got.Reason)
	}
}
