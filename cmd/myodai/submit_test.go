package main

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/smtp"
	"strings"
	"sync"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

// decode reads the JSON a command wrote.
func decode(t *testing.T, r result, into any) {
	t.Helper()
	if r.status != exitOK {
		t.Fatalf("status %d: %s%s", r.status, r.out, r.err)
	}
	if err := json.Unmarshal([]byte(r.out), into); err != nil {
		t.Fatalf("%v in %s", err, r.out)
	}
}

// sendMail brings one mail without logging in.
func sendMail(address, from, to, text string) error {
	c, err := smtp.Dial(address)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	return transfer(c, from, to, text)
}

func transfer(c *smtp.Client, from, to, text string) error {
	if err := c.Mail(from); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}

// The other way in: submission with STARTTLS and a credential of kind smtp. One
// of kind api does not open that door (T65).
func TestSubmission(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{})
	cfg := testConfig(t)
	cfg.send(receiverAddress+":25", sink.Addr().String())
	s := startService(t, cfg)
	var made newTenant
	s.must(&made, "tenant", "add", "Acme")
	s.key = made.Credential.Secret
	s.must(nil, "domain", "add", "acme.example", "--shape", "txt")
	s.publish("acme.example")
	s.must(nil, "domain", "check", "acme.example", "--wait", "1m")
	var mail, old api.CreatedCredential
	s.must(&old, "credential", "add", "--kind", "smtp", "--label", "old")
	s.must(&mail, "credential", "add", "--kind", "smtp", "--label", "shop")

	submit := func(user, password, from string) error {
		c, err := smtp.Dial(s.submission)
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true}); err != nil { // #nosec G402 -- self-signed
			return err
		}
		if err := c.Auth(smtp.PlainAuth("", user, password, "127.0.0.1")); err != nil {
			return err
		}
		return transfer(c, from, "b@receiver.example", "From: "+from+"\r\nSubject: by SMTP\r\n\r\nHello.\r\n")
	}
	if err := submit(string(mail.ID), mail.Secret, "a@acme.example"); err != nil {
		t.Fatal(err)
	}
	var list items[api.Message]
	s.must(&list, "message", "list")
	if len(list.Items) != 1 || list.Items[0].Subject != "by SMTP" {
		t.Fatalf("messages = %+v", list)
	}
	s.settled(list.Items[0].ID, myodai.DeliveryDelivered)
	s.must(nil, "credential", "revoke", string(old.ID))
	var refusals sync.WaitGroup // at the same time, because a wrong password is answered late
	for _, tt := range []struct{ name, user, password, from, want string }{
		{"a foreign From", string(mail.ID), mail.Secret, "a@receiver.example", "55"},
		{"a wrong password", string(mail.ID), made.Credential.Secret, "a@acme.example", "535"},
		{"an API key", string(made.Credential.ID), made.Credential.Secret, "a@acme.example", "535"},
		{"another user name", "somebody", mail.Secret, "a@acme.example", "535"},
		{"a revoked password (P31)", string(old.ID), old.Secret, "a@acme.example", "535"},
	} {
		refusals.Go(func() {
			if err := submit(tt.user, tt.password, tt.from); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
			}
		})
	}
	refusals.Wait()
}
