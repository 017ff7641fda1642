package diagnose

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/resolver"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// TestHealthyDomainTakesThreeRounds also counts what is asked: each round is one
// round-trip time, and each question a query to every server.
func TestHealthyDomainTakesThreeRounds(t *testing.T) {
	for _, name := range []string{"none", "none--texts", "none--subdomain"} {
		c := readCase(t, name)
		space := dnstest.StartSpace(t, c.worlds[0].space(c.plan))
		prober := resolver.NewProber(resolver.Options{RootHints: []string{rootIP}, Port: space.Port, Timeout: 2 * time.Second})
		rounds, questions := 0, 0
		o := prober.Probe(t.Context(), c.plan.Domain, func(o myodai.Observation) []myodai.Question {
			list := Questions(Input{Plan: c.plan, Observation: o, Now: caseTime})
			if slices.ContainsFunc(list, func(q myodai.Question) bool { return !q.Recursive }) {
				rounds++
				questions += len(list)
			}
			for _, q := range list {
				if q.Recursive && rounds == 0 {
					t.Errorf("%s: %s is asked of resolvers before it is known to be right", name, q.Name)
				}
			}
			return list
		})
		prober.Close()
		if rounds > 2 || questions > 45 || o.Incomplete != "" {
			t.Errorf("%s: %d rounds before the resolvers, %d questions, %s; want 2 rounds and at most 45", name, rounds, questions, o.Incomplete)
		}
	}
}

// TestResolversAreAskedLast is the first rule of waiting: a question for a record
// that is not right yet would plant what it looks for.
func TestResolversAreAskedLast(t *testing.T) {
	for _, name := range folders(t) {
		c := readCase(t, name)
		r := c.load(t)
		v := newView(c.input(r))
		for _, q := range Questions(c.input(r)) {
			if q.Recursive && q.Name != v.zone && len(v.here(q.Name)) == 0 {
				t.Errorf("%s: resolvers are asked for %s, which is not there", name, q.Name)
			}
		}
	}
}

// TestProbesAreBounded counts what a domain costs of which nothing is there.
func TestProbesAreBounded(t *testing.T) {
	for _, name := range folders(t) {
		c := readCase(t, name)
		in := c.input(c.load(t))
		v := newView(in)
		for _, item := range in.Plan.Items {
			if n := len(v.candidates(item)); n > maxCandidates {
				t.Errorf("%s: %d names are tried for %s", name, n, item.Name)
			}
		}
		probes := 0
		for _, a := range in.Observation.Answers {
			if a.OneServer {
				probes++
			}
		}
		if most := MaxProbes; probes > most {
			t.Errorf("%s: %d questions to single servers, want at most %d", name, probes, most)
		}
	}
}

// TestSilenceBlamesNobody takes away what DNS said, bit by bit: no record may
// then be said to be wrong that is right, nor missing (P12).
func TestSilenceBlamesNobody(t *testing.T) {
	for _, name := range []string{"none", "none--texts", "none--subdomain"} {
		c := readCase(t, name)
		r := c.load(t)
		random := rand.New(rand.NewPCG(1, 2))
		for range 60 {
			in := c.input(r)
			in.Observation.Answers = slices.Clone(in.Observation.Answers)
			for i := range in.Observation.Answers {
				if a := &in.Observation.Answers[i]; random.IntN(3) == 0 {
					a.Records, a.Authority, a.Err, a.RCode, a.Authoritative = nil, nil, "timeout", "", false
				}
			}
			for _, f := range Domain(in) {
				// That questions for CAA get no answer is itself the mistake.
				if f.Record != "" && f.Severity == blocks && f.Cause != CAALookupFails {
					t.Fatalf("%s: silence gives %s for %s (%s)", name, f.Cause, f.Record, f.Found)
				}
			}
		}
	}
}

// TestNothingAsked has no findings: not one word from DNS.
func TestNothingAsked(t *testing.T) {
	p := readPlan(t, "tracking")
	if got := Domain(Input{Plan: p, Observation: myodai.Observation{Domain: p.Domain}, Now: caseTime}); len(got) != 0 {
		t.Errorf("findings without an answer:\n%s", show(got))
	}
	if got := Domain(Input{}); len(got) != 0 {
		t.Errorf("findings of nothing:\n%s", show(got))
	}
	if got := Questions(Input{}); len(got) > 10 {
		t.Errorf("%d questions about nothing", len(got))
	}
}

