package dnshost_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
)

// form writes fields as "host | priority | value", with runs of key material
// shortened.
func form(f dnshost.Fields) string {
	value := f.Value
	for n := 300; n > 10; n-- {
		value = strings.ReplaceAll(value, strings.Repeat("k", n), fmt.Sprintf("<%d>", n))
	}
	return f.Host + " | " + f.Priority + " | " + value
}

var (
	alias = plan.Item{Purpose: myodai.PurposeDKIM, Name: "s1._domainkey.kaisha.example", Type: myodai.TypeCNAME, Value: "s1.tok.dkim.plat.example"}
	mx    = plan.Item{Purpose: myodai.PurposeReturnPath, Name: "bounce.kaisha.example", Type: myodai.TypeMX, Value: "10 tok.rp.plat.example"}
	apex  = plan.Item{Purpose: myodai.PurposeSPF, Name: "kaisha.example", Type: myodai.TypeTXT, Value: "v=spf1 -all"}
	key   = plan.Item{Purpose: myodai.PurposeDKIM, Name: "s1._domainkey.kaisha.example", Type: myodai.TypeTXT, Value: strings.Repeat("k", 300)}
)

// A20: each host gets the name with the domain or without, as its panel wants it.
func TestEnter(t *testing.T) {
	for _, tt := range []struct {
		host      string
		item      plan.Item
		want      string
		other     string
		certainty dnshost.Certainty
	}{
		{"generic", alias, "s1._domainkey |  | s1.tok.dkim.plat.example", "s1._domainkey.kaisha.example |  | s1.tok.dkim.plat.example.", ""},
		{"generic", mx, "bounce | 10 | tok.rp.plat.example", "bounce.kaisha.example |  | 10 tok.rp.plat.example.", ""},
		{"generic", apex, "@ |  | v=spf1 -all", ` |  | "v=spf1 -all"`, ""},
		{"generic", key, "s1._domainkey |  | <300>", `s1._domainkey.kaisha.example |  | "<255>" "<45>"`, ""},

		{"onamae", alias, "s1._domainkey |  | s1.tok.dkim.plat.example", "s1._domainkey.kaisha.example |  | s1.tok.dkim.plat.example.", dnshost.Seen},
		{"onamae", apex, " |  | v=spf1 -all", `@ |  | "v=spf1 -all"`, dnshost.Believed},
		{"muumuu", mx, "bounce | 10 | tok.rp.plat.example", "bounce.kaisha.example |  | 10 tok.rp.plat.example.", dnshost.Believed},
		{"muumuu", apex, " |  | v=spf1 -all", `@ |  | "v=spf1 -all"`, dnshost.Believed},
		{"sakura-domain", alias, "s1._domainkey |  | s1.tok.dkim.plat.example.", "s1._domainkey.kaisha.example |  | s1.tok.dkim.plat.example", dnshost.Seen},
		{"sakura-domain", apex, "@ |  | v=spf1 -all", ` |  | "v=spf1 -all"`, ""},
		{"xserver", apex, " |  | v=spf1 -all", `@ |  | "v=spf1 -all"`, dnshost.Believed},
		{"conoha", alias, "s1._domainkey |  | s1.tok.dkim.plat.example", "s1._domainkey.kaisha.example |  | s1.tok.dkim.plat.example.", dnshost.Believed},
		{"conoha", apex, "@ |  | v=spf1 -all", ` |  | "v=spf1 -all"`, ""},
		{"value-domain", mx, "bounce |  | 10 tok.rp.plat.example.", "bounce.kaisha.example | 10 | tok.rp.plat.example", dnshost.Believed},
		{"value-domain", key, "s1._domainkey |  | <300>", `s1._domainkey.kaisha.example |  | "<255>" "<45>"`, dnshost.Seen},
		{"zenlogic", apex, ` |  | "v=spf1 -all"`, "@ |  | v=spf1 -all", dnshost.Seen},
		{"gehirn", alias, "s1._domainkey.kaisha.example. |  | s1.tok.dkim.plat.example.", "s1._domainkey |  | s1.tok.dkim.plat.example", dnshost.Believed},
		{"nifcloud", alias, "s1._domainkey.kaisha.example |  | s1.tok.dkim.plat.example", "s1._domainkey |  | s1.tok.dkim.plat.example.", dnshost.Believed},
		{"nifcloud", key, `s1._domainkey.kaisha.example |  | "<255>" "<45>"`, "s1._domainkey |  | <300>", ""},
		{"cloudflare", key, "s1._domainkey |  | <300>", `s1._domainkey.kaisha.example |  | "<255>" "<45>"`, dnshost.Believed},
		{"cloudflare", apex, "@ |  | v=spf1 -all", ` |  | "v=spf1 -all"`, dnshost.Seen},
		{"route53", key, `s1._domainkey |  | "<255>" "<45>"`, "s1._domainkey.kaisha.example |  | <300>", dnshost.Believed},
		{"route53", mx, "bounce |  | 10 tok.rp.plat.example", "bounce.kaisha.example | 10 | tok.rp.plat.example.", dnshost.Believed},
		{"route53", apex, ` |  | "v=spf1 -all"`, "@ |  | v=spf1 -all", dnshost.Believed},
		{"godaddy", mx, "bounce | 10 | tok.rp.plat.example", "bounce.kaisha.example |  | 10 tok.rp.plat.example.", dnshost.Believed},
		{"google-cloud-dns", apex, ` |  | "v=spf1 -all"`, "@ |  | v=spf1 -all", dnshost.Believed},
		{"gandi", alias, "s1._domainkey |  | s1.tok.dkim.plat.example.", "s1._domainkey.kaisha.example |  | s1.tok.dkim.plat.example", dnshost.Believed},
		{"hetzner", key, `s1._domainkey |  | "<255>" "<45>"`, "s1._domainkey.kaisha.example |  | <300>", ""},
		{"cpanel", alias, "s1._domainkey.kaisha.example. |  | s1.tok.dkim.plat.example.", "s1._domainkey |  | s1.tok.dkim.plat.example", dnshost.Believed},
		{"vercel", apex, " |  | v=spf1 -all", `@ |  | "v=spf1 -all"`, ""},
	} {
		h := dnshost.Generic()
		if tt.host != "generic" {
			h, _ = dnshost.ByID(tt.host)
		}
		e := h.Enter("kaisha.example", tt.item)
		if got := form(e.Fields); got != tt.want {
			t.Errorf("%s %s %s: %q, want %q", tt.host, tt.item.Name, tt.item.Type, got, tt.want)
		}
		if got := form(e.Other); got != tt.other {
			t.Errorf("%s %s %s, other form: %q, want %q", tt.host, tt.item.Name, tt.item.Type, got, tt.other)
		}
		if e.Certainty != tt.certainty {
			t.Errorf("%s %s %s: %q, want %q", tt.host, tt.item.Name, tt.item.Type, e.Certainty, tt.certainty)
		}
	}
}

