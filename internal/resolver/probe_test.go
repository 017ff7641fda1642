package resolver_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/resolver"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

func TestProbeWalksFromTheRootAndAsksEveryServer(t *testing.T) {
	o := probe(t, options(world(t)), "acme.example TXT", "s1._domainkey.acme.example TXT", "s2._domainkey.acme.example TXT")
	expect(t, "zones", walked(o), `
		: @.1
		example: a.root.example@.1
		acme.example: ns1.acme.example@.2 ns2.acme.example@.3 1 DS`)
	expect(t, "answers", told(o.Answers), `
		acme.example TXT @.2 udp positive NOERROR [acme.example TXT v=spf1 -all]
		acme.example TXT @.3 udp positive NOERROR [acme.example TXT v=spf1 -all]
		s1._domainkey.acme.example TXT @.2 udp positive NOERROR [s1._domainkey.acme.example CNAME s1.dkim.plat.example]
		s1._domainkey.acme.example TXT @.3 udp positive NOERROR [s1._domainkey.acme.example CNAME s1.dkim.plat.example]
		s2._domainkey.acme.example TXT @.2 udp negative NXDOMAIN
		s2._domainkey.acme.example TXT @.3 udp negative NXDOMAIN`)
	if o.Incomplete != "" || o.StartedAt.IsZero() || o.FinishedAt.Before(o.StartedAt) {
		t.Errorf("incomplete %q, from %v to %v", o.Incomplete, o.StartedAt, o.FinishedAt)
	}
	for _, a := range o.Answers {
		if a.Zone != "acme.example" || a.Server == "" || a.Took <= 0 || a.At.IsZero() || !a.Authoritative {
			t.Errorf("%+v", a)
		}
	}
}

func TestObservationSurvivesJSON(t *testing.T) {
	o := probe(t, options(world(t)), "acme.example TXT confirm", "none.acme.example MX", "plat.example SOA")
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var back myodai.Observation
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(o, back) {
		t.Errorf("round trip:\n%+v\nwas\n%+v", back, o)
	}
}

// P12: whatever goes wrong is unknown, and never a negative answer.
func TestFailuresAreUnknown(t *testing.T) {
	for _, tt := range []struct {
		fault dnstest.Fault
		want  string // of the server that has it
	}{
		{dnstest.ServFail, "udp unknown SERVFAIL"},
		{dnstest.Refuse, "udp unknown REFUSED"},
		{dnstest.Silent, "udp unknown (timeout)"},
		{dnstest.Lame, "udp unknown NOERROR"},
		{dnstest.Garbage, "udp unknown (timeout)"},
		{dnstest.Truncate, "tcp negative NXDOMAIN"},
		{dnstest.FormErr, "udp negative NXDOMAIN"},
		{dnstest.Healthy, "udp negative NXDOMAIN"},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			t.Parallel()
			space := world(t)
			space.Servers["127.0.0.3"].Break("acme.example.", tt.fault)
			o := probe(t, options(space), "none.acme.example TXT")
			expect(t, "answers", told(o.Answers), `
				none.acme.example TXT @.2 udp negative NXDOMAIN
				none.acme.example TXT @.3 `+tt.want)
		})
	}
}

func TestAServerWithoutAListenerRefusesTheConnection(t *testing.T) {
	o := probe(t, options(world(t, func(hosts map[string]dnstest.Zones) { delete(hosts, "127.0.0.3") })), "acme.example MX")
	expect(t, "answers", told(o.Answers), `
		acme.example MX @.2 udp positive NOERROR [acme.example MX 10 mail.acme.example]
		acme.example MX @.3 udp unknown (connection refused)`)
}

// A server that has the parent zone and not the one it was asked for answers
// with authority, but not about this zone.
func TestTheSOAOfTheZoneAboveIsNoNegativeAnswer(t *testing.T) {
	o := probe(t, options(world(t, func(hosts map[string]dnstest.Zones) {
		hosts["127.0.0.3"] = dnstest.Zones{"example.": "@ NS a.root"}
	})), "none.acme.example TXT")
	expect(t, "answers", told(o.Answers), `
		none.acme.example TXT @.2 udp negative NXDOMAIN
		none.acme.example TXT @.3 udp unknown NXDOMAIN`)
}

func TestServersThatDisagreeAreKeptApart(t *testing.T) {
	space := world(t)
	if err := space.Servers["127.0.0.3"].Set("acme.example.", `@ TXT "other"`); err != nil {
		t.Fatal(err)
	}
	o := probe(t, options(space), "acme.example TXT")
	expect(t, "answers", told(o.Answers), `
		acme.example TXT @.2 udp positive NOERROR [acme.example TXT v=spf1 -all]
		acme.example TXT @.3 udp positive NOERROR [acme.example TXT other]`)
}

