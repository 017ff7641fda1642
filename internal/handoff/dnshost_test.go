package handoff_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains/connecttest"
	"github.com/myodai/myodai/internal/handoff"
)

// dnsHost is a DNS host of our own making, as the specification has it: it
// checks the signature of a link by the published key, and applies the template
// it was given, as JSON.
type dnsHost struct {
	template connecttest.Template
	keys     []myodai.Record
}

// apply is what the host writes for a link, as zone-file lines.
func (h dnsHost) apply(link string) (lines []string, err error) {
	address, query, _ := strings.Cut(link, "?")
	if want := "https://dns.host.example/sync/v2/domainTemplates/providers/plat.example/services/mail/apply"; address != want {
		return nil, fmt.Errorf("the link goes to %s, want %s", address, want)
	}
	records, err := h.template.Read(query, func(name string) (texts []string) {
		for _, r := range h.keys {
			if string(r.Name) == name {
				texts = append(texts, r.Data)
			}
		}
		return texts
	})
	for _, r := range records {
		lines = append(lines, r.String())
	}
	return lines, err
}

func newDNSHost(t *testing.T) (dnsHost, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	records, err := service.KeyRecords(handoff.LinkKeyLabel, &key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if len(records) < 2 {
		t.Errorf("%d key records, want the key split", len(records))
	}
	slices.Reverse(records) // DNS keeps no order
	text, err := json.Marshal(service.Template())
	if err != nil {
		t.Fatal(err)
	}
	h := dnsHost{keys: records}
	if err := json.Unmarshal(text, &h.template); err != nil {
		t.Fatal(err)
	}
	return h, key
}
