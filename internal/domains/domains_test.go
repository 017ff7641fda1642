package domains_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// C5, B3: keys are made and records named, they are entered in the domain's DNS,
// looked at, and confirmed, when every one is there (A17, B17) and asked for (A18,
// B9).
func TestFromNothingToVerified(t *testing.T) {
	for _, shape := range []string{"cname", "txt"} {
		t.Run(shape, func(t *testing.T) {
			r := newRoom(t)
			d, err := r.Register(t.Context(), r.tenant, domains.Registration{Name: "www.ACME.example.", Shape: shape}) // A14
			check(t, err)
			c, err := r.CheckNow(t.Context(), r.tenant, d.ID, nil)
			check(t, err)
			if c.Verdict != myodai.VerdictDisproved || r.state(t, d) != myodai.DomainPending {
				t.Fatalf("before anything is published: %s, %+v", c.Verdict, c.Records)
			}
			r.publish(t, d, "s2-")
			if c, err = r.CheckNow(t.Context(), r.tenant, d.ID, nil); err != nil || c.Verdict != myodai.VerdictDisproved {
				t.Fatalf("with one record missing (A17): %s, %v", c.Verdict, err)
			}
			r.publish(t, d, "")
			if c, err = r.CheckNow(t.Context(), r.tenant, d.ID, nil); err != nil || c.Verdict != myodai.VerdictProved {
				t.Fatalf("with everything published: %s, %v, %+v", c.Verdict, err, c.Records)
			}
			if got := r.state(t, d); got != myodai.DomainVerified {
				t.Fatalf("state %s", got)
			}
			want := []myodai.EventKind{myodai.EventDomainRegistered, myodai.EventDomainDiagnosed, myodai.EventDomainVerified}
			if got := slices.Compact(r.events(t)); !slices.Equal(got, want) {
				t.Errorf("events %v, want %v", got, want)
			}
		})
	}
}

// TestRunChecksByItself: nobody needs to press anything (E20, E21, F9).
func TestRunChecksByItself(t *testing.T) {
	r := newRoom(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx) }()
	d, err := r.Register(t.Context(), r.tenant, domains.Registration{Name: "acme.example"})
	check(t, err)
	r.publish(t, d, "")
	_, err = r.Change(t.Context(), r.tenant, d.ID, domains.Change{}) // due at once
	check(t, err)
	deadline := time.Now().Add(20 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); r.state(t, d) != myodai.DomainVerified; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("the domain was never verified")
		}
	}
	cancel()
	check(t, <-ended)
}

// TestSwitchingShapeKeepsWhatWorks is F1: nothing is unmade by asking for
// another shape, and the keys stay.
func TestSwitchingShapeKeepsWhatWorks(t *testing.T) {
	r := newRoom(t)
	d, err := r.Register(t.Context(), r.tenant, domains.Registration{Name: "acme.example"})
	check(t, err)
	before, err := r.store.Keys(t.Context(), r.tenant, d.ID)
	check(t, err)
	r.publish(t, d, "")
	_, err = r.Reshape(t.Context(), r.tenant, d.ID, "", "txt")
	check(t, err)
	c, err := r.CheckNow(t.Context(), r.tenant, d.ID, nil)
	check(t, err)
	if c.Verdict != myodai.VerdictProved {
		t.Errorf("aliases no longer prove the domain: %+v", c.Records)
	}
	r.publish(t, d, "")
	if c, err = r.CheckNow(t.Context(), r.tenant, d.ID, nil); err != nil || c.Verdict != myodai.VerdictProved {
		t.Errorf("the other shape: %s, %v", c.Verdict, err)
	}
	after, err := r.store.Keys(t.Context(), r.tenant, d.ID)
	check(t, err)
	if !slices.EqualFunc(before, after, func(a, b myodai.Key) bool { return a.ID == b.ID && a.Public == b.Public && a.State == b.State }) {
		t.Errorf("keys changed from %+v to %+v", before, after)
	}
	if _, err := r.Reshape(t.Context(), r.tenant, d.ID, "_dmarc.acme.example", "cname"); !refused(err, myodai.CodeInvalid) {
		t.Errorf("the shape of the DMARC record was switched: %v", err)
	}
}

