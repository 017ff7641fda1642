package e2e

import (
	"bytes"
	"fmt"
	"net/mail"
	"net/smtp"
	"strings"
	"testing"
	"time"
)

// TestMainJob is the whole story on both databases: two tenants prove one
// domain (E4), one in each shape (F1), with its zone on NSD; their mail, over
// HTTP and over SMTP, arrives at Postfix, where OpenDKIM and OpenDMARC say pass,
// aligned with the tenant's own domain (B2), whose records stand in its own DNS
// (B3). The return path is below that domain, and bounces come there (C6). Before
// all that nothing is sent (C9).
func TestMainJob(t *testing.T) {
	for name, url := range databases(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := newService(t, w, url, "--ed25519")
			cname := s.registered(t, "Acme Tokyo", "cname")
			txt := s.registered(t, "Acme Osaka", "txt")
			s.refusesUnverified(t, cname)
			// One DMARC record is allowed, and any valid one is accepted (A6).
			zone := s.zone(t, cname) + s.zone(t, txt) + "_dmarc.acme.example. TXT \"v=DMARC1; p=reject\"\n"
			w.publish(t, zone)
			s.verified(t, cname)
			s.verified(t, txt)
			for shape, tn := range map[string]tenant{"cname": cname, "txt": txt} {
				t.Run(shape, func(t *testing.T) {
					s.sendsOverHTTP(t, tn)
					s.sendsOverSMTP(t, tn)
				})
			}
			s.refusesForeign(t, cname)
			s.takesBouncesIn(t, cname)
			s.sendsTogether(t, txt)
			s.tamperingFails(t, txt, zone)
		})
	}
}

// registered makes a tenant that registers acme.example by the command line.
func (s *service) registered(t *testing.T, name, shape string) tenant {
	t.Helper()
	tn := s.newTenant(t, name)
	s.cli(t, tn.key, "domain", "add", "www.Acme.EXAMPLE", "--shape", shape) // A14
	var list struct {
		Items []struct{ ID, Name, State, Shape string }
	}
	s.call(t, tn.key, "GET", "/v1/domains", nil, &list)
	if len(list.Items) != 1 || list.Items[0].Name != "acme.example" || list.Items[0].State != "pending" || list.Items[0].Shape != shape {
		t.Fatalf("domains of the tenant: %+v", list.Items)
	}
	tn.domain = list.Items[0].ID
	return tn
}