// FuzzDomain judges observations of which parts were changed at random, and asks
// on: neither may fail, go on for ever, or find two primary causes.
func FuzzDomain(f *testing.F) {
	t := new(testing.T)
	var inputs []Input
	for i, name := range folders(t) {
		if i%8 == 0 {
			c := readCase(t, name)
			inputs = append(inputs, c.input(c.load(t)))
		}
	}
	for i := range inputs {
		f.Add(uint64(i), uint64(1), "x")
	}
	f.Add(uint64(3), uint64(7), "\x00\\300.;\"v=spf1 include:")
	f.Fuzz(func(t *testing.T, which, seed uint64, text string) {
		in := inputs[which%uint64(len(inputs))]
		in.Observation = mutate(in.Observation, rand.New(rand.NewPCG(seed, which)), text)
		began := time.Now()
		findings := Domain(in)
		if n := len(Questions(in)); n > 2000 {
			t.Errorf("%d questions", n)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("took %s", took)
		}
		for i, f := range findings {
			if _, ok := About(f.Cause); !ok || f.Primary != (i == 0) {
				t.Errorf("finding %d: %+v", i, f)
			}
		}
		if _, err := json.Marshal(findings); err != nil {
			t.Error(err)
		}
	})
}

// mutate changes answers, one in eight.
func mutate(o myodai.Observation, random *rand.Rand, text string) myodai.Observation {
	o.Answers = slices.Clone(o.Answers)
	for i := range o.Answers {
		a := &o.Answers[i]
		if random.IntN(8) != 0 {
			continue
		}
		switch random.IntN(8) {
		case 0:
			a.Err, a.RCode, a.Records = "timeout", "", nil
		case 1:
			a.RCode, a.Records = "NXDOMAIN", nil
		case 2:
			a.RCode = strings.ToValidUTF8(text, "")
		case 3:
			a.Name = myodai.Name(text)
		case 4:
			a.Records = append(slices.Clone(a.Records), myodai.Record{Name: a.Name, Type: a.Type, Data: text})
		case 5:
			a.Records = append(slices.Clone(a.Records), myodai.Record{Name: a.Name, Type: myodai.TypeCNAME, Data: string(o.Answers[random.IntN(len(o.Answers))].Name)})
		case 6:
			a.Records = append(slices.Clone(a.Records), myodai.Record{Name: a.Name, Type: myodai.TypeTXT, Data: text, Strings: []string{text}})
		case 7:
			a.Authority = append(slices.Clone(a.Authority), myodai.Record{Name: a.Zone, Type: myodai.TypeSOA, Data: text})
		}
	}
	return o
}

// TestRealPlanHasNoFindings publishes what package plan asks for, in both shapes.
func TestRealPlanHasNoFindings(t *testing.T) {
	if _, err := os.Stat("testdata"); err != nil {
		t.Fatal(err)
	}
	d := myodai.Domain{Name: "kaisha.example", Token: "k7f3q9x2abcdefghijklmnopqr", State: myodai.DomainPending, RootSPF: true}
	d.ReturnPath = plan.DefaultReturnPath(d)
	keys := []myodai.Key{
		{Selector: "s1-k7f3q9x2", Algorithm: myodai.KeyRSA, Public: planned, State: myodai.KeyActive},
		{Selector: "s2-k7f3q9x2", Algorithm: myodai.KeyRSA, Public: other, State: myodai.KeyStandby},
	}
	site := plan.Site{Zone: "plat.example", MailHost: "mail.plat.example", NameServers: []myodai.Name{"ns.plat.example"}}
	for _, shape := range []myodai.Shape{myodai.ShapeCNAME, myodai.ShapeTXT} {
		p := plan.For(d.Reshape("", shape), keys, site)
		verified := d
		verified.State = myodai.DomainVerified
		var ours []string
		for _, rr := range plan.Zone(site, []plan.Published{{Domain: verified, Keys: keys}}, nil) {
			data := rr.Data
			switch rr.Type {
			case myodai.TypeTXT:
				data = `"` + data + `"`
			case myodai.TypeMX, myodai.TypeNS:
				data += "."
			case myodai.TypeSOA:
				continue
			}
			ours = append(ours, string(rr.Name)+". "+string(rr.Type)+" "+data)
		}
		w := newWorld("", 0, "kaisha.example")
		w.hosts["ns.plat.example"] = platformIP
		w.zones = append(w.zones, zoneText{origin: "plat.example", servers: []string{"ns.plat.example"}, lines: append(ours, "mail.plat.example. A 203.0.113.5")})
		c := &dnsCase{plan: p, worlds: []*dnsWorld{w}}
		if got := Domain(c.input(c.probe(t))); len(got) != 0 {
			t.Errorf("shape %s:\n%s", shape, show(got))
		}
	}
}