// TestFailingDNSChangesNothing is P12 with real servers: whatever way DNS
// fails, a verified domain stays so; gone records put it at risk.
func TestFailingDNSChangesNothing(t *testing.T) {
	r := newRoom(t)
	d, err := r.Register(t.Context(), r.tenant, domains.Registration{Name: "acme.example"})
	check(t, err)
	r.publish(t, d, "")
	_, err = r.CheckNow(t.Context(), r.tenant, d.ID, nil)
	check(t, err)
	for _, fault := range []dnstest.Fault{dnstest.ServFail, dnstest.Refuse, dnstest.Silent, dnstest.Lame, dnstest.Garbage} {
		for _, s := range r.space.Servers {
			s.Break("acme.example.", fault)
		}
		c, err := r.CheckNow(t.Context(), r.tenant, d.ID, nil)
		check(t, err)
		if c.Verdict != myodai.VerdictUnknown || r.state(t, d) != myodai.DomainVerified {
			t.Errorf("%s: verdict %s, state %s", fault, c.Verdict, r.state(t, d))
		}
	}
	for _, s := range r.space.Servers {
		s.Break("acme.example.", dnstest.Healthy)
	}
	r.setZone(t, hosts)
	_, err = r.CheckNow(t.Context(), r.tenant, d.ID, nil)
	check(t, err)
	if got := r.state(t, d); got != myodai.DomainAtRisk {
		t.Errorf("without its records the domain is %s", got)
	}
	r.publish(t, d, "")
	_, err = r.CheckNow(t.Context(), r.tenant, d.ID, nil)
	check(t, err)
	if got := r.state(t, d); got != myodai.DomainVerified {
		t.Errorf("mended, the domain is %s after one check", got)
	}
}

// TestClaimsDoNotMeet is T01, E4 and F4: two tenants hold one domain; publishing
// the records of one proves nothing for the other.
func TestClaimsDoNotMeet(t *testing.T) {
	r := newRoom(t)
	squatter := r.newTenant(t)
	first, err := r.Register(t.Context(), squatter, domains.Registration{Name: "acme.example"})
	check(t, err)
	owner, err := r.Register(t.Context(), r.tenant, domains.Registration{Name: "acme.example"})
	check(t, err)
	r.publish(t, owner, "")
	_, err = r.CheckNow(t.Context(), r.tenant, owner.ID, nil)
	check(t, err)
	_, err = r.CheckNow(t.Context(), squatter, first.ID, nil)
	check(t, err)
	if r.state(t, owner) != myodai.DomainVerified || r.state(t, first) != myodai.DomainPending {
		t.Errorf("owner %s, squatter %s", r.state(t, owner), r.state(t, first))
	}
	// T02: the records stay behind, and are worth nothing to the next claim.
	check(t, r.Delete(t.Context(), r.tenant, owner.ID))
	again, err := r.Register(t.Context(), squatter, domains.Registration{Name: "sub.acme.example"})
	check(t, err)
	next, err := r.Register(t.Context(), r.newTenant(t), domains.Registration{Name: "acme.example"})
	check(t, err)
	c, err := r.CheckNow(t.Context(), next.TenantID, next.ID, nil)
	check(t, err)
	if c.Verdict == myodai.VerdictProved || next.Token == owner.Token || again.Token == first.Token {
		t.Errorf("left-over records proved a new claim: %+v", c.Records)
	}
}

func TestRegisterRefuses(t *testing.T) {
	r := newRoom(t)
	for _, tt := range []struct {
		name string
		reg  domains.Registration
		says string
	}{
		{"free mail (A23, E11)", domains.Registration{Name: "gmail.com"}, "mail provider"},
		{"a carrier", domains.Registration{Name: "docomo.ne.jp"}, "mail provider"},
		{"a public suffix (T06)", domains.Registration{Name: "co.jp"}, "public suffix"},
		{"a private public suffix", domains.Registration{Name: "github.io"}, "public suffix"},
		{"an address", domains.Registration{Name: "a@acme.example"}, "not a valid"},
		{"nothing", domains.Registration{}, "needed"},
		{"our own zone", domains.Registration{Name: "x.plat.example"}, "belongs to this platform"},
		{"above our own zone", domains.Registration{Name: "www.plat.example"}, "belongs to this platform"},
		{"a shape that is none", domains.Registration{Name: "acme.example", Shape: "mx"}, "cname or txt"},
		{"a foreign return path", domains.Registration{Name: "acme.example", ReturnPath: "bounce.other.example"}, "below acme.example"},
		{"the domain as its return path", domains.Registration{Name: "acme.example", ReturnPath: "acme.example"}, "below acme.example"},
		{"a report address with a list in it", domains.Registration{Name: "acme.example", ReportAddress: "a@x.example,b@y.example"}, "plain address"},
		{"a report address with a tag in it", domains.Registration{Name: "acme.example", ReportAddress: `"a;p=none"@x.example`}, "plain address"},
		{"a name too long for its records", domains.Registration{Name: strings.Repeat("abcdefgh.", 26) + "example"}, "too long"},
	} {
		_, err := r.Register(t.Context(), r.tenant, tt.reg)
		if !refused(err, myodai.CodeInvalid) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want a refusal that says %q", tt.name, err, tt.says)
		}
	}
	if _, _, err := r.store.Domains(t.Context(), r.tenant, myodai.Page{}); err != nil || len(r.events(t)) != 0 {
		t.Errorf("refusals left something behind: %v, %v", r.events(t), err)
	}
	_, err := r.Register(t.Context(), r.tenant, domains.Registration{Name: "acme.example"})
	check(t, err)
	if _, err := r.Register(t.Context(), r.tenant, domains.Registration{Name: "ACME.example"}); !refused(err, myodai.CodeConflict) {
		t.Errorf("the same domain twice: %v", err)
	}
	d, err := r.Register(t.Context(), r.tenant, domains.Registration{Name: "例え.jp", ReturnPath: "mail"})
	check(t, err)
	if d.Name != "xn--r8jz45g.jp" || d.ReturnPath != "mail.xn--r8jz45g.jp" {
		t.Errorf("IDN: %s, %s", d.Name, d.ReturnPath)
	}
}

