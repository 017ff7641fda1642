package handoff_test

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/handoff"
	"github.com/myodai/myodai/internal/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

var site = plan.Site{
	Zone: "plat.example", MailHost: "mail.plat.example", NameServers: []myodai.Name{"ns1.plat.example"},
	Addresses: []netip.Addr{netip.MustParseAddr("203.0.113.10")},
}

const (
	token  = "k7f3q9x2abcdefghijklmnopqr"
	public = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu5oIUrFDWZK7F4thFxpZa2or6jBEX3cSL6b2TJdPkO5iNn9vHNXhNX31nOefN8FksX94YbLJ8NHcFPbaZTW8R2HthYxRaCyqodxlLHibg8aHdfa+bxKeiI/xABRuAM0WG0JEDSyakMFqIO40ghj/h7DUc/4OXNdeQhrKDTlgf2bd+FjpJ3bNAFcMYa3Oeju33b2Tp+PdtqIwXRZksfuXh7m30kuyavp3Uaso145DRBaJZA55lNxmHWMgMjO+YjNeuR6j4oQqyGwzPaVcSdOG8Js2mXt+J3Hr+nNmJGxZUUW4Uw5ws08wT9opRgSpn+ThX2d1AgQePpGrWOamC3PdcwIDAQAB"
)

// domain is a domain with everything that can be asked for.
func domain(name myodai.Name, shape myodai.Shape) myodai.Domain {
	d := myodai.Domain{Name: name, State: myodai.DomainPending, Token: token, Shape: shape, RootSPF: true}
	d.ReturnPath = plan.DefaultReturnPath(d)
	return d
}

func planned(d myodai.Domain) plan.Plan {
	return plan.For(d, []myodai.Key{
		{Selector: "s1-k7f3q9x2", Algorithm: myodai.KeyRSA, Public: public, State: myodai.KeyActive},
		{Selector: "s2-k7f3q9x2", Algorithm: myodai.KeyRSA, Public: public, State: myodai.KeyStandby},
		{Selector: "e1-k7f3q9x2", Algorithm: myodai.KeyEd25519, Public: "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", State: myodai.KeyActive},
	}, site)
}

func sheet(shape myodai.Shape) handoff.Sheet {
	return handoff.Sheet{Zone: "acme.example", Items: planned(domain("acme.example", shape)).Items}
}

// naughty is a sheet that every format must escape its way out of. No plan
// looks like this; the formats do not count on it.
func naughty() handoff.Sheet {
	return handoff.Sheet{Zone: "acme.example", Items: []plan.Item{
		{Purpose: myodai.PurposeDMARC, Name: "_dmarc.acme.example", Type: myodai.TypeTXT, Value: `v=DMARC1; "q" \b ${var.x} %{if} </script> é ` + "\x01 '=1"},
		{Purpose: myodai.PurposeDKIM, Name: `a;b"c$d.acme.example`, Type: myodai.TypeCNAME, Value: `x(y)@z.plat.example`},
		{Purpose: myodai.PurposeSPF, Name: "acme.example", Type: myodai.TypeTXT, Value: "include:x\nEVIL IN TXT y\u2028z"},
	}}
}

func host(t *testing.T, id string) dnshost.Host {
	t.Helper()
	h, ok := dnshost.ByID(id)
	if !ok {
		t.Fatalf("no DNS host %q", id)
	}
	return h
}

// golden compares with testdata/name, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path) // #nosec G304 -- a test's own file
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := "(end)", "(end)"
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Errorf("%s line %d:\n got %s\nwant %s", name, i+1, g, w)
			return
		}
	}
}