// T15.
func TestPositiveAnswersAreConfirmedOverTCP(t *testing.T) {
	space := world(t)
	space.Servers["127.0.0.3"].Break("acme.example.", dnstest.UDPOnly)
	o := probe(t, options(space), "acme.example TXT confirm", "none.acme.example TXT confirm")
	expect(t, "answers", told(o.Answers), `
		acme.example TXT @.2 udp positive NOERROR [acme.example TXT v=spf1 -all]
		acme.example TXT @.2 tcp positive NOERROR [acme.example TXT v=spf1 -all]
		acme.example TXT @.3 udp positive NOERROR [acme.example TXT v=spf1 -all]
		acme.example TXT @.3 tcp unknown (connection closed)
		none.acme.example TXT @.2 udp negative NXDOMAIN
		none.acme.example TXT @.3 udp negative NXDOMAIN`)
}

func TestAnswersThatDoNotFitComeOverTCP(t *testing.T) {
	space := world(t)
	for _, s := range space.Servers {
		s.Break("acme.example.", dnstest.Truncate)
	}
	o := probe(t, options(space), "acme.example TXT confirm")
	expect(t, "answers", told(o.Answers), `
		acme.example TXT @.2 tcp positive NOERROR [acme.example TXT v=spf1 -all]
		acme.example TXT @.3 tcp positive NOERROR [acme.example TXT v=spf1 -all]`)
}

// T15: an answer with another ID, or to another question, is not looked at.
func TestForgedAnswersAreIgnored(t *testing.T) {
	for _, mixed := range []bool{false, true} {
		space := world(t)
		for _, s := range space.Servers {
			s.Break(".", dnstest.Spoof)
		}
		opts := options(space)
		opts.MixedCase = mixed
		o := probe(t, opts, "acme.example TXT", "none.acme.example TXT")
		expect(t, "answers", told(o.Answers), `
			acme.example TXT @.2 udp positive NOERROR [acme.example TXT v=spf1 -all]
			acme.example TXT @.3 udp positive NOERROR [acme.example TXT v=spf1 -all]
			none.acme.example TXT @.2 udp negative NXDOMAIN
			none.acme.example TXT @.3 udp negative NXDOMAIN`)
	}
}

// T15: somebody who keeps guessing is left to it, and TCP is used.
func TestAFloodOfForgedAnswersLeadsToTCP(t *testing.T) {
	space := world(t)
	space.Servers["127.0.0.3"].Break("acme.example.", dnstest.Flood)
	o := probe(t, options(space), "acme.example TXT confirm")
	expect(t, "answers", told(o.Answers), `
		acme.example TXT @.2 udp positive NOERROR [acme.example TXT v=spf1 -all]
		acme.example TXT @.2 tcp positive NOERROR [acme.example TXT v=spf1 -all]
		acme.example TXT @.3 tcp positive NOERROR [acme.example TXT v=spf1 -all]`)
}

// T15: what a server says about other people's zones is not kept.
func TestRecordsOutsideTheZoneAreNotKept(t *testing.T) {
	o := probe(t, options(world(t, func(hosts map[string]dnstest.Zones) {
		for _, ip := range []string{"127.0.0.2", "127.0.0.3"} {
			hosts[ip]["plat.example."] = `s1.dkim TXT "lie"`
		}
	})), "s1._domainkey.acme.example TXT", "www.acme.example A", "s1.dkim.plat.example TXT one")
	expect(t, "answers", told(o.Answers), `
		s1._domainkey.acme.example TXT @.2 udp positive NOERROR [s1._domainkey.acme.example CNAME s1.dkim.plat.example]
		s1._domainkey.acme.example TXT @.3 udp positive NOERROR [s1._domainkey.acme.example CNAME s1.dkim.plat.example]
		www.acme.example A @.2 udp positive NOERROR [www.acme.example CNAME web.acme.example] [web.acme.example A 192.0.2.1]
		www.acme.example A @.3 udp positive NOERROR [www.acme.example CNAME web.acme.example] [web.acme.example A 192.0.2.1]
		s1.dkim.plat.example TXT @.4 udp positive NOERROR [s1.dkim.plat.example TXT v=DKIM1; p=AAAA]`)
}

