package myodai

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// WebhookState says whether a webhook is told of events.
type WebhookState string

const (
	WebhookEnabled  WebhookState = "enabled"
	WebhookDisabled WebhookState = "disabled" // by its owner, or by us after it did not answer for too long
)

// Webhook is an HTTPS address of a tenant's that is told of events.
type Webhook struct {
	ID        WebhookID
	TenantID  TenantID
	URL       string
	Kinds     []EventKind // that it is told of; empty means all
	State     WebhookState
	Secrets   []WebhookSecret // newest first, at most two
	CreatedAt time.Time
	FailingAt time.Time // since when every attempt has failed; zero while it answers
	RetryAt   time.Time // before which nothing is tried, because it is failing
	Reason    string    // why we disabled it; "" otherwise
}

// WebhookSecret signs what a webhook is told, so that it knows who speaks.
type WebhookSecret struct {
	Text  string    `json:"text"`           // whsec_ and base64, as Standard Webhooks writes it
	Until time.Time `json:"until,omitzero"` // when it ends; zero for the newest
}

// RotationOverlap is how long a webhook's former secret goes on signing beside
// the new one.
const RotationOverlap = 24 * time.Hour

// Wants reports whether the webhook is told of events of this kind.
func (w Webhook) Wants(kind EventKind) bool {
	return w.State == WebhookEnabled && (len(w.Kinds) == 0 || slices.Contains(w.Kinds, kind))
}

// Rotate puts a new secret before the present one, which goes on for
// RotationOverlap.
func (w Webhook) Rotate(secret string, now time.Time) Webhook {
	secrets := []WebhookSecret{{Text: secret}}
	if len(w.Secrets) > 0 {
		secrets = append(secrets, WebhookSecret{Text: w.Secrets[0].Text, Until: now.Add(RotationOverlap)})
	}
	w.Secrets = secrets
	return w
}

// ParseWebhookURL checks an address that is to be told of events (T58). insecure
// allows http as well, for receivers inside the operator's own network.
func ParseWebhookURL(s string, insecure bool) (string, error) {
	refuse := func(why string) (string, error) {
		return "", Refuse(CodeInvalid, "url", "%s; give an address such as https://example.com/hooks", why)
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || len(s) > 2000 || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f }):
		return refuse("this is not a web address of at most 2000 printable ASCII characters")
	case u.Scheme != "https" && (u.Scheme != "http" || !insecure):
		return refuse("events are sent over https only")
	case u.Hostname() == "" || u.Opaque != "" || strings.HasSuffix(u.Host, ":"):
		return refuse("the address names no host")
	case u.User != nil:
		return refuse("a name or password in the address would show up in logs; each message is signed instead")
	case u.Fragment != "" || strings.HasSuffix(s, "#"):
		return refuse("what stands after # is never sent")
	case u.Port() != "" && u.Port() != "443" && u.Port() != "8443" && !insecure:
		return refuse("events are sent to the ports 443 and 8443 only")
	}
	return u.String(), nil
}

// NotificationState is where telling one webhook of one event stands.
type NotificationState string

const (
	NotificationDue       NotificationState = "due"       // not told yet, or not successfully
	NotificationDelivered NotificationState = "delivered" // answered with 2xx
	NotificationFailed    NotificationState = "failed"    // given up
)

// Notification is one event on its way to one webhook.
type Notification struct {
	TenantID  TenantID
	WebhookID WebhookID
	Event     Event
	State     NotificationState
	Attempts  int
	DueAt     time.Time
	QueuedAt  time.Time // when it was first due, or was asked for again
	Last      Response  // of the newest attempt; zero before the first
}

// Response is what an attempt to tell a webhook ended in.
type Response struct {
	Status int           `json:"status"` // HTTP status, 0 when there was no answer
	Text   string        `json:"text"`   // the start of the body, or why there was none
	At     time.Time     `json:"at"`
	Took   time.Duration `json:"took"` // nanoseconds
}

// OK reports whether the webhook took the event.
func (r Response) OK() bool { return r.Status/100 == 2 }
