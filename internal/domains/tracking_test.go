package domains_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/plan"
)

// links is the engine of tracking domains in a room.
type links struct {
	*domains.Tracking
	r    *room
	told []domains.Notice
}

func newLinks(t *testing.T, step time.Duration) *links {
	t.Helper()
	l := &links{r: newRoom(t)}
	l.Tracking = domains.NewTracking(domains.TrackingOptions{
		Store: l.r.store, Prober: l.r.prober, Site: l.r.Site, Issuers: []string{"ca.example"}, StepTime: step,
		Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
		Notify: func(_ context.Context, _ myodai.TenantID, n domains.Notice) error {
			l.told = append(l.told, n)
			return nil
		},
	})
	return l
}

func (l *links) add(t *testing.T, tenant myodai.TenantID, name, way string) myodai.TrackingDomain {
	t.Helper()
	d, err := l.Register(t.Context(), tenant, name, way)
	check(t, err)
	l.serve(t)
	return d
}

// serve puts what our own zone holds on its server.
func (l *links) serve(t *testing.T) {
	t.Helper()
	list, err := l.r.store.PublishedTracking(t.Context())
	check(t, err)
	var zone strings.Builder
	zone.WriteString("@ NS ns1\nns1 A 127.0.0.1\n")
	for _, rr := range plan.TrackingZone(l.r.Site, list, nil) {
		zone.WriteString(line(rr.Name, rr.Type, rr.Data))
	}
	check(t, l.r.space.Servers["127.0.0.1"].Set("plat.example.", zone.String()))
}

// publish replaces the tenant's zone by what the tracking domains ask for now,
// and more.
func (l *links) publish(t *testing.T, more string, list ...myodai.TrackingDomain) {
	t.Helper()
	zone := hosts + more
	for _, d := range list {
		for _, item := range l.Plan(d).Items {
			zone += line(item.Name, item.Type, item.Value)
		}
	}
	l.r.setZone(t, zone)
}

func (l *links) check(t *testing.T, d myodai.TrackingDomain) (myodai.Check, myodai.TrackingDomain) {
	t.Helper()
	c, d, err := l.CheckNow(t.Context(), d.TenantID, d.ID, nil)
	check(t, err)
	return c, d
}

// certify has a certificate for the tracking domain, when it may have one.
func (l *links) certify(t *testing.T, d myodai.TrackingDomain) bool {
	t.Helper()
	now := time.Now()
	list, err := l.r.store.ClaimCertificates(t.Context(), "ca", 99, now, now.Add(time.Minute))
	check(t, err)
	issued := false
	for _, w := range list {
		check(t, l.r.store.RecordCertificate(t.Context(), "ca", w.ID, &myodai.NewCertificate{Chain: []byte("c"), Private: []byte("p")}, now,
			func(c myodai.Certificate) (myodai.Certificate, []myodai.Event) {
				c.Serial, c.NotBefore, c.NotAfter = "1", now, now.AddDate(0, 3, 0)
				c.RenewAt = c.Renewal(0)
				c.DueAt = c.RenewAt
				return c, nil
			}))
		issued = issued || w.TrackingID == d.ID
	}
	return issued
}

