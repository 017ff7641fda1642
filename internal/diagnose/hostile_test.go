package diagnose

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/resolver"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// TestHostileZonesEnd asks about zones that were laid out to have no end (T36):
// the questions stop by themselves, and there is a finding.
func TestHostileZonesEnd(t *testing.T) {
	includes := make([]string, 0, 10000)
	for i := range 10000 {
		includes = append(includes, fmt.Sprintf("n%d TXT \"v=spf1 include:n%d.kaisha.example include:n%d.kaisha.example ~all\"", i, (2*i+1)%10000, (2*i+2)%10000))
	}
	chain := make([]string, 0, 1000)
	for i := range 1000 {
		chain = append(chain, fmt.Sprintf("c%d CNAME c%d", i, i+1))
	}
	keys := make([]string, 0, 200)
	for i := range 200 {
		keys = append(keys, fmt.Sprintf(`s1._domainkey TXT "v=DKIM1; p=AAAA" "%d"`, i))
	}
	for _, tt := range []struct {
		name    string
		plan    string
		missing string
		lines   []string
		want    myodai.Cause
	}{
		{"ten thousand includes", "spf", "kaisha", append(includes, `@ TXT "v=spf1 include:n1.kaisha.example include:n2.kaisha.example ~all"`), SPFTooManyLookups},
		{"a thousand aliases", "tracking", "click", append(chain, "click CNAME c0"), CNAMEChainTooLong},
		{"a wildcard that leads to itself", "aliases", "*", []string{"* CNAME loop", "_domainkey CNAME loop"}, WildcardMasksRecord},
		{"two hundred keys", "texts", "s1", keys, DKIMMultipleRecords},
		{"64 KiB of text", "texts", "s1", []string{"s1._domainkey TXT " + strings.Repeat(`"`+strings.Repeat("A", 255)+`" `, 250)}, DKIMPTagMissing},
		{"DNAME onto itself", "aliases", "s1 s2", []string{"_domainkey DNAME _domainkey._domainkey"}, DNAMECoversRecord},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := readPlan(t, tt.plan)
			w := newWorld("", 0, "kaisha.example")
			w.missing = strings.Fields(tt.missing)
			w.zones[0].lines = tt.lines
			space := dnstest.StartSpace(t, w.space(p))
			prober := resolver.NewProber(resolver.Options{
				RootHints: []string{rootIP}, Port: space.Port, Timeout: 2 * time.Second, Deadline: 10 * time.Second, Budget: 1000, Probes: MaxProbes,
			})
			t.Cleanup(prober.Close)
			rounds := 0
			o := prober.Probe(t.Context(), p.Domain, func(o myodai.Observation) []myodai.Question {
				rounds++
				return Questions(Input{Plan: p, Observation: o, Now: caseTime})
			})
			findings := Domain(Input{Plan: p, Observation: o, Now: caseTime})
			if rounds > 40 || len(findings) == 0 || findings[0].Cause != tt.want {
				t.Errorf("%d rounds, %s; want %s:\n%.600s", rounds, o.Incomplete, tt.want, show(findings))
			}
		})
	}
}

// elsewhereKnown are causes that cannot be told when one server stands for all
// DNS: what they are about is in zones of others.
var elsewhereKnown = map[myodai.Cause]bool{
	CNAMECopiedIP: true, CNAMEFlattened: true, PlatformTargetMissing: true, RecordOccludedByDelegation: true,
	RecordsInSiblingDomain: true, CNAMEIntermediateOK: true, DNAMECoversRecord: true,
}

// TestOneServerForAll asks one server of the domain for everything, as people do
// who run their own.
func TestOneServerForAll(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many servers")
	}
	for _, name := range folders(t) {
		c := readCase(t, name)
		info, ok := About(c.cause)
		if !ok || elsewhereKnown[c.cause] || c.beside ||
			info.Group != GroupName && info.Group != GroupAlias && info.Group != GroupDKIM {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := c.worlds[0]
			space := dnstest.StartSpace(t, w.space(c.plan))
			ip := w.hosts[host(w.namesOf(w.zones[w.home(c.plan.Domain)])[0])]
			prober := resolver.NewProber(resolver.Options{
				Server: fmt.Sprintf("%s:%d", ip, space.Port), Timeout: 2 * time.Second, Budget: 1000, Probes: MaxProbes,
			})
			t.Cleanup(prober.Close)
			o := prober.Probe(t.Context(), c.plan.Domain, func(o myodai.Observation) []myodai.Question {
				return Questions(Input{Plan: c.plan, Observation: o, Known: c.known, Now: caseTime})
			})
			c.check(t, Domain(Input{Plan: c.plan, Observation: c.beyond.add(o), Known: c.known, Now: caseTime}))
		})
	}
}