func TestEnterLines(t *testing.T) {
	h, _ := dnshost.ByID("value-domain")
	if got, want := h.Enter("kaisha.example", alias).Line, "cname s1._domainkey s1.tok.dkim.plat.example."; got != want {
		t.Errorf("line = %q, want %q", got, want)
	}
	if got, want := h.Enter("kaisha.example", apex).Line, "txt @ v=spf1 -all"; got != want {
		t.Errorf("line = %q, want %q", got, want)
	}
	if got := h.Enter("kaisha.example", mx).Line; got != "" {
		t.Errorf("line of an MX = %q, want none", got)
	}
}

func TestEnterInOtherZones(t *testing.T) {
	h, _ := dnshost.ByID("cloudflare")
	for _, tt := range []struct {
		zone myodai.Name
		want string
	}{
		{"kaisha.example", "s1._domainkey"},
		{"_domainkey.kaisha.example", "s1"}, // a deeper zone cut
		{"example", "s1._domainkey.kaisha"},
		{"other.example", "s1._domainkey.kaisha.example"}, // not there at all
		{"", "s1._domainkey.kaisha.example"},              // zone unknown
	} {
		if got := h.Enter(tt.zone, alias).Host; got != tt.want {
			t.Errorf("in %q the host is %q, want %q", tt.zone, got, tt.want)
		}
	}
}

func TestEnterEscapesQuotes(t *testing.T) {
	h, _ := dnshost.ByID("route53")
	item := plan.Item{Name: "kaisha.example", Type: myodai.TypeTXT, Value: `a "b" \c`}
	if got, want := h.Enter("kaisha.example", item).Value, `"a \"b\" \\c"`; got != want {
		t.Errorf("value = %s, want %s", got, want)
	}
}

