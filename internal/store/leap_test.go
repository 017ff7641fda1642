package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// P16: the clock is an hour ahead or behind when the program is started again, in the
// same file. What was answered for is neither given up nor left waiting for the clock:
// new mail, mail that was under way and events go out at once, and mail that is tried
// again no later than the clock makes of its time.
func TestClockLeapsAcrossARestart(t *testing.T) {
	for _, leap := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(leap.String(), func(t *testing.T) {
			eachURL(t, func(t *testing.T, url string) {
				first := open(t, url)
				must(first.Migrate(t.Context()))(t)
				tenant := leftBehind(t, first)
				ok(t, first.Close())

				s, now := open(t, url), t0.Add(leap)
				ok(t, s.Heartbeat(t.Context(), "node", "node.2", now, now.Add(30*time.Second), nil))
				ok(t, s.Hasten(t.Context(), now))
				if got := claimCrashed(t, s, "node.2", 1, 9, now); got != "underway" {
					t.Errorf("of what was under way is due: %q", got)
				}
				want := "new"
				if leap > 0 {
					want = "new retry"
				}
				same(t, "due at once", claimed(t, s, now), want)
				if leap < 0 {
					same(t, "due when its time has come by the clock", claimed(t, s, t0.Add(retryIn)), "retry")
				}
				if list := must(s.ClaimExpired(t.Context(), "node.2", 9, now, now.Add(lease)))(t); len(list) > 0 {
					t.Errorf("given up are %+v", list)
				}
				hooks := must(s.ClaimWebhooks(t.Context(), "node.2", 9, now, now.Add(lease)))(t)
				if len(hooks) != 1 || len(must(s.DueNotifications(t.Context(), tenant, hooks[0].ID, now, 9))(t)) != 1 {
					t.Errorf("webhooks to tell: %+v", hooks)
				}
			})
		})
	}
}

const retryIn = 30 * time.Minute

// leftBehind is what a node has when it is stopped at t0: mail that is new, that is
// tried again later, that is under way and that is set aside, and a webhook that it is
// telling.
func leftBehind(t *testing.T, s *store.Store) myodai.TenantID {
	t.Helper()
	d := newDomain(t, s, newTenant(t, s).ID, "example.com")
	ok(t, s.Heartbeat(t.Context(), "node", "node.1", t0, t0.Add(30*time.Second), nil))
	newWebhook(t, s, d.TenantID, "whk_1", myodai.EventTenantSuspended)
	happen(t, s, d.TenantID, myodai.EventTenantSuspended)
	must(s.ClaimWebhooks(t.Context(), "node.1", 9, t0, t0.Add(lease)))(t)
	accept(t, s, letter(d, t0, rcpt("underway", "example.net"), rcpt("aside", "example.net")))
	for _, claimed := range must(s.ClaimDeliveries(t.Context(), "node.1", 9, t0, t0.Add(lease)))(t) {
		if claimed.Recipient.Local == "aside" {
			ok(t, s.SetAside(t.Context(), "node.1", []myodai.DeliveryID{claimed.ID}))
		}
	}
	a := letter(d, t0, rcpt("new", "example.net"), rcpt("retry", "example.net"))
	a.Deliveries[1].State, a.Deliveries[1].DueAt = myodai.DeliveryDeferred, t0.Add(retryIn)
	accept(t, s, a)
	return d.TenantID
}

// claimed is who is claimed at an instant and kept, in the order of the alphabet.
func claimed(t *testing.T, s *store.Store, now time.Time) string {
	t.Helper()
	var names []string
	for _, d := range must(s.ClaimDeliveries(t.Context(), "node.2", 9, now, now.Add(24*time.Hour)))(t) {
		names = append(names, d.Recipient.Local)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
