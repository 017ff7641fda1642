package api_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/resolver"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// dnsWorld is a world in which two servers hold acme.example at a DNS host with
// the given name servers, such as "01.dnsv.jp".
func dnsWorld(t *testing.T, limits api.Limits, nameServers ...string) (*world, *dnstest.Server) {
	t.Helper()
	delegation, glue := "", ""
	for _, ns := range nameServers {
		delegation += "acme NS " + ns + ".\n"
		glue += ns + ". A 127.0.0.1\n"
	}
	tld := nameServers[0][strings.LastIndexByte(nameServers[0], '.')+1:]
	s := dnstest.Start(t, dnstest.Zones{
		".":             "@ NS a.root.\na.root. A 127.0.0.1\nexample. NS ns.example.\nns.example. A 127.0.0.1\n" + tld + ". NS ns." + tld + ".\nns." + tld + ". A 127.0.0.1\n",
		"example.":      "@ NS ns\nns A 127.0.0.1\n" + delegation,
		tld + ".":       "@ NS ns\nns A 127.0.0.1\n" + glue,
		"acme.example.": "@ NS " + strings.Join(nameServers, ".\n@ NS ") + ".\n",
	})
	prober := resolver.NewProber(resolver.Options{RootHints: []string{"127.0.0.1"}, Port: s.Port(), Timeout: time.Second})
	return newWorldAsking(t, limits, prober), s
}

// doubled are the records of a domain whose panel added the zone to every name.
func doubled(records []api.Record) string {
	var b strings.Builder
	for _, r := range records {
		value := r.Value + "."
		if r.Type == myodai.TypeTXT {
			value = `"` + r.Value + `"`
		}
		fmt.Fprintf(&b, "%s.acme.example. %s %s\n", r.Name, r.Type, value)
	}
	return b.String()
}

// Findings reach the client in both languages, with what to type at its host,
// and stay readable for good (issue 3, items 1, 4 and 9).
func TestCheckExplains(t *testing.T) {
	w, dns := dnsWorld(t, plenty, "01.dnsv.jp", "02.dnsv.jp")
	w.acme = w.newParty("Acme")
	path := "/v1/domains/" + string(w.acme.domain.ID)
	var p api.Plan
	w.call("GET", path+"/records", w.acme.key, "", 200, &p)
	if e := p.Records[0].Entry; e == nil || e.Host != strings.TrimSuffix(p.Records[0].Name, ".acme.example") || e.Certain || p.DNSHost != nil {
		t.Errorf("before the first check: %+v, %+v", e, p.DNSHost)
	}
	if err := dns.Set("acme.example.", "@ NS 01.dnsv.jp.\n@ NS 02.dnsv.jp.\n"+doubled(p.Records)); err != nil {
		t.Fatal(err)
	}
	var result api.CheckResult
	w.call("POST", path+"/check", w.acme.key, "", 200, &result)
	if len(result.Findings) == 0 {
		t.Fatalf("no findings in %+v", result)
	}
	f := result.Findings[0]
	if f.Cause != "name-suffix-duplicated" || !f.Primary || f.Severity != myodai.SeverityBlocks {
		t.Errorf("primary %+v", f)
	}
	if result.DNSHost == nil || result.DNSHost.ID != "onamae" || result.DNSHost.Name.Japanese != "お名前.com" {
		t.Errorf("DNS host %+v", result.DNSHost)
	}
	host := strings.TrimSuffix(f.Record, ".acme.example")
	for what, text := range map[string]api.Texts{"title": f.Title, "message": f.Message, "fix": f.Fix, "why": f.Why} {
		if text.English == "" || text.Japanese == "" || text.English == text.Japanese {
			t.Errorf("%s: %+v", what, text)
		}
	}
	if !strings.Contains(f.Fix.English+"\n", ": "+host+"\n") || !strings.Contains(f.Fix.Japanese, host) {
		t.Errorf("the steps do not say what to type: %s", f.Fix.English)
	}
	if len(f.Details.English) == 0 || len(f.Details.Japanese) == 0 || !strings.HasSuffix(f.Page, "/docs/checks/name-suffix-duplicated.md") {
		t.Errorf("details %+v, page %s", f.Details, f.Page)
	}

	w.call("GET", path+"/records", w.acme.key, "", 200, &p)
	if e := p.Records[0].Entry; p.DNSHost == nil || !e.Certain || e.Host != host || e.Other.Host != p.Records[0].Name {
		t.Errorf("after the check: %+v, %+v", p.DNSHost, e)
	}
	var kept api.CheckWithObservation
	w.call("GET", path+"/checks/"+string(result.ID), w.acme.key, "", 200, &kept)
	if !slices.ContainsFunc(kept.Observation.Answers, func(a api.Answer) bool {
		return a.Name == f.Record+".acme.example" && len(a.Records) > 0 && a.Authoritative
	}) {
		t.Errorf("the observation lacks what the finding says: %+v", kept.Observation)
	}
	if x, y := js(t, kept.Check), js(t, result.Check); x != y {
		t.Errorf("kept as %s\nand was %s", x, y)
	}
	var d api.DomainWithRecords
	if w.call("GET", path, w.acme.key, "", 200, &d); d.Cause != f.Cause {
		t.Errorf("the domain says %q", d.Cause)
	}
}

