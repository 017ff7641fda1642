package dnshost_test

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dnshost"
)

// facts is where the ids come from; they are public API.
const facts = "../../../shared/dns/hosts.json"

func TestEveryIDIsKept(t *testing.T) {
	data, err := os.ReadFile(facts)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the list of hosts is not there: " + facts)
	} else if err != nil {
		t.Fatal(err)
	}
	var want []struct{ ID string }
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for _, w := range want {
		if _, ok := dnshost.ByID(w.ID); !ok {
			t.Errorf("%s is missing", w.ID)
		}
	}
	if len(dnshost.Hosts()) != len(want) || len(want) != 52 {
		t.Errorf("%d hosts, want %d", len(dnshost.Hosts()), len(want))
	}
}

func TestFactsAreWellFormed(t *testing.T) {
	certainties := []dnshost.Certainty{dnshost.Seen, dnshost.Believed, dnshost.Unknown}
	needs := []dnshost.Need{dnshost.Must, dnshost.MustNot, dnshost.Either, ""}
	seen := map[string]bool{}
	for _, h := range dnshost.Hosts() {
		p := h.Panel
		if seen[h.ID] || h.ID == "" || h.Name.English == "" || h.Name.Japanese == "" {
			t.Errorf("%q has no name or two entries", h.ID)
		}
		seen[h.ID] = true
		if h.Region != "jp" && h.Region != "world" {
			t.Errorf("%s: region %q", h.ID, h.Region)
		}
		if !slices.Contains([]dnshost.HostForm{dnshost.HostRelative, dnshost.HostAbsolute, dnshost.HostEither, ""}, p.Host.Value) {
			t.Errorf("%s: host form %q", h.ID, p.Host.Value)
		}
		if !slices.Contains([]dnshost.ApexForm{dnshost.ApexAt, dnshost.ApexEmpty, dnshost.ApexFull, ""}, p.Apex.Value) {
			t.Errorf("%s: apex form %q", h.ID, p.Apex.Value)
		}
		if !slices.Contains(needs, p.FinalDot.Value) || !slices.Contains(needs, p.Quotes.Value) {
			t.Errorf("%s: final dot %q, quotes %q", h.ID, p.FinalDot.Value, p.Quotes.Value)
		}
		if h.Help.Known() && !strings.HasPrefix(h.Help.Value, "https://") {
			t.Errorf("%s: help at %q", h.ID, h.Help.Value)
		}
		for _, n := range h.Notes {
			if n.Certainty == dnshost.Unknown || !strings.HasSuffix(n.English, ".") || !strings.HasSuffix(n.Japanese, "。") {
				t.Errorf("%s: note %+v", h.ID, n)
			}
		}
		// Every fact says how well it is known.
		panel := reflect.ValueOf(p)
		for i := range panel.NumField() {
			if field := panel.Field(i); field.Kind() == reflect.Struct && !field.IsZero() {
				if c := field.FieldByName("Certainty").Interface().(dnshost.Certainty); c == dnshost.Unknown || !slices.Contains(certainties, c) {
					t.Errorf("%s: %s is %q", h.ID, panel.Type().Field(i).Name, c)
				}
			}
		}
	}
}

// nobodys are the hosts whose name servers are not known: tenants bring their
// own, or the list has none.
var nobodys = []string{"zenlogic", "webarena", "canonet", "nifcloud", "idcf-cloudn", "cpanel"}

// F9: the DNS host is seen by its name servers.
func TestEveryHostIsRecognized(t *testing.T) {
	for _, h := range dnshost.Hosts() {
		patterns := slices.Concat(h.NameServers.Patterns, h.SharedNameServers.Patterns)
		if len(patterns) == 0 {
			if !slices.Contains(nobodys, h.ID) {
				t.Errorf("%s has no name servers", h.ID)
			}
			continue
		}
		var delegation []myodai.Name
		for _, pattern := range h.NameServers.Patterns {
			delegation = append(delegation, myodai.Name(strings.ReplaceAll(pattern, "*", "07")))
		}
		if len(delegation) > 0 {
			if got, ok := dnshost.Recognize(delegation); !ok || got.ID != h.ID {
				t.Errorf("Recognize(%v) = %s, want %s", delegation, got.ID, h.ID)
			}
		}
		for _, pattern := range h.SharedNameServers.Patterns {
			ns := myodai.Name(strings.ReplaceAll(pattern, "*", "a1"))
			is := func(c dnshost.Candidate) bool { return c.Host.ID == h.ID }
			if got := dnshost.Candidates([]myodai.Name{ns}); !slices.ContainsFunc(got, is) {
				t.Errorf("Candidates(%s) = %v, want %s among them", ns, got, h.ID)
			}
		}
	}
}

