package myodai_test

import (
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// P27: however long the reason lasts, a host has three orders a week at most.
func TestOrdersThatFailAreFew(t *testing.T) {
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	c := myodai.Certificate{DueAt: start}
	var orders []time.Time
	for now := start; now.Before(start.AddDate(0, 3, 0)); now = now.Add(time.Minute) {
		if now.Before(c.DueAt) {
			continue
		}
		orders = append(orders, now)
		c = c.Ordered(now)
		c, _ = c.Failed(myodai.CertificateFailure{At: now, Type: "unauthorized", Lasting: true}, 0, now)
		if len(c.Orders) > 3 {
			t.Fatalf("%d orders in a week: %v", len(c.Orders), c.Orders)
		}
	}
	if len(orders) < 20 {
		t.Errorf("%d orders in three months, which gives up", len(orders))
	}
}

func TestPausesAfterFailures(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name     string
		failures int // before
		failure  myodai.CertificateFailure
		spread   float64
		want     time.Duration
	}{
		{"the authority is away", 0, myodai.CertificateFailure{}, 0, 5 * time.Minute},
		{"with jitter", 0, myodai.CertificateFailure{}, 1, 5*time.Minute + 30*time.Second},
		{"again", 1, myodai.CertificateFailure{}, 0, 10 * time.Minute},
		{"for long", 90, myodai.CertificateFailure{}, 0, 6 * time.Hour},
		{"it wants to be left alone", 0, myodai.CertificateFailure{Type: "rateLimited", Wait: 40 * time.Hour}, 0, 40 * time.Hour},
		{"somebody has to mend it", 0, myodai.CertificateFailure{Type: "caa", Lasting: true}, 0, 12 * time.Hour},
		{"and does not", 1, myodai.CertificateFailure{Type: "caa", Lasting: true}, 0, 96 * time.Hour},
	} {
		c, _ := myodai.Certificate{Failures: tt.failures}.Failed(tt.failure, tt.spread, now)
		if got := c.DueAt.Sub(now); got != tt.want {
			t.Errorf("%s: after %v, want %v", tt.name, got, tt.want)
		}
	}
	c := myodai.Certificate{Orders: []time.Time{now.Add(-10 * time.Minute)}, Failure: &myodai.CertificateFailure{}, DueAt: now.Add(96 * time.Hour)}
	if got := c.Sooner(now).DueAt; got != now.Add(50*time.Minute) {
		t.Errorf("somebody asked, and it is tried at %v", got)
	}
	c, news := c.Failed(myodai.CertificateFailure{}, 0, now)
	if _, again := c.Failed(myodai.CertificateFailure{Type: "caa"}, 0, now); news || !again {
		t.Errorf("told of the same %v, of another %v", news, again)
	}
}

// P27: the operator knows a fortnight before, and in time with short lives, too.
func TestRenewalAndWarning(t *testing.T) {
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for _, tt := range []struct{ life, renew, warn time.Duration }{
		{90 * day, 60 * day, 76 * day},
		{45 * day, 30 * day, 45*day - 45*day/4},
		{6 * day, 4 * day, 108 * time.Hour},
	} {
		c := myodai.Certificate{NotBefore: start, NotAfter: start.Add(tt.life)}
		if got := c.Renewal(0).Sub(start); got != tt.renew {
			t.Errorf("of %v renewed after %v", tt.life, got)
		}
		if got := c.Renewal(1).Sub(start); got >= tt.renew || got < tt.renew*9/10 {
			t.Errorf("of %v renewed after %v at the earliest", tt.life, got)
		}
		warn := start.Add(tt.warn)
		if c.MustWarn(warn.Add(-1)) || !c.MustWarn(warn) {
			t.Errorf("of %v warned at %v", tt.life, c.WarnAt().Sub(start))
		}
		if c.WarnedAt = warn; c.MustWarn(c.NotAfter) {
			t.Error("warned twice")
		}
		if !c.Valid(c.NotAfter.Add(-1)) || c.Valid(c.NotAfter) {
			t.Error("the end of its life is somewhere else")
		}
	}
}
