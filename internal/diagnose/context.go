package diagnose

import (
	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
)

// ContextOf is what Explain needs of a finding that was made at a DNS host: the
// planned record is among its arguments, as it was planned then.
func ContextOf(f myodai.Finding, host dnshost.Host) Context {
	c := Context{Host: host, Domain: myodai.Name(f.Args["d"]), Zone: myodai.Name(f.Args["zone"])}
	if t := myodai.RecordType(f.Args["type"]); t != "" {
		c.Item = plan.Item{Purpose: f.Purpose, Selector: f.Args["sel"], Name: f.Record, Type: t, Value: f.Args["want"]}
	}
	return c
}

// HostOf is the DNS host that a check recognized, as far as its panel is known:
// what the findings show it to do counts for more than hearsay.
func HostOf(c myodai.Check) dnshost.Host {
	host, ok := dnshost.ByID(c.DNSHost)
	if !ok {
		host = dnshost.Generic()
	}
	return Learn(host, c.Findings)
}

// Learn is a host with the habits that findings show of its panel.
func Learn(host dnshost.Host, findings []myodai.Finding) dnshost.Host {
	for _, f := range findings {
		switch f.Cause {
		case NameSuffixDuplicated:
			host = host.With(dnshost.HabitAppendsToName)
		case CNAMETargetSuffixAppended:
			host = host.With(dnshost.HabitAppendsToTarget)
		}
	}
	return host
}
