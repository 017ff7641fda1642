package handoff_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/handoff"
)

// dnsHost is a DNS host of our own making, as the specification has it: it
// checks the signature of a link by the published key, and applies the template
// it was given, as JSON.
type dnsHost struct {
	t        *testing.T
	template map[string]any
	keys     []myodai.Record
}

// apply is what the host writes for a link, as zone-file lines.
func (h dnsHost) apply(link string) ([]string, error) {
	address, query, _ := strings.Cut(link, "?")
	if want := "https://dns.host.example/sync/v2/domainTemplates/providers/plat.example/services/mail/apply"; address != want {
		return nil, fmt.Errorf("the link goes to %s, want %s", address, want)
	}
	if err := h.verify(query); err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	scope := values.Get("domain")
	if host := values.Get("host"); host != "" {
		scope = host + "." + scope
	}
	groups := strings.Split(values.Get("groupId"), ",")
	var lines []string
	for _, r := range h.template["records"].([]any) {
		record := r.(map[string]any)
		if !slices.Contains(groups, record["groupId"].(string)) {
			continue
		}
		field := func(name string) string {
			s, _ := record[name].(string)
			for rest := s; strings.Contains(rest, "%"); {
				_, after, _ := strings.Cut(rest, "%")
				variable, behind, _ := strings.Cut(after, "%")
				if !values.Has(variable) {
					h.t.Errorf("the template needs %q, which the link does not give", variable)
				}
				s, rest = strings.Replace(s, "%"+variable+"%", values.Get(variable), 1), behind
			}
			return s
		}
		owner := scope
		if name := field("host"); name != "@" {
			owner = name + "." + scope
		}
		value := field("pointsTo") + field("data") + field("spfRules")
		if record["type"] == "MX" {
			value = fmt.Sprint(record["priority"]) + " " + value
		}
		lines = append(lines, owner+" "+record["type"].(string)+" "+value)
	}
	return lines, nil
}

// verify checks the signature over what stands before it.
func (h dnsHost) verify(query string) error {
	signed, rest, _ := strings.Cut(query, "&sig=")
	values, err := url.ParseQuery("sig=" + rest)
	if err != nil {
		return err
	}
	parts := map[int]string{}
	for _, r := range h.keys {
		if string(r.Name) != values.Get("key")+".domainconnect.plat.example" {
			continue
		}
		if len(r.Data) > 255 {
			return fmt.Errorf("a key record has %d octets", len(r.Data))
		}
		for pair := range strings.SplitSeq(r.Data, ",") {
			if p, ok := strings.CutPrefix(pair, "p="); ok {
				n, _ := strconv.Atoi(p)
				_, parts[n], _ = strings.Cut(r.Data, ",d=")
			}
		}
	}
	encoded := ""
	for n := 1; n <= len(parts); n++ {
		encoded += parts[n]
	}
	der, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return err
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return err
	}
	signature, err := base64.StdEncoding.DecodeString(values.Get("sig"))
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(signed))
	return rsa.VerifyPKCS1v15(public.(*rsa.PublicKey), crypto.SHA256, digest[:], signature)
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
	h := dnsHost{t: t, keys: records}
	if err := json.Unmarshal(text, &h.template); err != nil {
		t.Fatal(err)
	}
	return h, key
}
