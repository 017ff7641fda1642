package handoff_test

import (
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/handoff"
	"github.com/myodai/myodai/internal/plan"
)

var service = handoff.Service{
	ProviderID: "plat.example", ProviderName: "Platform", ServiceID: "mail", ServiceName: "Mail in your name",
	KeyDomain: "domainconnect.plat.example", RedirectDomains: []myodai.Name{"app.plat.example"}, Site: site,
}

var atHost = handoff.Settings{SyncURL: "https://dns.host.example/sync", APIURL: "https://api.host.example"}

func TestTemplate(t *testing.T) {
	text, err := json.MarshalIndent(service.Template(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "template.json", string(text)+"\n")
}

// A link makes the host write exactly what is planned and open (F9).
func TestApplyURL(t *testing.T) {
	h, key := newDNSHost(t)
	for _, tt := range []struct {
		name   string
		domain myodai.Name
		change func(myodai.Domain) myodai.Domain
		dmarc  myodai.RecordStatus // of the DMARC item; all others are missing
		left   []myodai.Purpose
	}{
		{"aliases", "acme.example", nil, "missing", nil},
		{"the data itself", "acme.example", func(d myodai.Domain) myodai.Domain { return d.Reshape("", myodai.ShapeTXT) }, "missing", nil},
		{"below the zone", "news.acme.example", nil, "missing", nil},
		{"a mix, with names of the tenant's own", "acme.example", func(d myodai.Domain) myodai.Domain {
			d.ReturnPath, d.ReportAddress = "bounce.post.acme.example", "dmarc+x@acme.example"
			return d.Reshape("s1-k7f3q9x2._domainkey.acme.example", myodai.ShapeTXT)
		}, "missing", nil},
		{"an address that no link carries", "acme.example", func(d myodai.Domain) myodai.Domain {
			d.ReportAddress = "報告@acme.example"
			return d
		}, "missing", []myodai.Purpose{"dmarc"}},
		{"a DMARC record is there (C3)", "acme.example", nil, "as_planned", nil},
		{"a broken DMARC record is there", "acme.example", nil, "different", []myodai.Purpose{"dmarc"}},
		{"nobody knows of a DMARC record", "acme.example", nil, "unknown", []myodai.Purpose{"dmarc"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := domain(tt.domain, myodai.ShapeCNAME)
			if tt.change != nil {
				d = tt.change(d)
			}
			p := planned(d)
			a := handoff.Application{
				Host: atHost, Zone: "acme.example", Domain: d, Plan: p, RedirectURI: "https://app.plat.example/back?a=b c", State: "x+y/z=",
			}
			var want []string
			for _, i := range p.Items {
				status := myodai.StatusMissing
				if i.Purpose == myodai.PurposeDMARC {
					status = tt.dmarc
				}
				a.Checks = append(a.Checks, myodai.RecordCheck{Name: i.Name, Type: i.Type, Purpose: i.Purpose, Status: status})
				switch {
				case i.Purpose == myodai.PurposeSPF:
					want = append(want, string(i.Name)+" SPFM "+i.Value)
				case status == myodai.StatusMissing && !slices.Contains(tt.left, i.Purpose):
					want = append(want, string(i.Name)+" "+string(i.Type)+" "+i.Value)
				}
			}
			link, left, err := service.ApplyURL(a, handoff.LinkKeyLabel, key)
			if err != nil {
				t.Fatal(err)
			}
			got, err := h.apply(link)
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("the host writes\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			var purposes []myodai.Purpose
			for _, i := range left {
				purposes = append(purposes, i.Purpose)
			}
			if !slices.Equal(purposes, tt.left) {
				t.Errorf("left = %q, want %q", purposes, tt.left)
			}
			if u, err := url.Parse(link); err != nil || u.Query().Get("state") != "x+y/z=" || u.Query().Get("redirect_uri") != a.RedirectURI {
				t.Errorf("the redirect does not survive: %s (%v)", link, err)
			}
			if _, err := h.apply(strings.Replace(link, "domain=acme", "domain=evil", 1)); !errors.Is(err, rsa.ErrVerification) {
				t.Errorf("a changed link: %v, want a wrong signature", err)
			}
		})
	}
}

func TestApplyURLRefuses(t *testing.T) {
	_, key := newDNSHost(t)
	d := domain("acme.example", myodai.ShapeCNAME)
	good := handoff.Application{Host: atHost, Zone: "acme.example", Domain: d, Plan: planned(d)}
	var done []myodai.RecordCheck
	for _, i := range good.Plan.Items {
		done = append(done, myodai.RecordCheck{Name: i.Name, Type: i.Type, Purpose: i.Purpose, Status: myodai.StatusAsPlanned})
	}
	for _, tt := range []struct {
		name   string
		change func(*handoff.Application)
		code   myodai.Code
	}{
		{"another zone", func(a *handoff.Application) { a.Zone = "other.example" }, myodai.CodeInvalid},
		{"no zone", func(a *handoff.Application) { a.Zone = "" }, myodai.CodeInvalid},
		{"a host without links", func(a *handoff.Application) { a.Host.SyncURL = "" }, myodai.CodeConflict},
		{"a host without TLS", func(a *handoff.Application) { a.Host.SyncURL = "http://dns.host.example" }, myodai.CodeConflict},
		{"a script for a host", func(a *handoff.Application) { a.Host.SyncURL = "javascript:alert(1)" }, myodai.CodeConflict},
		{"nothing is open", func(a *handoff.Application) { a.Checks = done }, myodai.CodeConflict},
	} {
		a := good
		tt.change(&a)
		_, _, err := service.ApplyURL(a, handoff.LinkKeyLabel, key)
		if refusal, ok := errors.AsType[*myodai.Error](err); !ok || refusal.Code != tt.code {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.code)
		}
	}
	if _, _, err := service.ApplyURL(good, handoff.LinkKeyLabel, ed25519.NewKeyFromSeed(make([]byte, 32))); err == nil {
		t.Error("a key that RS256 does not know signed")
	}
	stranger := good
	stranger.Plan.Items = append(slices.Clone(good.Plan.Items), plan.Item{Purpose: myodai.PurposeTracking, Name: "go.acme.example", Type: "CNAME", Value: "t.plat.example"})
	if _, left, err := service.ApplyURL(stranger, handoff.LinkKeyLabel, key); err != nil || !slices.ContainsFunc(left, func(i plan.Item) bool { return i.Purpose == myodai.PurposeTracking }) {
		t.Errorf("a record the template does not have: left %v, %v", left, err)
	}
}

func TestDiscovery(t *testing.T) {
	if got := handoff.DiscoveryName("acme.example"); got != "_domainconnect.acme.example" {
		t.Errorf("name = %s", got)
	}
	texts := []string{
		"dc.host.example", "dc.host.example/api/", "https://dc.host.example", "dc.host.example?x", "user@dc.host.example",
		"dc.host.example#x", "", "a b", "dc.host.example\n", `dc.host.example\evil`,
	}
	want := []string{"https://dc.host.example/v2/acme.example/settings", "https://dc.host.example/api/v2/acme.example/settings"}
	if got := handoff.SettingsURLs(texts, "acme.example"); !slices.Equal(got, want) {
		t.Errorf("settings at %q, want %q", got, want)
	}
	if got, want := service.TemplateURL(atHost), "https://api.host.example/v2/domainTemplates/providers/plat.example/services/mail"; got != want {
		t.Errorf("template at %s, want %s", got, want)
	}
}

func TestParseSettings(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       string // SyncURL; "refused"
	}{
		{"everything", `{"providerId":"h","providerName":"H","urlSyncUX":"https://h.example/sync/","urlAPI":"https://h.example","more":1}`, "https://h.example/sync"},
		{"no links", `{"providerId":"h","urlAPI":"https://h.example"}`, ""},
		{"no API", `{"urlSyncUX":"https://h.example"}`, "refused"},
		{"no TLS", `{"urlSyncUX":"http://h.example","urlAPI":"https://h.example"}`, "refused"},
		{"a script", `{"urlSyncUX":"javascript:alert(1)//","urlAPI":"https://h.example"}`, "refused"},
		{"a query", `{"urlSyncUX":"https://h.example/?x=","urlAPI":"https://h.example"}`, "refused"},
		{"a password", `{"urlSyncUX":"https://a:b@h.example/","urlAPI":"https://h.example"}`, "refused"},
		{"we must know what we know", `{"urlAPI":"https://h.example","crit":["urlAPI"]}`, ""},
		{"we must know what we do not", `{"urlAPI":"https://h.example","crit":["fee"]}`, "refused"},
		{"not JSON", `<html>`, "refused"},
		{"another shape", `[]`, "refused"},
	} {
		s, err := handoff.ParseSettings([]byte(tt.body))
		got := s.SyncURL
		if err != nil {
			got = "refused"
			if _, ok := errors.AsType[*myodai.Error](err); !ok {
				t.Errorf("%s: %v is no refusal", tt.name, err)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzParseSettings(f *testing.F) {
	f.Add([]byte(`{"urlSyncUX":"https://h.example/sync","urlAPI":"https://h.example","crit":["urlAPI"]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := handoff.ParseSettings(body)
		if err != nil {
			return
		}
		for _, base := range []string{s.SyncURL, s.APIURL} {
			if u, err := url.Parse(base + "/v2/x?y=z"); base != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "y=z" || u.User != nil) {
				t.Errorf("the address %q does not keep its shape", base)
			}
		}
	})
}
