package demo

import (
	"fmt"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// The name space of the demo. The addresses are of documentation networks and
// stand for servers elsewhere; the program is told where on loopback they
// really are.
const (
	Zone           myodai.Name = "plat.example" // the platform's
	MailHost       myodai.Name = "mail.plat.example"
	NameServer     myodai.Name = "ns1.plat.example"
	Tenant         myodai.Name = "acme.example"     // the tenant's
	ReceiverDomain myodai.Name = "receiver.example" // the recipients'
	ReceiverHost   myodai.Name = "mx.receiver.example"

	HostAddress     = "198.51.100.53" // of the root and of the tenant's DNS host
	ReceiverAddress = "198.51.100.25"
	PlatformAddress = "127.0.0.1" // where our own zone says we are: mail really comes from there
)

// Space is the DNS of the demo but for the platform's own zone: the root, the
// top-level domain, and a DNS host with the tenant's zone.
type Space struct {
	server *dnstest.Server
}

// OpenSpace starts the name space at a free port of 127.0.0.1.
func OpenSpace() (*Space, error) {
	server, err := dnstest.Listen("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Space{server: server}
	zones := map[string]string{
		".": "@ NS a.root.\na.root. A " + HostAddress + "\nexample. NS ns.host.example.\nns.host.example. A " + HostAddress + "\n",
		"example.": "@ NS ns.host\nns.host A " + HostAddress + "\nacme NS ns.host\n" +
			"plat NS ns1.plat\nns1.plat A " + PlatformAddress + "\nreceiver MX 10 mx.receiver\nmx.receiver A " + ReceiverAddress + "\n",
	}
	for origin, text := range zones {
		if err := server.Set(origin, text); err != nil {
			return nil, err
		}
	}
	return s, s.Publish(plan.Plan{})
}

// Address is where the name space really listens.
func (s *Space) Address() string { return s.server.Addr() }

// Publish does what the tenant's DNS administrator does: it enters the records
// of a plan at the DNS host, in place of those of the plan before.
func (s *Space) Publish(p plan.Plan) error {
	var zone strings.Builder
	zone.WriteString("$TTL 1\n@ SOA ns.host.example. hostmaster 1 3600 600 86400 1\n@ NS ns.host.example.\n")
	for _, item := range p.Items {
		fmt.Fprintf(&zone, "%s. %s %s\n", item.Name, item.Type, data(item))
	}
	return s.server.Set(string(Tenant)+".", zone.String())
}

// data is an item's value as a zone file wants it.
func data(item plan.Item) string {
	if item.Type != myodai.TypeTXT {
		return item.Value + "."
	}
	var text strings.Builder
	for value := item.Value; value != ""; {
		n := min(len(value), 255)
		fmt.Fprintf(&text, "%q ", value[:n])
		value = value[n:]
	}
	return text.String()
}

// Close stops the name space.
func (s *Space) Close() error { return s.server.Close() }