func refused(err error, code myodai.Code) bool {
	refusal, ok := errors.AsType[*myodai.Error](err)
	return ok && refusal.Code == code
}

// F9: keys are replaced without anybody's doing.
func TestRotation(t *testing.T) { // T25
	r := newRoom(t)
	d, err := r.Register(t.Context(), r.tenant, domains.Registration{Name: "acme.example"})
	check(t, err)
	if _, err := r.Rotate(t.Context(), r.tenant, d.ID); !refused(err, myodai.CodeConflict) {
		t.Fatalf("an unpublished key was put into service: %v", err)
	}
	r.publish(t, d, "")
	keys, err := r.Rotate(t.Context(), r.tenant, d.ID)
	check(t, err)
	if got := states(keys); got != "s1 retired, s2 active" {
		t.Fatalf("after the first rotation: %s", got)
	}
	keys, err = r.Rotate(t.Context(), r.tenant, d.ID)
	check(t, err)
	if got := states(keys); got != "s1 standby, s2 active" {
		t.Fatalf("after making a new standby key: %s", got)
	}
	if _, err := r.Rotate(t.Context(), r.tenant, d.ID); !refused(err, myodai.CodeConflict) {
		t.Fatalf("a key made a moment ago was put into service: %v", err)
	}
}

func states(keys []myodai.Key) string {
	var list []string
	for _, k := range keys {
		list = append(list, k.Selector[:2]+" "+string(k.State))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func TestNextCheck(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	const d = 24 * time.Hour
	for _, tt := range []struct {
		name    string
		state   myodai.DomainState
		age     time.Duration // since the last change
		trouble time.Duration // since it is at risk
		verdict myodai.Verdict
		want    time.Duration
	}{
		{"just entered", myodai.DomainPending, 0, 0, myodai.VerdictDisproved, 15 * time.Second},
		{"a quarter minute", myodai.DomainPending, 15 * time.Second, 0, myodai.VerdictDisproved, 15 * time.Second},
		{"half a minute", myodai.DomainPending, 30 * time.Second, 0, myodai.VerdictUnknown, 30 * time.Second},
		{"a minute", myodai.DomainPending, time.Minute, 0, myodai.VerdictDisproved, time.Minute},
		{"two minutes", myodai.DomainPending, 2 * time.Minute, 0, myodai.VerdictDisproved, 5 * time.Minute},
		{"just below an hour", myodai.DomainPending, time.Hour - 1, 0, myodai.VerdictDisproved, 5 * time.Minute},
		{"an hour", myodai.DomainPending, time.Hour, 0, myodai.VerdictDisproved, time.Hour},
		{"three days", myodai.DomainPending, 3 * d, 0, myodai.VerdictDisproved, 6 * time.Hour},
		{"a month", myodai.DomainPending, 30 * d, 0, myodai.VerdictDisproved, d},
		{"verified", myodai.DomainVerified, 90 * d, 0, myodai.VerdictProved, 6 * time.Hour},
		{"verified, DNS fails", myodai.DomainVerified, 90 * d, 0, myodai.VerdictUnknown, time.Hour},
		{"at risk", myodai.DomainAtRisk, 90 * d, time.Hour, myodai.VerdictDisproved, time.Hour},
		{"at risk, somebody works on it", myodai.DomainAtRisk, 10 * time.Second, time.Hour, myodai.VerdictDisproved, 15 * time.Second},
		{"suspended since yesterday", myodai.DomainSuspended, 90 * d, 4 * d, myodai.VerdictDisproved, 6 * time.Hour},
		{"suspended for long", myodai.DomainSuspended, 90 * d, 90 * d, myodai.VerdictDisproved, d},
	} {
		domain := myodai.Domain{State: tt.state, ChangedAt: now.Add(-tt.age), AtRiskAt: now.Add(-tt.trouble)}
		if got := domains.NextCheck(domain, tt.verdict, now).Sub(now); got != tt.want {
			t.Errorf("%s: after %v, want %v", tt.name, got, tt.want)
		}
	}
}
