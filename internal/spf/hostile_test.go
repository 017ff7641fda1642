package spf_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/spf"
)

// hostile answers every question, so that each evaluation is as long as it can
// be (T19).
func hostile(record string, count *int) spf.Lookup {
	return func(name myodai.Name, rtype myodai.RecordType) myodai.Answer {
		*count++
		a := myodai.Answer{Question: myodai.Question{Name: name, Type: rtype}, Authoritative: true, RCode: "NOERROR"}
		add := func(data string) {
			a.Records = append(a.Records, myodai.Record{Name: name, Type: rtype, Data: data})
		}
		switch rtype {
		case myodai.TypeTXT:
			add(record)
		case myodai.TypeMX:
			for i := range 10 {
				add(fmt.Sprintf("10 mx%d.%s", i, name))
			}
		case "PTR":
			for i := range 1000 {
				add(fmt.Sprintf("p%d.evil.example", i))
			}
		case myodai.TypeA:
			add("192.0.2.200")
		default:
			a.Authority = []myodai.Record{{Type: myodai.TypeSOA}}
		}
		return a
	}
}

func TestHostileZones(t *testing.T) {
	many := func(format string) string {
		var b strings.Builder
		b.WriteString("v=spf1")
		for i := 0; b.Len() < 65000; i++ {
			fmt.Fprintf(&b, " "+format, i)
		}
		return b.String()
	}
	for _, tt := range []struct{ name, record string }{
		{"ten thousand includes", many("include:%d.evil.example")},
		{"includes of itself", "v=spf1 include:evil.example include:evil.example"},
		{"redirect to itself", "v=spf1 redirect=evil.example"},
		{"mx everywhere", many("mx:m%d.evil.example")},
		{"the client's names in every macro", many("exists:%%{p}.%d.evil.example")},
		{"macros that grow", "v=spf1 exists:" + strings.Repeat("%{d}%{h}%{s}", 4000) + ".evil.example -all"},
		{"64 KiB of nothing", "v=spf1 " + strings.Repeat("x", 65000)},
		{"64 KiB of spaces", "v=spf1" + strings.Repeat(" ", 65000)},
		{"64 KiB of modifiers", many("m%d=x")},
		{"64 KiB of addresses", many("ip4:192.0.2.%d")},
		{"64 KiB of percent signs", "v=spf1 a:" + strings.Repeat("%", 65000)},
		{"64 KiB of glue", "v=spf1 " + strings.Repeat("ip4:", 16000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			lookup := hostile(tt.record, &asked)
			spf.Evaluate(lookup, netip.MustParseAddr("192.0.2.1"), strings.Repeat("h.", 500), strings.Repeat("l", 1000)+"@evil.example")
			if asked > 200 {
				t.Errorf("Evaluate asked %d questions", asked)
			}
			asked = 0
			spf.Count(lookup, "evil.example")
			if asked > 200 {
				t.Errorf("Count asked %d questions", asked)
			}
			if _, err := spf.Propose(lookup, []string{tt.record}, spf.Wish{Domain: "evil.example", Include: "_spf.plat.example"}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAliasLoops(t *testing.T) {
	asked := 0
	lookup := func(name myodai.Name, rtype myodai.RecordType) myodai.Answer {
		asked++
		return myodai.Answer{
			Question: myodai.Question{Name: name, Type: rtype}, Authoritative: true, RCode: "NOERROR",
			Records: []myodai.Record{{Name: name, Type: myodai.TypeCNAME, Data: "x" + string(name)}},
		}
	}
	got := spf.Evaluate(lookup, netip.MustParseAddr("192.0.2.1"), "", "a@evil.example")
	if got.Kind != spf.ResultTempError || asked > 10 {
		t.Errorf("Evaluate = %+v after %d questions", got, asked)
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add("v=spf1 include:%{d} a:%{ir}.%{v}.%{p2r-}.x.example mx -all exp=%{l}.x.example", "a.b@kaisha.example", "helo.example")
	f.Fuzz(func(t *testing.T, record, from, helo string) {
		asked := 0
		for _, ip := range []string{"192.0.2.1", "2001:db8::1"} {
			spf.Evaluate(hostile(record, &asked), netip.MustParseAddr(ip), helo, from)
		}
		if asked > 400 {
			t.Errorf("%d questions", asked)
		}
	})
}
