package console_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// told writes events of the tenant's, as delivery does.
func (w *world) told(at time.Time, kinds ...myodai.EventKind) {
	w.t.Helper()
	var events []myodai.Event
	for _, kind := range kinds {
		events = append(events, myodai.Event{
			ID: myodai.NewID[myodai.EventID](at, rand.Reader), TenantID: w.tenant.ID, Kind: kind, At: at, Data: map[string]any{},
		})
	}
	if _, err := w.store.UpdateTenant(w.t.Context(), w.tenant.ID, func(t myodai.Tenant) (myodai.Tenant, []myodai.Event, error) {
		return t, events, nil
	}); err != nil {
		w.t.Fatal(err)
	}
}

// A tenant sees what became of its mail as a picture, which has a title, says in
// a sentence what it shows and has a table behind it. A neighbor sees nothing of
// it.
func TestOverview(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	w.told(now, myodai.EventMessageDelivered, myodai.EventMessageDelivered, myodai.EventMessageDeferred, myodai.EventMessageBounced, myodai.EventMessageExpired)
	w.told(now.Add(-3*24*time.Hour), myodai.EventMessageDelivered)
	w.told(now.Add(-30*24*time.Hour), myodai.EventMessageSuppressed)
	w.mail("Hello", "x@example.net", myodai.DeliveryDeferred, myodai.Outcome{Kind: myodai.OutcomeTransient, Code: 451})
	b := w.as(memberToken)
	for _, tt := range []struct {
		path, title, text string
		rows, bars        int
	}{
		{"/overview", "Delivery over time", "In the last seven days 3 were delivered, 1 deferred, 2 bounced or expired, and 0 suppressed.", 7, 4},
		{"/overview?by=hour", "Delivery over time", "In the last 24 hours 2 were delivered", 24, 3},
		{"/overview?lang=ja", "配信の推移", "過去7日間:配信済み3件、再試行1件、不達・期限切れ2件、配信停止0件", 7, 4},
	} {
		p := b.get(tt.path)
		if p.text("svg #chart-title") != tt.title || !strings.HasPrefix(p.text("svg #chart-text"), tt.text) {
			t.Errorf("%s: %q, %q", tt.path, p.text("svg #chart-title"), p.text("svg #chart-text"))
		}
		if got := len(p.all("#chart-table tbody tr")); got != tt.rows {
			t.Errorf("%s has %d rows, want %d", tt.path, got, tt.rows)
		}
		bars := len(p.all("svg[role=img] rect")) - 2 // of the queue
		if bars != tt.bars {
			t.Errorf("%s has %d bars, want %d", tt.path, bars, tt.bars)
		}
	}
	p := b.get("/overview?lang=en")
	if got := textOf(p.all("#chart-table tbody tr")[6]); !strings.HasSuffix(got, " 2 1 2 0") {
		t.Errorf("today is %q", got)
	}
	if got := p.text("#queue-bar-text"); got != "0 to be attempted for the first time, 1 to be tried again." {
		t.Errorf("the queue's bar says %q", got)
	}
	stranger := w.as(strangerToken).get("/overview")
	stranger.has("Nothing was delivered in this time.")
	stranger.has("Nothing waits.")
}

// The operator sees the same over all tenants.
func TestOperatorsPictures(t *testing.T) {
	o := newOffice(t)
	b := o.setup()
	o.told(time.Now(), myodai.EventMessageDelivered)
	o.tenant = o.newTenant("Other")
	o.told(time.Now(), myodai.EventMessageDelivered, myodai.EventMessageBounced)
	if got := b.get("/operator").text("svg #chart-text"); got != "In the last seven days 2 were delivered, 0 deferred, 1 bounced or expired, and 0 suppressed." {
		t.Errorf("the picture says %q", got)
	}
}
