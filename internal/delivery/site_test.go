package delivery_test

import (
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
)

func TestSite(t *testing.T) {
	zone := parseZone(`MX example.com 10 mx1.example.net
MX example.com 10 mx2.example.net
MX example.com 5 best.example.net
MX hosted.example 10 mx2.example.net
MX hosted.example 10 mx1.example.net
MX hosted.example 5 BEST.example.net.
MX null.example 0 .
A bare.example 192.0.2.1`)
	agent := delivery.NewAgent(delivery.Options{Lookup: zone.lookup, Hostname: "out1.plat.example"})
	for domain, want := range map[myodai.Name]myodai.Site{
		"example.com":    "best.example.net,mx1.example.net,mx2.example.net",
		"hosted.example": "best.example.net,mx1.example.net,mx2.example.net",
		"null.example":   "null.example",
		"bare.example":   "bare.example",
		"gone.example":   "gone.example",
	} {
		for range 5 {
			if got := agent.Site(t.Context(), domain); got != want {
				t.Errorf("%s: %s, want %s", domain, got, want)
			}
		}
	}
	routes := delivery.Routes{Delivery: agent}
	if got := routes.Site(t.Context(), "example.com", "smarthost:bulk"); got != "smarthost:bulk" {
		t.Errorf("by a smarthost: %s", got)
	}
	relay := delivery.NewAgent(delivery.Options{Hostname: "out1.plat.example", Smarthost: &delivery.Smarthost{Host: "relay.example.org"}})
	if got := relay.Site(t.Context(), "example.com"); got != "smarthost:relay.example.org" {
		t.Errorf("where all mail goes by one: %s", got)
	}
}
