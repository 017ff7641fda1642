package acme

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// season is how the certificate of one host fares.
type season struct {
	w         myodai.WantedCertificate
	life      time.Duration // of what the authority issues
	forbidden bool          // the authority refuses until somebody changes something
	orders    []time.Time
	warned    time.Time
	lapsed    time.Duration // without a certificate that is valid, after the first
}

// P27: five hundred hosts, ninety days, an authority of which three answers in ten
// are failures and which is away for a day and a half. No certificate lapses where
// one may be ordered, none is ordered where not, and what fails for good is tried
// three times a week.
func TestSeasonOfCertificates(t *testing.T) {
	const hosts, day = 500, 24 * time.Hour
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	end := start.Add(90 * day)
	away := func(now time.Time) bool {
		return now.After(start.Add(40*day)) && now.Before(start.Add(40*day+36*time.Hour))
	}
	r := rand.New(rand.NewPCG(27, 90)) // #nosec G404 -- the same each time
	issuedInAll := 0
	for n := range hosts {
		h := season{life: []time.Duration{90 * day, 45 * day, 6 * day}[n%3], forbidden: n%10 == 1}
		h.w.Ready, h.w.DueAt = n%10 != 2, start
		if n%2 == 0 { // held for some time already
			age := time.Duration(r.Float64() * float64(h.life) * 2 / 3)
			h.w.Certificate = issued(h.w.Certificate, myodai.Certificate{NotBefore: start.Add(-age), NotAfter: start.Add(h.life - age)}, r.Float64(), start)
		}
		h.run(start, end, func(now time.Time) *myodai.CertificateFailure {
			switch {
			case h.forbidden:
				return &myodai.CertificateFailure{At: now, Type: "caa", Lasting: true}
			case away(now):
				return &myodai.CertificateFailure{At: now}
			case r.Float64() < 0.3:
				return &myodai.CertificateFailure{At: now, Type: "serverInternal"}
			}
			issuedInAll++
			return nil
		}, r.Float64)
		switch {
		case !h.w.Ready && len(h.orders) > 0:
			t.Errorf("host %d: %d orders, and none may be made", n, len(h.orders))
		case h.w.Ready && !h.forbidden && (h.lapsed > 0 || !h.w.Valid(end)):
			t.Errorf("host %d lapsed for %s, after %d orders", n, h.lapsed, len(h.orders))
		case h.w.Held() && !h.w.Valid(end) && h.w.NotAfter.Sub(h.warned) < min(14*day, h.life/4):
			t.Errorf("host %d: its end at %s was told at %s", n, h.w.NotAfter, h.warned)
		}
		for i, at := range h.orders {
			if week := slices.IndexFunc(h.orders, func(o time.Time) bool { return at.Sub(o) < 7*day }); h.forbidden && i-week >= 3 {
				t.Errorf("host %d: more than three orders in the week before %s", n, at)
				break
			}
		}
	}
	if issuedInAll < hosts {
		t.Errorf("%d certificates in a season: not what was meant to be tried", issuedInAll)
	}
}

// run does what is to be done about the host whenever it is due. order is what
// the authority says to one.
func (h *season) run(now, end time.Time, order func(time.Time) *myodai.CertificateFailure, spread func() float64) {
	for now.Before(end) {
		switch decide(h.w, true, now) {
		case actWarn:
			h.warned, h.w.WarnedAt = now, now
		case actAsk: // the authority has no wish
			h.w.DueAt = min2(h.w.RenewAt, now.Add(askPause))
		case actOrder:
			h.orders = append(h.orders, now)
			h.w.Certificate = h.w.Ordered(now)
			if f := order(now); f != nil {
				h.w.Certificate, _ = h.w.Failed(*f, spread(), now)
				break
			}
			if h.w.Held() && now.After(h.w.NotAfter) {
				h.lapsed += now.Sub(h.w.NotAfter)
			}
			h.w.Certificate = issued(h.w.Certificate, myodai.Certificate{NotBefore: now, NotAfter: now.Add(h.life)}, spread(), now)
		default:
			if !now.Before(h.w.DueAt) {
				h.w.DueAt = now.Add(idlePause)
			}
		}
		next := h.w.DueAt
		if at := h.w.WarnAt(); h.w.Held() && h.w.WarnedAt.IsZero() && at.Before(next) {
			next = at // the store hands it out then, too
		}
		if next.After(now) {
			now = next
		}
	}
}