func TestRecognize(t *testing.T) {
	for _, tt := range []struct {
		name        string
		nameServers []myodai.Name
		want        string
		sure        bool
		others      []string
	}{
		{"two labels of one's own", []myodai.Name{"amy.ns.cloudflare.com", "bob.ns.cloudflare.com"}, "cloudflare", true, nil},
		{"four top-level domains", []myodai.Name{"ns-1.awsdns-01.com", "ns-513.awsdns-00.net", "ns-1025.awsdns-00.org", "ns-1537.awsdns-00.co.uk"}, "route53", true, nil},
		{"a set that two registrars use", []myodai.Name{"01.dnsv.jp", "02.dnsv.jp"}, "onamae", false, []string{"value-domain"}},
		{"a set that resellers use", []myodai.Name{"ns-cloud-b1.googledomains.com"}, "google-cloud-dns", false, []string{"squarespace", "shopify"}},
		{"a set of one's provider", []myodai.Name{"dns1.p07.nsone.net"}, "netlify", false, nil},
		{"a believed set", []myodai.Name{"ns1.wordpress.com"}, "wordpress-com", false, nil},
		{"the initial name servers", []myodai.Name{"dns1.onamae.com", "dns2.onamae.com"}, "onamae-default", true, nil},
		{"two hosts, one with more servers", []myodai.Name{"ns1.dns.ne.jp", "ns0.kagoya.net", "ns1.kagoya.net"}, "kagoya", false, []string{"sakura-domain"}},
		{"one's own and a stranger's", []myodai.Name{"ns1.linode.com", "ns.kaisha.example"}, "linode", false, nil},
		{"a name that only looks like it", []myodai.Name{"ns.cloudflare.com", "a.b.ns.cloudflare.com", "ns1.digitalocean.com.example"}, "", false, nil},
		{"no name servers", nil, "", false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, ok := dnshost.Recognize(tt.nameServers)
			if tt.want == "" {
				if ok || h.ID != "generic" {
					t.Errorf("Recognize = %s, %v; want generic", h.ID, ok)
				}
				return
			}
			list := dnshost.Candidates(tt.nameServers)
			if h.ID != tt.want || list[0].Sure != tt.sure {
				t.Errorf("Recognize = %s, sure %v; want %s, %v", h.ID, list[0].Sure, tt.want, tt.sure)
			}
			var others []string
			for _, c := range list[1:] {
				others = append(others, c.Host.ID)
			}
			if !slices.Equal(others, tt.others) {
				t.Errorf("others = %v, want %v", others, tt.others)
			}
		})
	}
}

func TestNextPublish(t *testing.T) {
	japan := time.FixedZone("JST", 9*60*60)
	saved := time.Date(2026, 11, 22, 15, 3, 20, 0, japan)
	for _, tt := range []struct {
		host  string
		saved time.Time
		want  string // "" for unknown
		c     dnshost.Certainty
	}{
		{"kagoya", saved, "15:15:00", dnshost.Seen},
		{"kagoya", time.Date(2026, 11, 22, 15, 14, 59, 0, japan), "15:15:00", dnshost.Seen},
		{"kagoya", time.Date(2026, 11, 22, 15, 15, 0, 0, japan), "15:30:00", dnshost.Seen},
		{"heteml", saved, "16:03:20", dnshost.Seen},
		{"linode", saved, "15:18:20", dnshost.Believed},
		{"onamae", saved, "", dnshost.Unknown},
	} {
		h, _ := dnshost.ByID(tt.host)
		at, c := h.NextPublish(tt.saved)
		if tt.want == "" {
			if !at.IsZero() || c != dnshost.Unknown {
				t.Errorf("%s publishes at %v", tt.host, at)
			}
			continue
		}
		if got := at.Format("15:04:05"); got != tt.want || c != tt.c {
			t.Errorf("%s saved at %v publishes at %s, %s; want %s, %s", tt.host, tt.saved, got, c, tt.want, tt.c)
		}
	}
}

func TestUnknownIsLeftOutOfJSON(t *testing.T) {
	h, _ := dnshost.ByID("star-domain")
	data, err := json.Marshal(h)
	if err != nil || strings.Contains(string(data), `""`) || strings.Contains(string(data), "txt_max") {
		t.Errorf("json = %s, %v", data, err)
	}
}