// B16, E6: what a host does not take is said before, with the form it does take,
// or that there is none.
func TestLimits(t *testing.T) {
	long := key
	long.Value = strings.Repeat("k", 410)
	path := plan.Item{Purpose: myodai.PurposeReturnPath, Name: "bounce.kaisha.example", Type: myodai.TypeCNAME, Value: "tok.rp.plat.example"}
	deep := alias
	deep.Name = myodai.Name("s1._domainkey." + strings.Repeat("a", 40) + ".mail-of-the-shop.kaisha.example")
	policy := plan.Item{Purpose: myodai.PurposeDMARC, Name: "_dmarc.kaisha.example", Type: myodai.TypeTXT, Value: "v=DMARC1; p=none"}
	under := alias
	under.Value = "s1._tok.plat.example"
	for _, tt := range []struct {
		name  string
		host  string
		items []plan.Item
		want  []dnshost.Warning
	}{
		{"an alias with an underscore is refused: TXT works", "ovh", []plan.Item{alias, path, policy}, []dnshost.Warning{
			{ID: dnshost.WarnUnderscoreName, Name: alias.Name, Certainty: dnshost.Seen, Shape: myodai.ShapeTXT},
		}},
		{"a key does not fit into 255: an alias works", "sakura-domain", []plan.Item{long, policy}, []dnshost.Warning{
			{ID: dnshost.WarnTXTLength, Name: key.Name, Limit: 255, Certainty: dnshost.Seen, Shape: myodai.ShapeCNAME},
		}},
		{"neither works, and both are hearsay", "networksolutions", []plan.Item{alias, long}, []dnshost.Warning{
			{ID: dnshost.WarnUnderscoreName, Name: alias.Name, Certainty: dnshost.Believed},
			{ID: dnshost.WarnTXTLength, Name: key.Name, Limit: 255, Certainty: dnshost.Believed},
		}},
		{"500 are enough for a key", "sakura-cloud", []plan.Item{long}, nil},
		{"no MX below the domain", "wix", []plan.Item{mx}, []dnshost.Warning{
			{ID: dnshost.WarnMXBelow, Name: mx.Name, Certainty: dnshost.Believed, Shape: myodai.ShapeCNAME},
		}},
		{"a long host field", "canonet", []plan.Item{alias, deep}, []dnshost.Warning{
			{ID: dnshost.WarnNameLength, Name: deep.Name, Limit: 63, Certainty: dnshost.Seen},
		}},
		{"too many names", "extrem", []plan.Item{alias, path, policy, apex, mx, deep, under,
			{Name: "click.kaisha.example", Type: myodai.TypeCNAME}}, []dnshost.Warning{
			{ID: dnshost.WarnNames, Limit: 5, Certainty: dnshost.Seen},
		}},
		{"just as many names as there may be", "extrem", []plan.Item{alias, path, policy, apex, deep}, nil},
		{"nothing can be entered", "lolipop", []plan.Item{alias, policy}, []dnshost.Warning{
			{ID: dnshost.WarnNotEditable, Certainty: dnshost.Seen},
		}},
		{"all is well", "onamae", []plan.Item{alias, path, policy, long, under}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, _ := dnshost.ByID(tt.host)
			if got := h.Limits("kaisha.example", tt.items); fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("Limits = %+v, want %+v", got, tt.want)
			}
		})
	}
	if got := dnshost.Generic().Limits("kaisha.example", []plan.Item{alias, long, mx, deep}); got != nil {
		t.Errorf("of a host nobody knows, Limits = %+v", got)
	}
}

func TestUnderscoreInTargets(t *testing.T) {
	h := dnshost.Generic()
	h.Panel.UnderscoreTargets = dnshost.Fact[bool]{Value: false, Certainty: dnshost.Seen}
	item := alias
	item.Value = "s1._tok.plat.example"
	got := h.Limits("kaisha.example", []plan.Item{alias, item})
	if len(got) != 1 || got[0].ID != dnshost.WarnUnderscoreTarget || got[0].Shape != myodai.ShapeTXT {
		t.Errorf("Limits = %+v, want one warning about the target", got)
	}
}

func TestHabits(t *testing.T) {
	h, _ := dnshost.ByID("gehirn")
	learned, ok := dnshost.LearnName("kaisha.example", alias.Name, "s1._domainkey.kaisha.example.kaisha.example")
	if !ok || learned != dnshost.HabitAppendsToName {
		t.Fatalf("LearnName = %q, %v", learned, ok)
	}
	e := h.With(learned).Enter("kaisha.example", alias)
	if e.Host != "s1._domainkey" || e.Other.Host != "s1._domainkey.kaisha.example" {
		t.Errorf("after the doubled name: %+v", e)
	}
	learned, ok = dnshost.LearnTarget("kaisha.example", "s1.tok.dkim.plat.example", "s1.tok.dkim.plat.example.kaisha.example")
	if !ok {
		t.Fatal("the doubled target taught nothing")
	}
	if e := dnshost.Generic().With(learned).Enter("kaisha.example", alias); e.Value != "s1.tok.dkim.plat.example." {
		t.Errorf("after the doubled target: %q", e.Value)
	}
	for _, found := range []myodai.Name{alias.Name, "s1._domainkey.kaisha.example.example", "kaisha.example.kaisha.example"} {
		if learned, ok := dnshost.LearnName("kaisha.example", alias.Name, found); ok {
			t.Errorf("%s taught %q", found, learned)
		}
	}
}

// Facts that are only believed never become certainties on the way out.
func TestBelievedStaysAHint(t *testing.T) {
	for _, h := range dnshost.Hosts() {
		for _, item := range []plan.Item{alias, mx, apex, key} {
			e := h.Enter("kaisha.example", item)
			used := []dnshost.Certainty{h.Panel.Host.Certainty}
			if item.Name == "kaisha.example" {
				used[0] = h.Panel.Apex.Certainty
			}
			switch item.Type {
			case myodai.TypeTXT:
				used = append(used, h.Panel.Quotes.Certainty)
			default:
				used = append(used, h.Panel.FinalDot.Certainty)
			}
			for _, c := range used {
				if c != dnshost.Seen && e.Certainty == dnshost.Seen || c == dnshost.Unknown && e.Certainty != dnshost.Unknown {
					t.Errorf("%s %s %s is %q though it rests on %q", h.ID, item.Name, item.Type, e.Certainty, c)
				}
			}
		}
	}
}
