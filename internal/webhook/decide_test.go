package webhook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/webhook"
)

var t0 = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

// The vector of Standard Webhooks, and a rotation under way (T61).
func TestSign(t *testing.T) {
	const known, other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	const id, body, want = "msg_p5jXN8AQM9LWM0D4loKWxJek", `{"test": 2432232314}`, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	at := time.Unix(1614265330, 0)
	for _, tt := range []struct {
		name    string
		secrets []myodai.WebhookSecret
		count   int
	}{
		{"one secret", []myodai.WebhookSecret{{Text: known}}, 1},
		{"the former one still signs", []myodai.WebhookSecret{{Text: known}, {Text: other, Until: at.Add(time.Second)}}, 2},
		{"the former one has ended", []myodai.WebhookSecret{{Text: known}, {Text: other, Until: at}}, 1},
	} {
		got, err := webhook.Sign(tt.secrets, id, at, []byte(body))
		if list := strings.Split(got, " "); err != nil || list[0] != want || len(list) != tt.count {
			t.Errorf("%s: %q, %v; want %d beginning with %s", tt.name, got, err, tt.count, want)
		}
	}
	if _, err := webhook.Sign([]myodai.WebhookSecret{{Text: "whsec_?"}}, id, at, nil); err == nil {
		t.Error("what is not base64 signs")
	}
	secret := webhook.NewSecret(strings.NewReader(strings.Repeat("x", 32)))
	if _, err := webhook.Sign([]myodai.WebhookSecret{{Text: secret}}, id, at, nil); err != nil || !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("a new secret %q: %v", secret, err)
	}
}

func TestWait(t *testing.T) {
	for _, tt := range []struct {
		trying         time.Duration
		chance         uint64
		atLeast, below time.Duration
	}{
		{0, 0, 4 * time.Second, 4*time.Second + 1},
		{0, 1<<64 - 1, 4 * time.Second, 6 * time.Second},
		{10 * time.Second, 0, 4 * time.Second, 6 * time.Second},
		{time.Hour, 12345, 24 * time.Minute, 36 * time.Minute},
		{71 * time.Hour, 1<<64 - 1, 4 * time.Hour, 6 * time.Hour},
	} {
		if got := webhook.Wait(tt.trying, tt.chance); got < tt.atLeast || got >= tt.below {
			t.Errorf("after %v: %v, want %v to %v", tt.trying, got, tt.atLeast, tt.below)
		}
	}
}

// An event is told for 72 hours, and not any more once the receiver is gone.
func TestDecide(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		after  time.Duration
		want   myodai.NotificationState
	}{
		{"taken", 200, 0, myodai.NotificationDelivered},
		{"taken at the last moment", 204, 100 * time.Hour, myodai.NotificationDelivered},
		{"a redirect is not an answer", 302, 0, myodai.NotificationDue},
		{"a fault of the receiver", 500, 72*time.Hour - 1, myodai.NotificationDue},
		{"no answer, for too long", 0, 72 * time.Hour, myodai.NotificationFailed},
		{"gone", 410, 0, myodai.NotificationFailed},
	} {
		n := myodai.Notification{State: myodai.NotificationDue, QueuedAt: t0, DueAt: t0, Attempts: 3}
		got := webhook.Decide(n, myodai.Response{Status: tt.status, At: t0.Add(tt.after)}, true, 0)
		if got.State != tt.want || got.Attempts != 4 || got.Last.Status != tt.status {
			t.Errorf("%s: %+v, want %s", tt.name, got, tt.want)
		}
		if got.State == myodai.NotificationDue && !got.DueAt.After(got.Last.At) {
			t.Errorf("%s: due again at once", tt.name)
		}
	}
}

// A webhook that fails is left alone for longer and longer, and disabled after
// 72 hours; one good answer makes it whole.
func TestDecideAll(t *testing.T) {
	answers := func(after time.Duration, statuses ...int) (list []myodai.Response) {
		for _, status := range statuses {
			list = append(list, myodai.Response{Status: status, At: t0.Add(after), Text: "no answer"})
		}
		return list
	}
	for _, tt := range []struct {
		name      string
		failing   time.Time
		responses []myodai.Response
		state     myodai.WebhookState
		fails     bool
		reason    string
	}{
		{"nothing was tried", t0, nil, myodai.WebhookEnabled, true, ""},
		{"works", time.Time{}, answers(0, 200), myodai.WebhookEnabled, false, ""},
		{"works again", t0, answers(time.Hour, 500, 200, 500), myodai.WebhookEnabled, false, ""},
		{"begins to fail", time.Time{}, answers(0, 500, 0), myodai.WebhookEnabled, true, ""},
		{"still fails", t0, answers(72*time.Hour-1, 500), myodai.WebhookEnabled, true, ""},
		{"has failed for three days", t0, answers(72*time.Hour, 0), myodai.WebhookDisabled, true, "failed for 72 hours; the last one: no answer"},
		{"gone, though another was taken", time.Time{}, answers(0, 200, 410), myodai.WebhookDisabled, false, "410 Gone"},
	} {
		w := myodai.Webhook{State: myodai.WebhookEnabled, FailingAt: tt.failing}
		got, disabled := webhook.DecideAll(w, tt.responses, true, 0)
		if got.State != tt.state || disabled != (tt.state == myodai.WebhookDisabled) || got.FailingAt.IsZero() == tt.fails || !strings.Contains(got.Reason, tt.reason) {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestParseWebhookURL(t *testing.T) {
	for _, good := range []string{"https://example.com/hooks?a=b", "https://example.com:8443/", "https://日本.example/"} {
		if strings.Contains(good, "日") {
			if _, err := myodai.ParseWebhookURL(good, false); err == nil {
				t.Errorf("%s is taken", good)
			}
			continue
		}
		if got, err := myodai.ParseWebhookURL(good, false); err != nil || got != good {
			t.Errorf("%s: %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{
		"", "example.com", "http://example.com/", "ftp://example.com/", "https:///x", "https://u:p@example.com/", "https://example.com:25/",
		"https://example.com/#x", "https://example.com:/", "https://example.com/\r\nX: y", "javascript:alert(1)", "https:example.com",
		"https://example.com/" + strings.Repeat("x", 2000),
	} {
		if got, err := myodai.ParseWebhookURL(bad, false); err == nil {
			t.Errorf("%s is taken as %q", bad, got)
		}
	}
	if _, err := myodai.ParseWebhookURL("http://10.0.0.1:8080/x", true); err != nil {
		t.Error(err)
	}
}

// P16: while the clock is not believed, no event is given up, no webhook is disabled,
// and none is said to fail since a time that may be wrong.
func TestNothingIsGivenUpByAWrongClock(t *testing.T) {
	failed := myodai.Response{Status: 500, At: t0.Add(10 * 365 * 24 * time.Hour)}
	n := webhook.Decide(myodai.Notification{State: myodai.NotificationDue, QueuedAt: t0}, failed, false, 0)
	if n.State != myodai.NotificationDue || n.DueAt.Sub(failed.At) > 6*time.Hour {
		t.Errorf("an event: %+v", n)
	}
	for _, since := range []time.Time{{}, t0} {
		w, disabled := webhook.DecideAll(myodai.Webhook{State: myodai.WebhookEnabled, FailingAt: since}, []myodai.Response{failed}, false, 0)
		if disabled || w.State != myodai.WebhookEnabled || !w.FailingAt.Equal(since) || !w.RetryAt.After(failed.At) {
			t.Errorf("a webhook: %+v", w)
		}
	}
}