// B19 to B25: the three steps, each with what is wrong in it.
func TestPreparedTrackingDomain(t *testing.T) {
	l := newLinks(t, 72*time.Hour)
	d := l.add(t, l.r.tenant, "Go.Acme.example.", "prepared")
	l.publish(t, "go A 192.0.2.81\n")
	if c, d := l.check(t, d); d.State != myodai.TrackingProving || c.Findings[0].Cause != diagnose.TrackingAInsteadOfCNAME || !c.Findings[0].Primary {
		t.Fatalf("an A record left behind: %s, %+v", d.State, c.Findings)
	}
	l.publish(t, "", d)
	_, d = l.check(t, d)
	if d.State != myodai.TrackingValidating || len(l.Plan(d).Items) != 2 || time.Until(d.Deadline) < 71*time.Hour {
		t.Fatalf("after step 1: %+v", d)
	}
	if l.certify(t, d) {
		t.Fatal("a certificate before step 2 is done")
	}
	challenge := l.Plan(d).Items[1]
	for _, wrong := range []struct { // in this order: a record that was right once is not missing, but removed
		name, zone string
		want       myodai.Cause
	}{
		{"nothing", "", diagnose.ACMEChallengeMissing},
		{"a TXT record", "_acme-challenge.go TXT old\n", diagnose.ACMEChallengeTXTLeft},
		{"without an underscore", "acme-challenge.go CNAME " + challenge.Value + ".\n", diagnose.NameUnderscoreMissing},
		{"an underscore in it", "_acme-challenge.go CNAME _" + challenge.Value + ".\n", diagnose.CNAMETargetUnderscoreAltered},
		{"CAA for others", string(line(challenge.Name, challenge.Type, challenge.Value)) + "@ CAA 0 issue \"other-ca.example\"\n", diagnose.CAAForbidsIssuer},
	} {
		l.publish(t, line(l.Plan(d).Items[0].Name, "CNAME", l.Plan(d).Items[0].Value)+wrong.zone)
		if c, after := l.check(t, d); after.State != myodai.TrackingValidating || after.Ready || len(c.Findings) == 0 || c.Findings[0].Cause != wrong.want {
			t.Errorf("step 2, %s: %s, ready %v, %+v", wrong.name, after.State, after.Ready, c.Findings)
		}
		if l.certify(t, d) {
			t.Errorf("a certificate although: %s", wrong.name)
		}
	}
	l.publish(t, "@ CAA 0 issue \"ca.example\"\n", d)
	if _, d = l.check(t, d); !d.Ready || !d.Aliased || !l.certify(t, d) {
		t.Fatalf("after step 2: %+v", d)
	}
	if _, d = l.check(t, d); d.State != myodai.TrackingSwitching || d.Step() != 3 {
		t.Fatalf("certified: %+v", d)
	}
	if c, d := l.check(t, d); d.State != myodai.TrackingSwitching || c.Findings[0].Cause != diagnose.ValueOutdatedToken {
		t.Errorf("not rewritten: %s, %+v", d.State, c.Findings)
	}
	l.publish(t, "", d)
	if c, after := l.check(t, d); after.State != myodai.TrackingVerified || after.Step() != 0 || len(c.Findings) != 0 {
		t.Errorf("rewritten: %s, %+v", after.State, c.Findings)
	}
}

// B23, F5: what is not done in time ends, with a reminder before.
func TestSecondStepInTime(t *testing.T) {
	l := newLinks(t, 300*time.Millisecond)
	d := l.add(t, l.r.tenant, "go.acme.example", "prepared")
	l.publish(t, "", d)
	_, d = l.check(t, d)
	deadline := d.Deadline
	for tick := time.NewTicker(20 * time.Millisecond); d.State != myodai.TrackingExpired && time.Since(deadline) < 10*time.Second; <-tick.C {
		_, d = l.check(t, d)
	}
	if d.State != myodai.TrackingExpired || time.Now().Before(deadline) {
		t.Fatalf("%s, and the deadline is %v", d.State, deadline)
	}
	if len(l.told) == 0 || !strings.Contains(l.told[len(l.told)-1].English.Subject, "expired") || !strings.Contains(l.told[len(l.told)-1].Japanese.Text, "最初からやり直す") {
		t.Errorf("told: %+v", l.told)
	}
	again, err := l.Restart(t.Context(), d.TenantID, d.ID)
	check(t, err)
	if again.State != myodai.TrackingProving || again.Token == d.Token || again.Way != d.Way {
		t.Errorf("started again: %+v", again)
	}
	// T55: what is left in DNS of the claim before proves nothing.
	if c, again := l.check(t, again); again.State != myodai.TrackingProving || c.Findings[0].Cause != diagnose.ValueOutdatedToken {
		t.Errorf("by records of the claim before: %s, %+v", again.State, c.Findings)
	}
}

