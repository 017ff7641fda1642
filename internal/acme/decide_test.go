package acme

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

func TestDecide(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	held := func(age time.Duration) myodai.Certificate {
		c := myodai.Certificate{NotBefore: now.Add(-age), NotAfter: now.Add(90*day - age)}
		c.RenewAt = c.Renewal(0)
		return c
	}
	for _, tt := range []struct {
		name   string
		c      myodai.Certificate
		ready  bool
		due    time.Duration // after now
		orders bool
		want   act
	}{
		{"none is held", myodai.Certificate{}, true, 0, true, actOrder},
		{"a moment too early", myodai.Certificate{}, true, 1, true, actNothing},
		{"not proved", myodai.Certificate{}, false, 0, true, actNothing},
		{"no authority is named", myodai.Certificate{}, true, 0, false, actNothing},
		{"fresh", held(day), true, 0, true, actAsk},
		{"a moment before two thirds of its life", held(60*day - 1), true, 0, true, actAsk},
		{"at two thirds of its life", held(60 * day), true, 0, true, actOrder},
		{"renewal fails, and it is not due again", held(70 * day), true, day, true, actNothing},
		{"a fortnight before its end", held(76 * day), true, day, true, actWarn},
		{"the same, not proved any more", held(76 * day), false, day, true, actWarn},
		{"the same, and no authority is named", held(76 * day), true, day, false, actWarn},
	} {
		tt.c.DueAt = now.Add(tt.due)
		if got := decide(myodai.WantedCertificate{Certificate: tt.c, Ready: tt.ready}, tt.orders, now); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// RFC 9773 §4.2, within what is sensible.
func TestRenewAt(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	c := myodai.Certificate{NotBefore: now.Add(-10 * day), NotAfter: now.Add(80 * day)}
	for _, tt := range []struct {
		name              string
		end, chosen, want time.Duration // after now
	}{
		{"as the authority wishes", 60 * day, 50 * day, 50 * day},
		{"the window is over, as before a revocation", -1, -day, 0},
		{"far too early for nothing", 60 * day, -day, 35 * day},
		{"at the last moment", 80 * day, 80*day - 1, 71 * day},
	} {
		if got := renewAt(c, now.Add(tt.end), now.Add(tt.chosen), now).Sub(now); got != tt.want {
			t.Errorf("%s: in %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestKindOfValidation(t *testing.T) {
	s := &Service{o: Options{Site: plan.Site{Zone: "plat.example"}}}
	for _, tt := range []struct {
		name string
		w    myodai.WantedCertificate
		want myodai.ChallengeKind
	}{
		{"ours", myodai.WantedCertificate{Certificate: myodai.Certificate{Host: "mail.plat.example"}}, myodai.ChallengeDNS},
		{"ours, elsewhere", myodai.WantedCertificate{Certificate: myodai.Certificate{Host: "console.example.com"}}, myodai.ChallengeHTTP},
		{"prepared", myodai.WantedCertificate{Certificate: myodai.Certificate{Host: "go.acme.example", TrackingID: "trk_1"}, Token: "k7f3", Aliased: true}, myodai.ChallengeDNS},
		{"direct", myodai.WantedCertificate{Certificate: myodai.Certificate{Host: "go.acme.example", TrackingID: "trk_1"}, Token: "k7f3"}, myodai.ChallengeHTTP},
	} {
		if got := s.kindOf(tt.w); got != tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
}

// The authority's own words are kept, and how long it wants to be left alone.
func TestFailures(t *testing.T) {
	now := time.Now()
	problem := func(kind, detail string, status int) error {
		return fmt.Errorf("attempt 1: https://ca.example/: %w", acme.Problem{Type: acme.ProblemTypeNamespace + kind, Detail: detail, Status: status})
	}
	for _, tt := range []struct {
		err     error
		kind    string
		says    string
		lasting bool
		wait    time.Duration
	}{
		{problem("caa", "CAA record for click.acme.example prevents issuance", 403), "caa", "prevents issuance", true, 0},
		{problem("unauthorized", "wrong key authorization", 403), "unauthorized", "wrong key", true, 0},
		{&laterError{problem("rateLimited", "too many certificates", 429), time.Hour}, "rateLimited", "too many", false, time.Hour},
		{problem("serverInternal", "down for maintenance", 500), "serverInternal", "maintenance", false, 0},
		{errors.New("connection refused"), "", "connection refused", false, 0},
		{problem("dns", strings.Repeat("あ", 1000), 400), "dns", "…", true, 0},
	} {
		f := failureOf(tt.err, now)
		if f.Type != tt.kind || !strings.Contains(f.Detail, tt.says) || f.Lasting != tt.lasting || f.Wait != tt.wait || len(f.Detail) > maxDetail+10 {
			t.Errorf("%v: %+v", tt.err, f)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "-5": 0, "soon": 0, "120": 2 * time.Minute, "99999999999": mostWait,
		"Sun, 22 Nov 2026 10:00:00 GMT": time.Hour, "Sun, 22 Nov 2026 08:00:00 GMT": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// T57: nothing goes to an authority without TLS, wherever it sends us.
func TestOnlyHTTPS(t *testing.T) {
	w := &wishes{next: http.DefaultTransport}
	r, err := http.NewRequest(http.MethodGet, "http://ca.example/directory", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.RoundTrip(r); err == nil || !strings.Contains(err.Error(), "HTTPS only") {
		t.Errorf("a request without TLS: %v", err)
	}
}

func TestDescribed(t *testing.T) {
	s := &Service{o: Options{Random: rand.Reader}}
	der, err := s.newKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := parseKey(der)
	if err != nil {
		t.Fatal(err)
	}
	chain := selfSigned(t, key, "click.acme.example", time.Hour)
	if c, err := described(chain, key.Public(), "click.acme.example"); err != nil || c.Serial != "7" || !c.Valid(time.Now()) {
		t.Errorf("%+v, %v", c, err)
	}
	other, err := s.newKey()
	if err != nil {
		t.Fatal(err)
	}
	foreign, _ := parseKey(other)
	for name, err := range map[string]error{
		"of another host": second(described(chain, key.Public(), "other.acme.example")),
		"of another key":  second(described(chain, foreign.Public(), "click.acme.example")),
		"no certificate":  second(described([]byte("hello"), key.Public(), "click.acme.example")),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func second(_ myodai.Certificate, err error) error { return err }
