package resolver_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/resolver"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// world is a name space on loopback: .1 is the root and .example, .2 and .3 are
// the servers of the customer acme.example, .4 is the platform's.
func world(t *testing.T, change ...func(map[string]dnstest.Zones)) *dnstest.Space {
	t.Helper()
	acme := `
		@ NS ns1
		@ NS ns2
		ns1 A 127.0.0.2
		ns2 A 127.0.0.3
		@ MX 10 mail
		@ TXT "v=spf1 -all"
		s1._domainkey CNAME s1.dkim.plat.example.
		www CNAME web
		web A 192.0.2.1`
	hosts := map[string]dnstest.Zones{
		"127.0.0.1": {
			".": `
				@ NS a.root.example.
				a.root.example. A 127.0.0.1
				example. NS a.root.example.`,
			"example.": `
				@ NS a.root
				a.root A 127.0.0.1
				acme NS ns1.acme
				acme NS ns2.acme
				acme DS 12345 13 2 49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC0000
				ns1.acme A 127.0.0.2
				ns2.acme A 127.0.0.3
				plat NS ns.plat
				ns.plat A 127.0.0.4`,
		},
		"127.0.0.2": {"acme.example.": acme},
		"127.0.0.3": {"acme.example.": acme},
		"127.0.0.4": {"plat.example.": `
			@ NS ns
			ns A 127.0.0.4
			s1.dkim TXT "v=DKIM1; p=AAAA"`},
	}
	for _, c := range change {
		c(hosts)
	}
	return dnstest.StartSpace(t, hosts)
}

// options make a resolver live in the name space. Failures are quick.
func options(space *dnstest.Space) resolver.Options {
	return resolver.Options{
		RootHints: []string{"127.0.0.1"}, Port: space.Port, Timeout: 250 * time.Millisecond,
	}
}

func prober(t *testing.T, o resolver.Options) *resolver.Prober {
	t.Helper()
	p := resolver.NewProber(o)
	t.Cleanup(p.Close)
	return p
}

// ask is a next function that asks the rounds of questions one after the other.
func ask(rounds ...[]myodai.Question) func(myodai.Observation) []myodai.Question {
	return func(myodai.Observation) []myodai.Question {
		if len(rounds) == 0 {
			return nil
		}
		round := rounds[0]
		rounds = rounds[1:]
		return round
	}
}

// questions reads "name TYPE" and the flags confirm, one and recursive.
func questions(lines ...string) []myodai.Question {
	var list []myodai.Question
	for _, line := range lines {
		f := strings.Fields(line)
		list = append(list, myodai.Question{
			Name: myodai.Name(f[0]), Type: myodai.RecordType(f[1]),
			Confirm:   slices.Contains(f[2:], "confirm"),
			OneServer: slices.Contains(f[2:], "one"),
			Recursive: slices.Contains(f[2:], "recursive"),
		})
	}
	return list
}

// probe asks the questions about acme.example in one round.
func probe(t *testing.T, o resolver.Options, lines ...string) myodai.Observation {
	t.Helper()
	return prober(t, o).Probe(t.Context(), "acme.example", ask(questions(lines...)))
}

// told writes answers down, one a line, without what differs from run to run.
func told(answers []myodai.Answer) string {
	var lines []string
	for _, a := range answers {
		host, _, _ := strings.Cut(a.Address, ":")
		line := fmt.Sprintf("%s %s @%s %s %s", a.Name, a.Type, strings.TrimPrefix(host, "127.0.0"), a.Transport, a.Kind())
		if a.Err != "" {
			line += " (" + a.Err + ")"
		} else {
			line += " " + a.RCode
		}
		for _, rr := range a.Records {
			line += fmt.Sprintf(" [%s %s %s]", rr.Name, rr.Type, rr.Data)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	trim := func(s string) string {
		var lines []string
		for line := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
			lines = append(lines, strings.TrimSpace(line))
		}
		return strings.Join(lines, "\n")
	}
	if trim(got) != trim(want) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, trim(got), trim(want))
	}
}

// walked writes the zones of an observation down.
func walked(o myodai.Observation) string {
	var lines []string
	for _, z := range o.Zones {
		line := string(z.Name) + ":"
		for _, s := range z.Servers {
			host, _, _ := strings.Cut(s.Address, ":")
			line += fmt.Sprintf(" %s@%s", s.Name, strings.TrimPrefix(host, "127.0.0"))
			if s.Err != "" {
				line += " (" + s.Err + ")"
			}
		}
		if len(z.DS) > 0 {
			line += fmt.Sprintf(" %d DS", len(z.DS))
		}
		if z.Err != "" {
			line += " " + z.Err
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
