package spf_test

import (
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/spf"
)

// world answers from zone-file lines without TTL and class. The type SERVFAIL
// makes every question for its name fail.
func world(t *testing.T, zone string) spf.Lookup {
	t.Helper()
	records := map[myodai.Name][]myodai.Record{}
	broken := map[myodai.Name]bool{}
	for line := range strings.Lines(zone) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(fields) < 2 {
			continue
		}
		name := myodai.Name(strings.TrimSuffix(fields[0], "."))
		if fields[1] == "SERVFAIL" {
			broken[name] = true
			continue
		}
		rr := myodai.Record{Name: name, Type: myodai.RecordType(fields[1]), Data: strings.TrimSuffix(fields[2], ".")}
		if rr.Type == myodai.TypeTXT {
			rr.Data = strings.Join(strings.Split(strings.Trim(fields[2], `"`), `" "`), "")
		}
		records[name] = append(records[name], rr)
	}
	return func(name myodai.Name, rtype myodai.RecordType) myodai.Answer {
		a := myodai.Answer{Question: myodai.Question{Name: name, Type: rtype}, Authoritative: true, RCode: "NOERROR"}
		if broken[name] {
			a.RCode = "SERVFAIL"
			return a
		}
		for _, rr := range records[name] {
			if rr.Type == rtype || rr.Type == myodai.TypeCNAME {
				a.Records = append(a.Records, rr)
			}
		}
		if len(a.Records) == 0 {
			a.Authority = []myodai.Record{{Type: myodai.TypeSOA}}
			if records[name] == nil {
				a.RCode = "NXDOMAIN"
			}
		}
		return a
	}
}

// providers are the example senders of the table of SPF edits.
const providers = `
kaisha.example. A 192.0.2.1
kaisha.example. MX 10 mx.kaisha.example.
mx.kaisha.example. A 192.0.2.25
_spf.mailhost.example. TXT "v=spf1 include:_n1.mailhost.example include:_n2.mailhost.example ~all"
_n1.mailhost.example. TXT "v=spf1 ip4:198.51.100.0/25 -all"
_n2.mailhost.example. TXT "v=spf1 ip4:198.51.100.128/25 -all"
spf.crm.example. TXT "v=spf1 a:out.crm.example mx ?all"
spf.crm.example. MX 10 out.crm.example.
out.crm.example. A 192.0.2.77
_spf.plat.example. TXT "v=spf1 ip4:203.0.113.0/24 ~all"
`

// texts are the contents of the TXT records at the given name.
func texts(lookup spf.Lookup, name myodai.Name) []string {
	var list []string
	for _, rr := range lookup(name, myodai.TypeTXT).Of(myodai.TypeTXT) {
		list = append(list, rr.Text())
	}
	return list
}
