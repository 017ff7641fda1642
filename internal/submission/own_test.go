package submission_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/submission"
)

// The platform's own mail is signed as the platform, says that no person wrote
// it, and where nothing is to come back has no return path.
func TestSendOwn(t *testing.T) {
	l := newLedger()
	l.tenants[myodai.PlatformTenant] = myodai.TenantActive
	l.domains = append(l.domains, myodai.Domain{
		ID: myodai.PlatformDomain, TenantID: myodai.PlatformTenant, Name: "plat.example",
		State: myodai.DomainVerified, ReturnPath: "plat.example",
	})
	e := submission.New(submission.Options{
		Store: l, Suppressions: l, Random: &counter{}, ReturnKey: returnKey, MailHost: "mx.plat.example",
		Own: submission.Mailbox{Name: "Plat", Address: addresses("no-reply@plat.example")[0]},
	})
	for _, tt := range []struct {
		name        string
		mail        myodai.OwnMail
		has, hasNot []string
		returnsTo   myodai.Name
		wantRefused string
	}{
		{name: "a notice", mail: myodai.OwnMail{Subject: "Done", Text: "All records are right.\n"},
			has: []string{"From: Plat <no-reply@plat.example>", "Auto-Submitted: auto-generated", "Subject: Done"}, hasNot: []string{"\nReply-To:"},
			returnsTo: "plat.example"},
		{name: "a request by a person", mail: myodai.OwnMail{
			FromName: "Shop via Plat", ReplyTo: addresses("admin@example.com")[0], Subject: "Records", Text: "Hello\n", HTML: "<p>Hello", Personal: true},
			has: []string{"From: Shop via Plat <", "Reply-To: admin@example.com", "multipart/alternative"}, hasNot: []string{"Auto-Submitted"},
			returnsTo: "plat.example"},
		{name: "a bounce", mail: myodai.OwnMail{Subject: "Undelivered", Text: "x", NullReturn: true}, has: []string{"Subject: Undelivered"}},
		{name: "a subject of two lines (T31)", mail: myodai.OwnMail{Subject: "a\r\nBcc: b@example.net", Text: "x"}, wantRefused: "subject"},
	} {
		l.accepted = nil
		tt.mail.To = addresses("someone@example.net")[0]
		id, err := e.SendOwn(context.Background(), tt.mail)
		if tt.wantRefused != "" {
			if refusal, ok := err.(*myodai.Error); !ok || refusal.Field != tt.wantRefused || len(l.accepted) > 0 {
				t.Errorf("%s: %v; want a refusal of the %s", tt.name, err, tt.wantRefused)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		a := l.accepted[0]
		if a.Message.ID != id || a.Message.TenantID != myodai.PlatformTenant || a.Deliveries[0].ReturnPath.Domain != tt.returnsTo {
			t.Errorf("%s: accepted %+v, %+v", tt.name, a.Message, a.Deliveries)
		}
		if got := l.verify(a.Body, time.Now()); got != "plat.example pass" {
			t.Errorf("%s: a receiver says %s", tt.name, got)
		}
		for _, want := range tt.has {
			if !strings.Contains(string(a.Body), want) {
				t.Errorf("%s: no %q in\n%s", tt.name, want, a.Body)
			}
		}
		for _, not := range tt.hasNot {
			if strings.Contains(string(a.Body), not) {
				t.Errorf("%s: %q in\n%s", tt.name, not, a.Body)
			}
		}
	}
}
