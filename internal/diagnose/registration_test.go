package diagnose

import (
	"testing"

	"github.com/myodai/myodai"
)

// TestAsksRegistry: the registry is asked where DNS leaves open why nothing is
// there, and only there.
func TestAsksRegistry(t *testing.T) {
	for name, want := range map[string]bool{
		"none": false, "record-missing": false, "name-suffix-duplicated": false,
		"domain-not-registered": true, "domain-parked": true, "wrong-dns-host": true, "record-missing--all": true,
	} {
		c := readCase(t, name)
		in := c.input(c.load(t))
		if got := AsksRegistry(in); (got != "") != want || want && got != "kaisha.example" {
			t.Errorf("%s: %q", name, got)
		}
		in.Observation.Registration = &myodai.Registration{Err: "no answer"}
		if got := AsksRegistry(in); got != "" {
			t.Errorf("%s: asked twice", name)
		}
	}
}

func TestStatusOfARegistration(t *testing.T) {
	for name, tt := range map[string]struct {
		r    myodai.Registration
		want string
	}{
		"what holds it back":       {myodai.Registration{Status: []string{"client transfer prohibited", "Client Hold"}}, "client hold"},
		"nobody to ask":            {myodai.Registration{Status: []string{"active"}}, "no name servers"},
		"nothing that explains it": {myodai.Registration{Status: []string{"active"}, NameServers: []myodai.Name{"ns1.host.example"}}, "active"},
	} {
		if got := status(tt.r); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestAnUnknownRegistrationIsNone: a registry that does not answer changes
// nothing (P12).
func TestAnUnknownRegistrationIsNone(t *testing.T) {
	c := readCase(t, "domain-on-hold")
	r := c.load(t)
	c.beyond.registration.Err = "timeout"
	if findings := Domain(c.input(r)); findings[0].Cause != DomainNotRegistered {
		t.Errorf("%s", show(findings))
	}
}
