package diagnose

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/resolver"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// dnsCase is one mistake, as testdata/<cause>/zone.txt tells it: lines of zone
// files, and among them lines that begin with ";;":
//
//	;; plan texts             the plan, by its name in _plans; "aliases" when not said
//	;; beside                 the cause need not be the primary one
//	;; known {"DoneAt": …}    what is known beside DNS, as Known in JSON
//	;; registry {"exists": …}  what the registry says, as myodai.Registration in JSON
//	;; sees {"name": …}       a record the tenant's resolver shows, as myodai.Record
//	;; missing s1 dmarc       planned records that are not published, by their first
//	                          label without "_"; "*" means all of them
//	;; zone X at ns1 ns2      what follows is in zone X at these servers; "the domain
//	                          at ns1 and ns2" when not said
//	;; zone X held-by N       the same at a server that nobody is told of
//	;; unregistered           the domain is not there
//	;; delegate X to N1 N2    the zone above names these servers instead
//	;; server N ip            the server of this name is at this address; 127.0.0.2 and
//	                          127.0.0.3 are ns1.host.example and ns2.host.example
//	;; break ns2 X servfail   the server fails for names below X
//	;; above LINE             a line of the zone above
//	;; recursive LINE         public resolvers remember the domain like this
//	;; earlier 10m            what follows is what was there so long ago
//	;; elsewhere              what follows is what is seen from another place
//
// Planned records that are not mentioned are published as planned. "{key1}" and
// "{key2}" stand for the public keys of s1 and s2, "{key1:10:200}" for a part.
type dnsCase struct {
	name   string
	hash   string // of all that makes the case
	cause  myodai.Cause
	beside bool
	plan   plan.Plan
	known  Known
	beyond beyondDNS
	worlds []*dnsWorld // the present one first
}

// beyondDNS is what an observation holds that name servers did not say.
type beyondDNS struct {
	registration *myodai.Registration
	sees         []myodai.Record
}

func (b beyondDNS) add(o myodai.Observation) myodai.Observation {
	o.Registration, o.TenantSees = b.registration, b.sees
	return o
}

// dnsWorld is a name space.
type dnsWorld struct {
	kind      string        // "", "earlier" or "elsewhere"
	ago       time.Duration // of an earlier one
	missing   []string
	zones     []zoneText
	delegated map[string][]string
	hosts     map[string]string // address by name of server
	broken    [][3]string
	above     []string
	recursive []string
}

type zoneText struct {
	origin  string
	servers []string
	lines   []string
	held    bool // by servers that nobody names for it
	implied bool // no directive asked for it
}

const (
	rootIP      = "127.0.0.1"
	platformIP  = "127.0.0.9"
	recursiveIP = "127.0.0.8"
)

func newWorld(kind string, ago time.Duration, domain string) *dnsWorld {
	return &dnsWorld{
		kind: kind, ago: ago, delegated: map[string][]string{},
		hosts: map[string]string{"ns1.host.example": "127.0.0.2", "ns2.host.example": "127.0.0.3"},
		zones: []zoneText{{origin: domain, servers: []string{"ns1", "ns2"}, implied: true}},
	}
}

// readCase reads a case.
func readCase(t *testing.T, name string) *dnsCase {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name, "zone.txt"))
	if err != nil {
		t.Fatal(err)
	}
	c := &dnsCase{name: name, cause: causeOf(name)}
	planName := "aliases"
	if m := regexp.MustCompile(`(?m)^;; plan (\S+)`).FindSubmatch(data); m != nil {
		planName = string(m[1])
	}
	c.plan = readPlan(t, planName)
	c.hash = fmt.Sprintf("%x", sha256.Sum256(fmt.Append(data, c.plan, platform)))[:16]
	domain := string(c.plan.Domain.Registrable())
	w := newWorld("", 0, domain)
	c.worlds = []*dnsWorld{w}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		directive, ok := strings.CutPrefix(line, ";; ")
		if !ok {
			last := &w.zones[len(w.zones)-1]
			last.lines = append(last.lines, line)
			continue
		}
		verb, rest, _ := strings.Cut(directive, " ")
		switch verb {
		case "earlier", "elsewhere":
			ago, _ := time.ParseDuration(rest) // zero for elsewhere
			w = newWorld(verb, ago, domain)
			c.worlds = append(c.worlds, w)
		case "beside":
			c.beside = true
		case "known":
			if err := json.Unmarshal([]byte(rest), &c.known); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		case "registry":
			c.beyond.registration = &myodai.Registration{Domain: c.plan.Domain.Registrable()}
			if err := json.Unmarshal([]byte(rest), c.beyond.registration); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		case "sees":
			var rr myodai.Record
			if err := json.Unmarshal([]byte(rest), &rr); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			c.beyond.sees = append(c.beyond.sees, rr)
		case "plan":
		default:
			if !w.read(verb, rest) {
				t.Fatalf("%s: not understood", line)
			}
		}
	}
	return c
}

