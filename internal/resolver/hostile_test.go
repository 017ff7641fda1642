package resolver_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// T36: whatever a zone does, the probe ends within its budget and says so.
func TestHostileZonesEndInTheBudget(t *testing.T) {
	manyNS := func(prefix string, glue bool) string {
		var b strings.Builder
		for i := range 1000 {
			fmt.Fprintf(&b, "evil NS ns%d.%s\n", i, prefix)
			if glue {
				fmt.Fprintf(&b, "ns%d.%s A 127.0.0.%d\n", i, prefix, i%200+2)
			}
		}
		return b.String()
	}
	for _, tt := range []struct {
		name   string
		tld    string // added to example
		evil   string // the zone evil.example
		fault  dnstest.Fault
		ask    []string
		next   bool // ask for a new name as long as there are answers
		queues int  // most queries it may take
	}{
		{name: "1000 name servers with glue", tld: manyNS("evil", true), evil: "@ TXT x", ask: []string{"evil.example TXT"}, queues: 120},
		{name: "1000 name servers without", tld: manyNS("other.evil2", false), evil: "@ TXT x", ask: []string{"evil.example TXT"}, queues: 120},
		{name: "a loop of aliases", tld: "evil NS ns.evil\nns.evil A 127.0.0.5", evil: "a CNAME b\nb CNAME a", ask: []string{"a.evil.example TXT"}, queues: 10},
		{name: "a referral to itself", tld: "evil NS ns.evil\nns.evil A 127.0.0.1", ask: []string{"www.evil.example TXT"}, queues: 10},
		{name: "questions without end", tld: "evil NS ns.evil\nns.evil A 127.0.0.5", evil: "* TXT x", ask: []string{"0.evil.example TXT"}, next: true, queues: 60},
		{name: "large answers without end", tld: "evil NS ns.evil\nns.evil A 127.0.0.5", evil: "* TXT" + strings.Repeat(` "`+strings.Repeat("x", 255)+`"`, 240), ask: []string{"0.evil.example TXT"}, next: true, queues: 60},
		{name: "silence", tld: "evil NS ns.evil\nns.evil A 127.0.0.5", evil: "* TXT x", fault: dnstest.Silent, ask: []string{"0.evil.example TXT"}, next: true, queues: 60},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			space := world(t, func(hosts map[string]dnstest.Zones) {
				add(hosts["127.0.0.1"], "example.", strings.Split(tt.tld, "\n")...)
				hosts["127.0.0.5"] = dnstest.Zones{"evil.example.": tt.evil}
			})
			space.Servers["127.0.0.5"].Break("evil.example.", tt.fault)
			opts := options(space)
			opts.Budget, opts.Timeout, opts.Deadline = tt.queues, 50*time.Millisecond, 5*time.Second
			n := 0
			started := time.Now()
			o := prober(t, opts).Probe(t.Context(), "evil.example", func(o myodai.Observation) []myodai.Question {
				if n++; tt.next {
					return questions(fmt.Sprintf("%d.evil.example TXT", n))
				}
				return questions(tt.ask...)
			})
			if took := time.Since(started); took > opts.Deadline+time.Second {
				t.Errorf("took %v", took)
			}
			if got := space.Count("", ""); got > tt.queues {
				t.Errorf("%d queries, budget %d", got, tt.queues)
			}
			if tt.next && o.Incomplete == "" {
				t.Error("nothing says that it was cut short")
			}
			octets := 0
			for _, a := range o.Answers {
				for _, rr := range a.Records {
					octets += len(rr.Data)
				}
			}
			if octets > 1<<20 {
				t.Errorf("%d octets of answers are kept", octets)
			}
		})
	}
}

func TestTheDeadlineEndsAProbe(t *testing.T) {
	space := world(t)
	space.Servers["127.0.0.2"].Delay("acme.example.", time.Hour)
	space.Servers["127.0.0.3"].Delay("acme.example.", time.Hour)
	opts := options(space)
	opts.Timeout, opts.Deadline = time.Hour, 100*time.Millisecond
	o := probe(t, opts, "acme.example TXT", "acme.example MX confirm")
	if !strings.Contains(o.Incomplete, "deadline") {
		t.Errorf("incomplete = %q", o.Incomplete)
	}
	for _, a := range o.Answers {
		if a.Kind() != myodai.AnswerUnknown || a.Err != "timeout" {
			t.Errorf("answer %s %q", a.Kind(), a.Err)
		}
	}
}

func TestCancelingEndsAProbeAtOnce(t *testing.T) {
	space := world(t)
	space.Servers["127.0.0.2"].Delay("acme.example.", time.Hour)
	opts := options(space)
	opts.Timeout = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	o := prober(t, opts).Probe(ctx, "acme.example", func(myodai.Observation) []myodai.Question {
		if calls++; calls == 1 {
			time.AfterFunc(50*time.Millisecond, cancel)
		}
		return questions("acme.example TXT")
	})
	if o.Incomplete != "canceled" {
		t.Errorf("incomplete = %q", o.Incomplete)
	}
}

func TestSingleServerQuestionsAreLimited(t *testing.T) {
	space := world(t)
	opts := options(space)
	opts.Probes = 2
	o := probe(t, opts, "a.acme.example TXT one", "b.acme.example TXT one", "c.acme.example TXT one")
	if len(o.Answers) != 2 || o.Incomplete == "" {
		t.Errorf("%d answers, incomplete %q", len(o.Answers), o.Incomplete)
	}
}
