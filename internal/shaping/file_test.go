package shaping_test

import (
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/shaping"
)

const operators = `
default: {connections: 6}
sites:
  gmail: {hosts: [google.com], connections: 3, rate: 600/m}
  corporate:
    hosts: [mx.example.net]
    messages: 5
    recipients: 3
    chunking: false
    replies: [{name: our-own, codes: [450], text: closed for lunch, do: pause, for: 1h}]
replies:
  - {name: no-graylists, text: graylisted, do: ease}
sources:
  out1: {ipv4: 192.0.2.1, hello: out1.plat.example}
  out2: {ipv4: 192.0.2.2, ipv6: "2001:db8::2", warm_up: quick, since: 2026-11-20}
pools:
  default: [out1]
  bulk: [out2, out1*3]
warm_ups: {quick: [10, 20, 40]}
`

func TestParse(t *testing.T) {
	r, err := shaping.Parse([]byte(operators))
	if err != nil {
		t.Fatal(err)
	}
	for site, want := range map[myodai.Site][4]int{ // connections, messages, recipients, rate
		"aspmx.l.google.com":             {3, 100, 100, 10}, // in the place of the default's
		"mx.example.net":                 {6, 5, 3, 0},
		"mta5.am0.yahoodns.net":          {10, 20, 100, 0},
		"mfsmax.docomo.ne.jp":            {4, 50, 2, 20},
		"notgoogle.com":                  {6, 100, 100, 0},
		"":                               {6, 100, 100, 0},
		"smarthost:smtp.google.com":      {20, 1000, 100, 0},
		"mx2.example.net,mx.example.net": {6, 100, 100, 0}, // the best one counts
	} {
		l := r.For(site)
		if got := [4]int{l.Connections, l.Messages, l.Recipients, int(l.Rate)}; got != want {
			t.Errorf("%s: %v, want %v", site, got, want)
		}
	}
	if !r.For("mx.example.net").NoChunking || r.For("aspmx.l.google.com").NoChunking || r.For("smarthost:smtp.google.com").NoChunking {
		t.Error("CHUNKING is not left out where it is to be")
	}
	s := shaping.State{}.After(reply("450 Closed for Lunch"), r, r.For("mx.example.net"), t0)
	if s.Rule != "our-own" || s.PausedUntil != t0.Add(time.Hour) {
		t.Errorf("our own reply: %+v", s)
	}
	if s = (shaping.State{}).After(reply("450 you are graylisted"), r, r.For("x.example"), t0); s.Rule != "no-graylists" {
		t.Errorf("it does not come first: %+v", s)
	}
	for name, want := range map[string]string{"bulk": "out2 out1", "default": "out1", "": "out1", "unknown": "out1"} {
		var sources []string
		for _, share := range r.Pool(name) {
			sources = append(sources, share.Source)
		}
		if got := strings.Join(sources, " "); got != want {
			t.Errorf("pool %q: %s", name, got)
		}
	}
	if p := shaping.Default().Pool("bulk"); len(p) != 1 || p[0].Source != "" {
		t.Errorf("without sources: %+v", p)
	}
	if s := r.Sources["out2"]; s.IPv6.String() != "2001:db8::2" || s.Hello != "" || r.Sources["out1"].Hello != "out1.plat.example" {
		t.Errorf("%+v", r.Sources)
	}
}

func TestWarmUp(t *testing.T) {
	r, err := shaping.Parse([]byte(operators))
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]int{
		"2026-11-19": 0, "2026-11-20": 10, "2026-11-21": 20, "2026-11-22": 40, "2026-11-23": shaping.NoLimit,
	} {
		at, _ := time.Parse(time.DateOnly, day)
		for _, hour := range []time.Duration{0, 24*time.Hour - 1} {
			if got := r.Allowance("out2", at.Add(hour)); got != want {
				t.Errorf("%s + %v: %d, want %d", day, hour, got, want)
			}
		}
	}
	if r.Allowance("out1", t0) != shaping.NoLimit || r.Allowance("", t0) != shaping.NoLimit {
		t.Error("what is warm has a limit")
	}
}

// TestWhatIsWrong names every mistake at once, where it stands.
func TestWhatIsWrong(t *testing.T) {
	_, err := shaping.Parse([]byte(`
default: {rate: fast, connections: -1}
sites:
  a: {connections: 1, recipients: -1}
  b: {hosts: ["*.example"], replies: [{codes: [99], do: shout, text: "("}]}
replies: [{name: x, do: pause}, {name: y, codes: [421], do: pause, for: 48h}]
sources:
  s: {ipv4: "2001:db8::1", hello: "a b"}
  w: {ipv4: 192.0.2.1, warm_up: never}
pools: {p: [nobody, "w*0", w], q: []}
warm_ups: {z: [-1]}
`))
	if err == nil {
		t.Fatal("all of that is right")
	}
	for _, want := range []string{
		"default.rate: ", "default: connections", "sites.a.hosts: ", "sites.a: connections", "sites.b.hosts: ", "sites.b.replies[0].name: ", "sites.b.replies[0].do: ",
		"sites.b.replies[0].codes: ", "sites.b.replies[0].text: ", "replies[0]: say which", "replies[1]: a pause",
		"sources.s.ipv4: ", "sources.s: give it", "sources.s.hello: ", "sources.w.warm_up: ", "sources.w.since: ",
		"pools.p: there is no source", "pools.p: \"w*0\"", "pools.q: ", "warm_ups.z: ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing is said of %q in:\n%v", want, err)
		}
	}
	for _, text := range []string{"sites: [", "colour: red", "default: {connections: many}", "sources: {a: {ipv4: 192.0.2.1, since: soon}}"} {
		if _, err := shaping.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(operators)
	f.Add(string(shaping.DefaultText))
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := shaping.Parse([]byte(text)); err == nil {
			l := r.For("mx.example.net")
			if l.Connections < 1 || l.Messages < 1 || l.Rate < 0 {
				t.Errorf("%+v", l)
			}
		}
	})
}
