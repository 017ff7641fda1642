package dnshost

import (
	"slices"
	"testing"
)

func TestOfRegistrar(t *testing.T) {
	for name, want := range map[string][]string{
		"GMO Internet Group, Inc. d/b/a Onamae.com": {"onamae"},
		"Xserver Inc.":                {"xserver", "xserver-domain"},
		"NameCheap, Inc.":             {"namecheap"},
		"GMO Pepabo, Inc.":            {"muumuu"},
		"A registrar without a panel": nil,
		"":                            nil,
	} {
		var got []string
		for _, h := range OfRegistrar(name) {
			got = append(got, h.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}

// TestUsualServers: where every zone has servers of its own there is nobody to
// ask for another one's.
func TestUsualServers(t *testing.T) {
	onamae, _ := ByID("onamae")
	route53, _ := ByID("route53")
	if got := onamae.UsualServers(); len(got) != 4 || got[0] != "01.dnsv.jp" {
		t.Errorf("onamae: %v", got)
	}
	if got := route53.UsualServers(); len(got) != 0 {
		t.Errorf("route53: %v", got)
	}
	for _, h := range Hosts() {
		for _, part := range h.Registrars {
			if !slices.ContainsFunc(OfRegistrar(part), func(o Host) bool { return o.ID == h.ID }) {
				t.Errorf("%s: %q is not in small letters", h.ID, part)
			}
		}
	}
}