// zone is what the tenant's DNS administrator would paste, but for DMARC.
func (s *service) zone(t *testing.T, tn tenant) string {
	t.Helper()
	zone := s.cli(t, tn.key, "domain", "records", "acme.example", "--format", "zone")
	if !strings.Contains(zone, "_domainkey.acme.example.") {
		t.Fatalf("records as a zone file:\n%s", zone)
	}
	var lines []string
	for line := range strings.Lines(zone) {
		if !strings.HasPrefix(line, "_dmarc.") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func (s *service) verified(t *testing.T, tn tenant) {
	t.Helper()
	out, err := s.try(tn.key, "domain", "check", "acme.example", "--wait", "2m")
	if err != nil {
		t.Fatalf("domain check: %v\n%s", err, out)
	}
	var d struct{ State string }
	s.call(t, tn.key, "GET", "/v1/domains/"+tn.domain, nil, &d)
	if d.State != "verified" {
		t.Fatalf("the domain is %s, want verified:\n%s", d.State, out)
	}
	var events struct{ Items []struct{ Kind string } }
	s.call(t, tn.key, "GET", "/v1/events", nil, &events)
	verified := 0
	for _, e := range events.Items {
		if e.Kind == "domain.verified" {
			verified++
		}
	}
	if verified != 1 {
		t.Errorf("%d events domain.verified, want 1", verified)
	}
}

func (s *service) sendsOverHTTP(t *testing.T, tn tenant) {
	t.Helper()
	mark := newMark()
	var m message
	status := s.call(t, tn.key, "POST", "/v1/messages", map[string]any{
		"from": "営業部 <sales@acme.example>", "to": []string{"a@receiver.example", "b@receiver.example"}, "subject": "ご注文ありがとうございます",
		"text": "Thank you. " + mark + "\n", "html": "<p>Thank you. " + mark + "</p>",
	}, &m)
	if status != 202 {
		t.Fatalf("send: status %d", status)
	}
	m = s.settled(t, tn, m.ID, "delivered")
	if len(m.Deliveries) != 2 || !strings.Contains(m.Deliveries[0].Attempts[0].Outcome.Dialogue, "MAIL FROM:<b-") {
		t.Errorf("deliveries: %+v", m.Deliveries)
	}
	passes(t, s.w.received(t, mark))
}

func (s *service) sendsOverSMTP(t *testing.T, tn tenant) {
	t.Helper()
	mark := newMark()
	raw := "From: Sales <sales@acme.example>\r\nTo: a@receiver.example\r\nSubject: Hello\r\n\r\n" + mark + "\r\n..leading dot\r\n"
	if err := s.submit(tn, "whatever@acme.example", "a@receiver.example", raw); err != nil {
		t.Fatal(err)
	}
	passes(t, s.w.received(t, mark))
}

// passes checks what OpenDKIM and OpenDMARC said: DKIM by the tenant's own
// domain, SPF at its bounce domain, and DMARC by both.
func passes(t *testing.T, m *mail.Message) {
	t.Helper()
	results := verdict(m)
	for _, want := range []string{"dkim=pass", "header.d=acme.example", "header.a=rsa-sha256", "header.a=ed25519-sha256", "spf=pass smtp.mailfrom=bounce-", ".acme.example", "dmarc=pass", "header.from=acme.example"} {
		if !strings.Contains(results, want) {
			t.Errorf("Authentication-Results lack %q:\n%s", want, results)
		}
	}
	if strings.Contains(results, "fail") {
		t.Errorf("Authentication-Results have a failure:\n%s", results)
	}
}

// verdict is every Authentication-Results field of the receiver, unfolded.
func verdict(m *mail.Message) string {
	return strings.Join(m.Header["Authentication-Results"], "\n")
}

// refusesUnverified: the domain is registered and not proved yet.
func (s *service) refusesUnverified(t *testing.T, tn tenant) {
	t.Helper()
	s.refuses(t, tn, "sales@acme.example", "not verified")
}

// refusesForeign: domains of others, by every path (P23).
func (s *service) refusesForeign(t *testing.T, tn tenant) {
	t.Helper()
	for _, from := range []string{"ceo@receiver.example", "x@notacme.example", "x@example"} {
		s.refuses(t, tn, from, "")
	}
	s.refuses(t, s.newTenant(t, "Stranger"), "sales@acme.example", "")
}

func (s *service) refuses(t *testing.T, tn tenant, from, why string) {
	t.Helper()
	mark := newMark()
	var problem struct{ Detail string }
	status := s.call(t, tn.key, "POST", "/v1/messages", map[string]any{
		"from": from, "to": []string{"a@receiver.example"}, "subject": "x", "text": mark,
	}, &problem)
	if status < 400 || status > 499 || len(problem.Detail) < 20 || !strings.Contains(problem.Detail, why) {
		t.Errorf("HTTP: From %s: status %d, %q", from, status, problem.Detail)
	}
	err := s.submit(tn, from, "a@receiver.example", "From: "+from+"\r\nSubject: x\r\n\r\n"+mark+"\r\n")
	if err == nil || !strings.HasPrefix(err.Error(), "5") {
		t.Errorf("SMTP: From %s: %v", from, err)
	}
	if s.w.find(mark) != nil {
		t.Errorf("mail from %s went out", from)
	}
}

// takesBouncesIn: Postfix accepts the mail and finds later that nobody is
// there; its DSN comes back to our return path and marks the delivery.
func (s *service) takesBouncesIn(t *testing.T, tn tenant) {
	t.Helper()
	send := func() (m message) {
		if status := s.call(t, tn.key, "POST", "/v1/messages", map[string]any{
			"from": "sales@acme.example", "to": []string{"gone@receiver.example"}, "subject": "x", "text": newMark(),
		}, &m); status != 202 {
			t.Fatalf("send: status %d", status)
		}
		return m
	}
	s.settled(t, tn, send().ID, "bounced")
	var list struct {
		Items []struct{ Address, Reason string }
	}
	s.call(t, tn.key, "GET", "/v1/suppressions", nil, &list)
	if len(list.Items) != 1 || list.Items[0].Address != "gone@receiver.example" || list.Items[0].Reason != "bounced" {
		t.Errorf("suppressions: %+v", list.Items)
	}
	s.settled(t, tn, send().ID, "suppressed")
	if err := returns("b-0123@bounce.acme.example", "x"); err == nil || !strings.Contains(err.Error(), "5.1.1 there is no such address") {
		t.Errorf("port 25 says %v to what we never minted", err)
	}
}

// tamperingFails: a changed byte, a foreign From and a withdrawn key fail at
// the verifiers that passed the original.
func (s *service) tamperingFails(t *testing.T, tn tenant, zone string) {
	t.Helper()
	mark := newMark()
	if err := s.submit(tn, "", "a@receiver.example", "From: sales@acme.example\r\nTo: a@receiver.example\r\nSubject: Hello\r\n\r\n"+mark+" original\r\n"); err != nil {
		t.Fatal(err)
	}
	passes(t, s.w.received(t, mark))
	genuine := signedPart(s.w.find(mark))
	replay := func(what string, raw []byte, want ...string) {
		t.Helper()
		id := newMark()
		raw = append([]byte("X-Replay: "+id+"\r\n"), raw...)
		check(t, smtp.SendMail(receiverAddress+":25", nil, "elsewhere@receiver.example", []string{"a@receiver.example"}, raw))
		results := verdict(s.w.received(t, id))
		for _, w := range want {
			if !strings.Contains(results, w) {
				t.Errorf("%s: Authentication-Results lack %q:\n%s", what, w, results)
			}
		}
	}
	replay("untouched, by another way", genuine, "dkim=pass", "dmarc=pass")
	replay("a changed byte", bytes.Replace(genuine, []byte("original"), []byte("0riginal"), 1), "dkim=fail", "dmarc=fail")
	replay("a foreign From", bytes.Replace(genuine, []byte("From: sales@acme.example"), []byte("From: ceo@acme.example"), 1), "dkim=fail", "dmarc=fail")
	s.w.publish(t, dropKeys(zone))
	replay("a withdrawn key", genuine, "dmarc=fail")
}

// signedPart is a delivered mail without what Postfix put before it.
func signedPart(raw []byte) []byte {
	at := bytes.Index(raw, []byte("DKIM-Signature:"))
	return bytes.ReplaceAll(raw[at:], []byte("\n"), []byte("\r\n"))
}

// dropKeys takes the DKIM records out of a zone.
func dropKeys(zone string) string {
	var kept []string
	for line := range strings.Lines(zone) {
		if !strings.Contains(line, "._domainkey.") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// newMark is a word that tells one mail of this run from all others.
func newMark() string { return fmt.Sprintf("mark%d", time.Now().UnixNano()) }