func js(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// "What was the record on the 3rd?" has an answer.
func TestChecksUpToATime(t *testing.T) {
	w, dns := dnsWorld(t, plenty, "ns1.host.net", "ns2.host.net")
	w.acme = w.newParty("Acme")
	path := "/v1/domains/" + string(w.acme.domain.ID)
	var first, second api.CheckResult
	w.call("POST", path+"/check", w.acme.key, "", 200, &first)
	if err := dns.Set("acme.example.", "@ NS ns1.host.net.\n_dmarc TXT \"v=DMARC1; p=none\""); err != nil {
		t.Fatal(err)
	}
	w.call("POST", path+"/check", w.acme.key, "", 200, &second)
	for at, want := range map[time.Time][]myodai.CheckID{
		second.At.Add(time.Second): {second.ID, first.ID}, second.At.Add(-time.Microsecond): {first.ID}, first.At.Add(-time.Second): nil,
	} {
		var list api.List[api.Check]
		w.call("GET", path+"/checks?at="+url.QueryEscape(at.Format(time.RFC3339Nano)), w.acme.key, "", 200, &list)
		var ids []myodai.CheckID
		for _, c := range list.Items {
			ids = append(ids, c.ID)
		}
		if !slices.Equal(ids, want) {
			t.Errorf("up to %s: %v, want %v", at, ids, want)
		}
	}
	if a := w.ask("GET", path+"/checks?at=yesterday", w.acme.key, ""); a.status != 422 {
		t.Errorf("at=yesterday = %d", a.status)
	}
}

// What a DNS host cannot take is said with the shape that works there.
func TestWarnings(t *testing.T) {
	for _, tt := range []struct {
		nameServer, host, shape string
		id                      dnshost.WarningID
		works                   myodai.Shape
		says                    api.Texts
	}{
		{"ns1.dns.ne.jp", "sakura-domain", "cname", "", "", api.Texts{}},
		{"ns1.dns.ne.jp", "sakura-domain", "txt", dnshost.WarnTXTLength, myodai.ShapeCNAME, api.Texts{English: "SAKURA internet takes at most 255 characters", Japanese: "255文字まで"}},
		{"dns10.ovh.net", "ovh", "cname", dnshost.WarnUnderscoreName, myodai.ShapeTXT, api.Texts{English: "switch this record to the shape txt", Japanese: "形式をtxtに切り替え"}},
		{"dns10.ovh.net", "ovh", "txt", "", "", api.Texts{}},
		{"uns01.lolipop.jp", "lolipop", "cname", dnshost.WarnNotEditable, "", api.Texts{English: "switch the name servers", Japanese: "ネームサーバーを切り替え"}},
	} {
		w, _ := dnsWorld(t, plenty, tt.nameServer)
		w.acme = w.newParty("Acme")
		path := "/v1/domains/" + string(w.acme.domain.ID)
		w.call("PATCH", path, w.acme.key, `{"shape":"`+tt.shape+`"}`, 200, nil)
		w.call("POST", path+"/check", w.acme.key, "", 200, nil)
		var p api.Plan
		w.call("GET", path+"/records", w.acme.key, "", 200, &p)
		if p.DNSHost == nil || p.DNSHost.ID != tt.host {
			t.Errorf("%s: DNS host %+v", tt.host, p.DNSHost)
		}
		if tt.id == "" {
			if len(p.Warnings) > 0 {
				t.Errorf("%s, %s: %+v", tt.host, tt.shape, p.Warnings)
			}
			continue
		}
		if len(p.Warnings) == 0 {
			t.Errorf("%s, %s: no warning", tt.host, tt.shape)
			continue
		}
		got := p.Warnings[0]
		if got.ID != tt.id || got.Shape != tt.works || !strings.Contains(got.Message.English, tt.says.English) || !strings.Contains(got.Message.Japanese, tt.says.Japanese) {
			t.Errorf("%s, %s: %+v", tt.host, tt.shape, got)
		}
	}
}
