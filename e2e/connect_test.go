package e2e

import (
	"encoding/json"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai/internal/domains/connecttest"
)

// TestDNSHostWritesTheZone: a DNS host that speaks Domain Connect is given the
// template that the command writes. It checks the link's signature by the key that
// our own zone serves, writes the records into its NSD, and sends its customer
// back; then the domain is verified. When a record goes away later, that is said.
func TestDNSHostWritesTheZone(t *testing.T) {
	w := emptyWorld(t)
	w.domains = []string{"acme.example"}
	w.startRoot(t)
	w.publish(t, `_domainconnect.acme.example. TXT "ca.example:8443"`+"\n")
	w.nsd = w.startNSD(t, "host", []string{host1Address, host2Address}, map[string]string{"acme.example": w.path("acme.example.zone")})
	w.startUnbound(t)
	written := ""
	host := connecttest.Start(t, connecttest.Options{
		Name: "ca.example", Listen: caAddress + ":8443", NameServers: []string{"ns1.acme.example", "ns2.acme.example"},
		Text: func(name string) []string {
			texts, err := net.DefaultResolver.LookupTXT(t.Context(), name)
			if err != nil {
				t.Error(err)
			}
			return texts
		},
		Write: func(records []connecttest.Record) error {
			for _, r := range records {
				data := r.Data + "."
				if r.Type == "TXT" {
					data = `"` + r.Data + `"`
				}
				written += r.Name + ". " + r.Type + " " + data + "\n"
			}
			w.publish(t, written)
			return nil
		},
	})
	t.Setenv("SSL_CERT_FILE", w.write(t, "host.pem", string(host.PEM)))
	s := newService(t, w, "", "--base-url", "http://app.plat.example:8025")
	var template map[string]any
	check(t, json.Unmarshal([]byte(s.cli(t, "", "connect", "template", "--zone", "plat.example", "--addresses", platformAddress,
		"--base-url", "http://app.plat.example:8025")), &template))
	host.Onboard(template)

	tn := s.registered(t, "Acme", "cname")
	out, err := s.try(tn.key, "domain", "check", "acme.example", "--wait", "0")
	if err == nil {
		t.Fatalf("verified before anything is there:\n%s", out)
	}
	if said := s.cli(t, tn.key, "domain", "connect", "acme.example", "--ask"); !strings.Contains(said, "Host & Sons can enter them, at ca.example.") {
		t.Errorf("the host's offer:\n%s", said)
	}
	var link struct{ URL string }
	if status := s.call(t, tn.key, "POST", "/v1/domains/"+tn.domain+"/connect", map[string]string{
		"redirect_uri": "http://app.plat.example:8025/back", "state": "unguessable",
	}, &link); status != 201 {
		t.Fatalf("a link: status %d", status)
	}
	back := ""
	eventually(t, 10*time.Second, "the host finds the key and writes the records", func() bool {
		back, err = host.Answer(t.Context(), link.URL, true)
		return err == nil
	})
	if at, err := url.Parse(back); err != nil || at.Host != "app.plat.example:8025" || at.Query().Get("state") != "unguessable" || at.Query().Has("error") {
		t.Errorf("the customer comes back to %s", back)
	}
	if said := s.cli(t, tn.key, "domain", "check", "acme.example", "--connected", "--wait", "2m"); !strings.Contains(said, "acme.example is verified.") {
		t.Errorf("after it:\n%s", said)
	}

	w.publish(t, strings.Join(strings.SplitAfter(written, "\n")[1:], ""))
	var found struct{ Findings []struct{ Cause string } }
	s.call(t, tn.key, "POST", "/v1/domains/"+tn.domain+"/check", nil, &found)
	if len(found.Findings) == 0 || found.Findings[0].Cause != "domain-connect-lost" {
		t.Errorf("when a record goes away: %+v", found.Findings)
	}
}