// read takes in one directive.
func (w *dnsWorld) read(verb, rest string) bool {
	f := strings.Fields(rest)
	switch {
	case verb == "missing":
		w.missing = append(w.missing, f...)
	case verb == "zone" && len(f) >= 3:
		if z := w.zones[0]; z.implied && z.origin == f[0] && len(z.lines) == 0 {
			w.zones = nil
		}
		w.zones = append(w.zones, zoneText{origin: f[0], servers: f[2:], held: f[1] == "held-by"})
	case verb == "unregistered":
		w.zones[0].held, w.zones[0].origin = true, "nobody.example"
	case verb == "delegate" && len(f) >= 2:
		w.delegated[f[0]] = f[2:]
	case verb == "server" && len(f) == 2:
		w.hosts[f[0]] = f[1]
	case verb == "break" && len(f) == 3:
		w.broken = append(w.broken, [3]string{f[0], f[1], f[2]})
	case verb == "above":
		w.above = append(w.above, rest)
	case verb == "recursive":
		w.recursive = append(w.recursive, rest)
	default:
		return false
	}
	return true
}

// probe asks real servers about each world of the case.
func (c *dnsCase) probe(t *testing.T) recorded {
	t.Helper()
	var r recorded
	for i := len(c.worlds) - 1; i >= 0; i-- { // the past first: the present looks at it
		w := c.worlds[i]
		o := c.ask(t, w, r.Earlier)
		settle(&o, caseTime.Add(-w.ago))
		switch w.kind {
		case "earlier":
			r.Earlier = append([]myodai.Observation{o}, r.Earlier...)
		case "elsewhere":
			r.Elsewhere = append(r.Elsewhere, o)
		default:
			r.Now = o
		}
	}
	return r
}

func (c *dnsCase) ask(t *testing.T, w *dnsWorld, earlier []myodai.Observation) myodai.Observation {
	t.Helper()
	space := dnstest.StartSpace(t, w.space(c.plan))
	for _, b := range w.broken {
		space.Servers[w.hosts[host(b[0])]].Break(b[1], dnstest.Fault(strings.TrimPrefix(b[2], "healthy")))
	}
	o := resolver.Options{
		RootHints: []string{rootIP}, Port: space.Port, Timeout: 2 * time.Second, Deadline: 20 * time.Second, Budget: 1000, Probes: MaxProbes,
	}
	if slices.ContainsFunc(w.broken, func(b [3]string) bool { return b[2] == "silent" }) {
		o.Timeout = 300 * time.Millisecond
	}
	if len(w.recursive) > 0 {
		o.Recursives = []string{fmt.Sprintf("%s:%d", recursiveIP, space.Port)}
	}
	prober := resolver.NewProber(o)
	defer prober.Close()
	return prober.Probe(t.Context(), c.plan.Domain, func(o myodai.Observation) []myodai.Question {
		return Questions(Input{Plan: c.plan, Observation: c.beyond.add(o), Earlier: earlier, Known: c.known, Now: caseTime})
	})
}

var port = regexp.MustCompile(`:\d+$`)

// settle takes out of an observation what differs from run to run.
func settle(o *myodai.Observation, at time.Time) {
	o.StartedAt, o.FinishedAt = at, at
	for i := range o.Answers {
		a := &o.Answers[i]
		a.At, a.Took, a.Address = at, 0, port.ReplaceAllString(a.Address, ":53")
		slices.SortStableFunc(a.Records, func(x, y myodai.Record) int { return strings.Compare(x.Data, y.Data) })
	}
	slices.SortStableFunc(o.Answers, func(x, y myodai.Answer) int { return strings.Compare(x.Address, y.Address) })
	for i := range o.Zones {
		for j := range o.Zones[i].Servers {
			s := &o.Zones[i].Servers[j]
			s.Address = port.ReplaceAllString(s.Address, ":53")
		}
	}
}
