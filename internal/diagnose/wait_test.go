package diagnose

import (
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// remembers is what a public resolver says of s1: the records in its answer, or
// the SOA record with which it denies it.
func remembers(address string, at time.Time, records ...myodai.Record) myodai.Answer {
	a := myodai.Answer{
		Question: myodai.Question{Name: "s1._domainkey.kaisha.example", Type: myodai.TypeTXT, Recursive: true},
		Address:  address, RCode: "NOERROR", At: at, Transport: myodai.TransportUDP,
	}
	if len(records) == 1 && records[0].Type == myodai.TypeSOA {
		a.RCode, a.Authority = "NXDOMAIN", records
		return a
	}
	a.Records = records
	return a
}

func aliasWith(ttl uint32, target string) myodai.Record {
	return myodai.Record{Name: "s1._domainkey.kaisha.example", Type: myodai.TypeCNAME, TTL: ttl, Data: target}
}

func denial(ttl uint32) myodai.Record {
	return myodai.Record{Name: "kaisha.example", Type: myodai.TypeSOA, TTL: ttl, Data: "ns1.host.example h.host.example 1 3600 600 86400 86400"}
}

// TestWaitsEnd computes the moment at which what resolvers remember is gone,
// where others say "about 48 hours" (A19, E19) and "try again later" (B10, E21).
func TestWaitsEnd(t *testing.T) {
	const want = "s1.k7f3.dkim.plat.example"
	at := caseTime
	for _, tt := range []struct {
		name    string
		public  []myodai.Answer
		now     time.Duration // since the answers came
		cause   myodai.Cause
		visible time.Duration // since the answers came, with the slack
	}{
		{"new everywhere", []myodai.Answer{remembers("8.8.8.8:53", at, aliasWith(300, want))}, 0, "", 0},
		{"one resolver denies it for 780 s", []myodai.Answer{
			remembers("8.8.8.8:53", at, denial(780)), remembers("1.1.1.1:53", at, aliasWith(300, want)),
		}, 0, NegativeCachePending, 785 * time.Second},
		{"the longest counts", []myodai.Answer{
			remembers("8.8.8.8:53", at, denial(60)), remembers("8.8.8.8:53", at, denial(780)), remembers("9.9.9.9:53", at, denial(300)),
		}, 0, NegativeCachePending, 785 * time.Second},
		{"over a moment before", []myodai.Answer{remembers("8.8.8.8:53", at, denial(780))}, 784 * time.Second, NegativeCachePending, 785 * time.Second},
		{"over at that moment", []myodai.Answer{remembers("8.8.8.8:53", at, denial(780))}, 785 * time.Second, "", 0},
		{"no resolver denies for longer than its bound", []myodai.Answer{remembers("8.8.8.8:53", at, denial(86400))}, 0, NegativeCachePending, 3*time.Hour + 5*time.Second},
		{"the former target for 1260 s", []myodai.Answer{
			remembers("1.1.1.1:53", at, aliasWith(1260, "old.esp.example")), remembers("8.8.8.8:53", at, aliasWith(3600, want)),
		}, 0, OldValueCached, 1265 * time.Second},
		{"former target and denial", []myodai.Answer{
			remembers("1.1.1.1:53", at, aliasWith(60, "old.esp.example")), remembers("8.8.8.8:53", at, denial(780)),
		}, 0, OldValueCached, 785 * time.Second},
		{"a resolver that fails says nothing", []myodai.Answer{{
			Question: myodai.Question{Name: "s1._domainkey.kaisha.example", Type: myodai.TypeTXT, Recursive: true}, RCode: "SERVFAIL", At: at,
		}}, 0, "", 0},
	} {
		c := readCase(t, "none--spf")
		in := c.input(c.load(t))
		in.Now = at.Add(tt.now)
		in.Observation.Answers = append(in.Observation.Answers[:len(in.Observation.Answers):len(in.Observation.Answers)], tt.public...)
		got := Domain(in)
		switch {
		case tt.cause == "" && len(got) == 0:
		case len(got) != 1 || got[0].Cause != tt.cause || !got[0].VisibleAt.Equal(at.Add(tt.visible)) || got[0].Severity != waits:
			t.Errorf("%s: want %s until %s, got:\n%s", tt.name, tt.cause, at.Add(tt.visible), show(got))
		}
	}
}