// P16: while the clock is not believed, no time is set or ended in which something is
// to be done, and nothing counts against a name.
func TestTrackingByAWrongClock(t *testing.T) {
	l := newLinks(t, 500*time.Millisecond)
	believed := false
	l.Believes = func() bool { return believed }
	d := l.add(t, l.r.tenant, "go.acme.example", "prepared")
	l.publish(t, "", d)
	if _, d = l.check(t, d); d.State != myodai.TrackingProving || !d.Deadline.IsZero() || d.CheckedAt.IsZero() {
		t.Errorf("a deadline is set by a wrong clock: %+v", d)
	}
	believed = true
	if _, d = l.check(t, d); d.Deadline.IsZero() {
		t.Errorf("no deadline is set by a right one: %+v", d)
	}
	believed = false
	<-time.After(time.Until(d.Deadline))
	if _, d = l.check(t, d); d.State != myodai.TrackingValidating {
		t.Errorf("a wrong clock ends the second step: %s", d.State)
	}
	believed = true
	if _, d = l.check(t, d); d.State != myodai.TrackingExpired {
		t.Errorf("a right clock does not: %s", d.State)
	}
}

// T03, T55: whose name it is, DNS says, and nothing else.
func TestTrackingDomainChangesHands(t *testing.T) {
	l := newLinks(t, 0)
	first := l.add(t, l.r.tenant, "click.acme.example", "")
	next := l.add(t, l.r.newTenant(t), "click.acme.example", "direct")
	l.publish(t, "", first)
	if _, first = l.check(t, first); !l.certify(t, first) {
		t.Fatalf("%+v", first)
	}
	if _, first = l.check(t, first); first.State != myodai.TrackingVerified {
		t.Fatalf("%+v", first)
	}
	if _, next = l.check(t, next); next.State != myodai.TrackingProving || l.certify(t, next) {
		t.Fatalf("who has no record of its own: %+v", next)
	}
	// A wildcard to somebody's claim proves nobody else's.
	l.r.setZone(t, hosts+"*.acme.example. CNAME "+l.Plan(first).Items[0].Value+".\n")
	if _, next = l.check(t, next); next.State != myodai.TrackingProving {
		t.Fatalf("by a wildcard: %+v", next)
	}
	l.publish(t, "", next)
	_, next = l.check(t, next)
	l.certify(t, next)
	if _, next = l.check(t, next); next.State != myodai.TrackingValidating {
		t.Fatalf("while the first claim has not been looked at: %+v", next)
	}
	if _, first = l.check(t, first); first.State != myodai.TrackingAtRisk {
		t.Fatalf("the first, whose record is gone: %+v", first)
	}
	if _, next = l.check(t, next); next.State != myodai.TrackingVerified {
		t.Fatalf("the next: %+v", next)
	}
	first, err := l.r.store.TrackingDomain(t.Context(), first.TenantID, first.ID)
	check(t, err)
	if first.State != myodai.TrackingSuspended || first.Ready {
		t.Errorf("the first: %+v", first)
	}
	if !slices.Contains(l.r.events(t), myodai.EventTrackingSuspended) {
		t.Error("the first tenant is not told")
	}
}

func TestRegisterTrackingRefuses(t *testing.T) {
	l := newLinks(t, 0)
	for _, tt := range []struct{ name, host, way, says string }{
		{"a domain itself", "acme.example", "", "click.acme.example"},
		{"a public suffix", "co.jp", "", "not yours"},
		{"a mail provider", "gmail.com", "", "not yours"},
		{"ours", "click.plat.example", "", "belongs to this platform"},
		{"with an underscore (B22)", "click_a.acme.example", "", "underscore"},
		{"nothing", "", "", "needed"},
		{"an address", "https://click.acme.example/", "", "not a valid"},
		{"a way that is none", "click.acme.example", "fast", "direct or prepared"},
		{"too long", strings.Repeat("abcdefgh.", 26) + "example", "", "too long"},
	} {
		_, err := l.Register(t.Context(), l.r.tenant, tt.host, tt.way)
		if !refused(err, myodai.CodeInvalid) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want a refusal that says %q", tt.name, err, tt.says)
		}
	}
	d := l.add(t, l.r.tenant, "click.acme.example", "")
	if _, err := l.Register(t.Context(), l.r.tenant, "CLICK.acme.example", ""); !refused(err, myodai.CodeConflict) {
		t.Errorf("the same twice: %v", err)
	}
	if d.Way != myodai.TrackingDirect || !domains.Aligned(d.Name, []myodai.Name{"mail.acme.example"}) || domains.Aligned(d.Name, []myodai.Name{"other.example"}) {
		t.Errorf("%+v", d)
	}
}