func TestTextIsKeptWordForWord(t *testing.T) {
	o := probe(t, options(world(t, func(hosts map[string]dnstest.Zones) {
		hosts["127.0.0.2"]["acme.example."] = `@ TXT "v=spf1 " "\"q\" \\ \195\164;" ""`
		delete(hosts, "127.0.0.3")
	})), "acme.example TXT")
	want := myodai.Record{
		Name: "acme.example", Type: "TXT", TTL: 300,
		Data:    `v=spf1 "q" \\ \195\164;`,
		Strings: []string{"v=spf1 ", `"q" \\ \195\164;`, ""},
	}
	if got := o.Answers[0].Records[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := want.Text(), "v=spf1 \"q\" \\ ä;"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
}

func TestNextSeesWhatIsKnownAndNothingIsAskedTwice(t *testing.T) {
	space := world(t)
	var zones, answers []int
	rounds := 0
	o := prober(t, options(space)).Probe(t.Context(), "acme.example", func(o myodai.Observation) []myodai.Question {
		zones, answers = append(zones, len(o.Zones)), append(answers, len(o.Answers))
		if rounds++; rounds > 2 {
			return questions("acme.example TXT", "acme.example TXT one", "acme.example MX")
		}
		return questions("acme.example TXT", "acme.example TXT")[:rounds]
	})
	if !reflect.DeepEqual(zones, []int{3, 3}) || !reflect.DeepEqual(answers, []int{0, 2}) {
		t.Errorf("next saw zones %v and answers %v", zones, answers)
	}
	if got := space.Count("acme.example.", "TXT"); got != 2 || len(o.Answers) != 2 {
		t.Errorf("%d questions for %d answers, want 2 for 2", got, len(o.Answers))
	}
}

func TestOneServerIsTheOneThatAnswers(t *testing.T) {
	space := world(t)
	space.Servers["127.0.0.2"].Break("acme.example.", dnstest.Silent)
	o := prober(t, options(space)).Probe(t.Context(), "acme.example", ask(
		questions("acme.example TXT", "acme.example MX"), questions("none.acme.example TXT one", "acme.example A")))
	expect(t, "answers", told(o.Answers), `
		acme.example TXT @.2 udp unknown (timeout)
		acme.example TXT @.3 udp positive NOERROR [acme.example TXT v=spf1 -all]
		acme.example MX @.2 udp unknown (timeout)
		acme.example MX @.3 udp positive NOERROR [acme.example MX 10 mail.acme.example]
		none.acme.example TXT @.3 udp negative NXDOMAIN
		acme.example A @.2 udp unknown (timeout; not asked again)
		acme.example A @.3 udp negative NOERROR`)
}

func TestPublicResolversAreAskedOnlyWhenNamed(t *testing.T) {
	space := world(t)
	opts := options(space)
	o := probe(t, opts, "acme.example TXT recursive")
	if len(o.Answers) != 0 {
		t.Errorf("a private name space was asked about in public: %s", told(o.Answers))
	}
	resolver := dnstest.Start(t, dnstest.Zones{"acme.example.": `@ TXT "cached"`})
	opts.Recursives = []string{resolver.Addr()}
	o = probe(t, opts, "acme.example TXT recursive confirm", "acme.example TXT")
	if len(o.Answers) != 3 || !o.Answers[0].Recursive || o.Answers[0].Records[0].Data != "cached" || o.Answers[0].Zone != "" {
		t.Errorf("answers:\n%s", told(o.Answers))
	}
	if got := o.About("acme.example", "TXT"); len(got) != 2 {
		t.Errorf("%d authoritative answers, want 2", len(got))
	}
}

func TestOneServerForEverything(t *testing.T) {
	s := dnstest.Start(t, dnstest.Zones{
		"acme.example.": `s1._domainkey CNAME s1.plat.example.`,
		"plat.example.": `s1 TXT "key"`,
	})
	o := probe(t, resolver.Options{Server: s.Addr()}, "s1._domainkey.acme.example TXT", "s1.plat.example TXT one", "x.plat.example A")
	expect(t, "zones", walked(o), ": @.1")
	expect(t, "answers", told(o.Answers), `
		s1._domainkey.acme.example TXT @.1 udp positive NOERROR [s1._domainkey.acme.example CNAME s1.plat.example] [s1.plat.example TXT key]
		s1.plat.example TXT @.1 udp positive NOERROR [s1.plat.example TXT key]
		x.plat.example A @.1 udp negative NXDOMAIN`)
}

func TestQuestionsThatCannotBeAsked(t *testing.T) {
	long := strings.Repeat("x", 64)
	o := probe(t, options(world(t)), "acme.example NOSUCH", long+".acme.example TXT")
	expect(t, "answers", told(o.Answers), `
		acme.example NOSUCH @  unknown ("NOSUCH" is not a type of record)
		`+long+`.acme.example TXT @  unknown ("`+long+`.acme.example" is not a valid name)`)
}
