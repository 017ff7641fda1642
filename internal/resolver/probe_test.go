package resolver_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/myodai/myodai"
)

func TestProbeWalksFromTheRootAndAsksEveryServer(t *testing.T) {
	o := probe(t, options(world(t)), "acme.example TXT", "s1._domainkey.acme.example TXT", "s2._domainkey.acme.example TXT")
	expect(t, "zones", walked(o), `
		: @.1
		example: a.root.example@.1
		acme.example: ns1.acme.example@.2 ns2.acme.example@.3 1 DS`)
	expect(t, "answers", told(o.Answers), `
		acme.example TXT @.2 udp positive NOERROR [acme.example TXT v=spf1 -all]
		acme.example TXT @.3 udp positive NOERROR [acme.example TXT v=spf1 -all]
		s1._domainkey.acme.example TXT @.2 udp positive NOERROR [s1._domainkey.acme.example CNAME s1.dkim.plat.example]
		s1._domainkey.acme.example TXT @.3 udp positive NOERROR [s1._domainkey.acme.example CNAME s1.dkim.plat.example]
		s2._domainkey.acme.example TXT @.2 udp negative NXDOMAIN
		s2._domainkey.acme.example TXT @.3 udp negative NXDOMAIN`)
	if o.Incomplete != "" || o.StartedAt.IsZero() || o.FinishedAt.Before(o.StartedAt) {
		t.Errorf("incomplete %q, from %v to %v", o.Incomplete, o.StartedAt, o.FinishedAt)
	}
	for _, a := range o.Answers {
		if a.Zone != "acme.example" || a.Server == "" || a.Took <= 0 || a.At.IsZero() || !a.Authoritative {
			t.Errorf("%+v", a)
		}
	}
}

func TestObservationSurvivesJSON(t *testing.T) {
	o := probe(t, options(world(t)), "acme.example TXT confirm", "none.acme.example MX", "plat.example SOA")
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var back myodai.Observation
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(o, back) {
		t.Errorf("round trip:\n%+v\nwas\n%+v", back, o)
	}
}
