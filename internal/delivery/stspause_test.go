package delivery

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// A policy that cannot be fetched is asked for again after five minutes, and then
// ever more seldom, by the hour at last; one of another id at once (RFC 8461 §3.3).
func TestPolicyIsNotAskedForAgainAndAgain(t *testing.T) {
	id, asked := "1", 0
	a := NewAgent(Options{
		Lookup: func(_ context.Context, name myodai.Name, kind myodai.RecordType) myodai.Answer {
			return sts(name, kind, id)
		},
		Dial: func(context.Context, string, string) (net.Conn, error) {
			asked++
			return nil, errors.New("nobody listens")
		},
		Hostname: "out1.plat.example",
	})
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		after time.Duration
		id    string
		want  int // times asked in all
	}{
		{0, "1", 1}, {1, "1", 1}, {5*time.Minute - 1, "1", 1}, {5 * time.Minute, "1", 2}, {15*time.Minute - 1, "1", 2}, {15 * time.Minute, "1", 3},
		{16 * time.Minute, "2", 4}, {21*time.Minute - 1, "2", 4}, {21 * time.Minute, "2", 5}, {22 * time.Minute, "1", 6},
	} {
		id = tt.id
		a.policy(t.Context(), "example.net", start.Add(tt.after))
		if asked != tt.want {
			t.Errorf("after %s, id %s: asked %d times, want %d", tt.after, tt.id, asked, tt.want)
		}
	}
	asked = 0
	for at := time.Hour; at < 25*time.Hour; at += time.Minute {
		a.policy(t.Context(), "example.net", start.Add(at))
	}
	if asked < 23 || asked > 28 {
		t.Errorf("asked %d times on a day", asked)
	}
}

// sts is the zone of a domain with a policy.
func sts(name myodai.Name, kind myodai.RecordType, id string) myodai.Answer {
	a := myodai.Answer{Question: myodai.Question{Name: name, Type: kind, Recursive: true}, RCode: "NXDOMAIN"}
	data := map[string]string{"_mta-sts.example.net TXT": "v=STSv1; id=" + id, "mta-sts.example.net A": "192.0.2.2"}[string(name)+" "+string(kind)]
	if data != "" {
		a.RCode, a.Records = "NOERROR", []myodai.Record{{Name: name, Type: kind, Data: data}}
	}
	return a
}
