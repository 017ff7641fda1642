package console_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains/connecttest"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/resolver"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// internet is a name space on one real authoritative server: the root, a
// top-level domain, our zone, and a tenant's zone at a DNS host.
type internet struct {
	t      *testing.T
	server *dnstest.Server
	mu     sync.Mutex
	zone   map[string][]string // of the tenant: "TYPE data" by owner name
	host   *connecttest.Host   // that enters records by itself; nil for none
}

// tenantDomain is the zone a tenant has at its DNS host.
const tenantDomain = "acme.example"

func newInternet(t *testing.T) *internet {
	t.Helper()
	const host = "\nns1.host A 127.0.0.1\nns2.host A 127.0.0.1\n"
	i := &internet{t: t, zone: map[string][]string{}}
	i.server = dnstest.Start(t, dnstest.Zones{
		".":             "@ NS a.root.\na.root. A 127.0.0.1\nexample. NS ns1.host.example.\nns1.host.example. A 127.0.0.1\n",
		"example.":      "@ NS ns1.host" + host + "acme NS ns1.host\nacme NS ns2.host\nplat NS ns1.plat\nns1.plat A 127.0.0.1\n",
		"acme.example.": "@ NS ns1.host.example.\n@ NS ns2.host.example.\n",
		"plat.example.": "@ NS ns1\nns1 A 127.0.0.1\n",
	})
	return i
}

func (i *internet) prober() *resolver.Prober {
	p := resolver.NewProber(resolver.Options{
		RootHints: []string{i.server.Addr()}, Port: i.server.Port(), Timeout: 500 * time.Millisecond, Deadline: 5 * time.Second,
	})
	i.t.Cleanup(p.Close)
	return p
}

func (i *internet) cache() *resolver.Cache {
	c := resolver.NewCache(resolver.Options{
		RootHints: []string{i.server.Addr()}, Port: i.server.Port(), Timeout: 500 * time.Millisecond, Deadline: 5 * time.Second,
	})
	i.t.Cleanup(c.Close)
	return c
}

// serve has our zone answer what the plans of all domains need.
func (i *internet) serve(records []myodai.Record) {
	i.t.Helper()
	var text strings.Builder
	for _, rr := range records {
		fmt.Fprintf(&text, "%s. 1 %s %s\n", rr.Name, rr.Type, zoneData(rr.Type, rr.Data))
	}
	if err := i.server.Set("plat.example.", text.String()); err != nil {
		i.t.Fatal(err)
	}
}

// zoneData is record data as a zone file wants it.
func zoneData(t myodai.RecordType, data string) string {
	switch t {
	case myodai.TypeTXT:
		var text strings.Builder
		for value := myodai.UnescapeText(data); value != ""; {
			n := min(len(value), 255)
			fmt.Fprintf(&text, "%q ", value[:n])
			value = value[n:]
		}
		return text.String()
	case myodai.TypeSOA:
		fields := strings.Fields(data)
		fields[0], fields[1] = strings.TrimSuffix(fields[0], ".")+".", strings.TrimSuffix(fields[1], ".")+"."
		return strings.Join(fields, " ")
	case myodai.TypeCNAME, myodai.TypeMX, myodai.TypeNS:
		return strings.TrimSuffix(data, ".") + "."
	}
	return data
}

// enter is what a person does at the DNS host: put records at a name in place of
// those that were there. None takes them away.
func (i *internet) enter(name string, records ...string) {
	i.t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.zone[name] = records
	var text strings.Builder
	text.WriteString("$TTL 1\n@ SOA ns1.host.example. hostmaster 1 3600 600 86400 1\n@ NS ns1.host.example.\n@ NS ns2.host.example.\n")
	for name, records := range maps.All(i.zone) {
		for _, record := range records {
			fmt.Fprintf(&text, "%s. %s\n", name, record)
		}
	}
	if err := i.server.Set(tenantDomain+".", text.String()); err != nil {
		i.t.Fatal(err)
	}
}

// right is a planned record as it is entered without a mistake.
func right(item plan.Item) string {
	return string(item.Type) + " " + zoneData(item.Type, item.Value)
}
