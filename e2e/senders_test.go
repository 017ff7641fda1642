package e2e

import (
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestSenders shows at a real Postfix, with OpenDKIM and OpenDMARC, what becomes
// of mail by each rule for a From that is not verified (A9, D2, F6), and how an
// address is confirmed by mail and then sends without its domain (D10c, E7–E10).
func TestSenders(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := newService(t, w, database, "--routes", "normal="+receiverAddress+":25")
			tn := s.registered(t, "Acme", "cname")
			s.cli(t, s.operator, "policy", "set", "verification=either", `classes=[{"name":"refuse"},{"name":"hold","unverified":"hold"},`+
				`{"name":"normal","unverified":"normal"},{"name":"platform","unverified":"platform"}]`)
			s.unverified(t, tn)
			held := s.sendsAs(t, tn, "hold", "Acme <sales@acme.example>", "held")
			s.confirmsByMail(t, tn)

			// What is held goes by itself when its domain is verified, signed by it.
			w.publish(t, s.zone(t, tn)+"_dmarc.acme.example. TXT \"v=DMARC1; p=reject\"\n")
			s.verified(t, tn)
			// That its key is found shows TestMainJob; here the receiver may still
			// remember that there was none.
			m := w.received(t, held)
			if signed := strings.Join(m.Header["Dkim-Signature"], ""); !strings.Contains(signed, "d=acme.example") ||
				!strings.HasSuffix(m.Header.Get("Return-Path"), ".acme.example>") {
				t.Errorf("held mail:\n%s", w.find(held))
			}
		})
	}
}

// sendsAs sends a message of a class and returns its mark.
func (s *service) sendsAs(t *testing.T, tn tenant, class, from, state string) string {
	t.Helper()
	mark := newMark()
	var m message
	status := s.call(t, tn.key, "POST", "/v1/messages", map[string]any{
		"class": class, "from": from, "to": []string{"a@receiver.example"}, "subject": "x", "text": mark + "\n",
	}, &m)
	if status != http.StatusAccepted {
		t.Fatalf("%s from %s: status %d", class, from, status)
	}
	s.settled(t, tn, m.ID, state)
	return mark
}

// unverified sends from a domain that is not proved, by each rule.
func (s *service) unverified(t *testing.T, tn tenant) {
	t.Helper()
	s.refuses(t, tn, "sales@acme.example", "not verified")
	m := s.w.received(t, s.sendsAs(t, tn, "normal", "Acme <sales@acme.example>", "delivered"))
	if from := m.Header.Get("From"); from != "Acme <sales@acme.example>" {
		t.Errorf("by the normal path it comes from %s", from)
	}
	m = s.w.received(t, s.sendsAs(t, tn, "platform", "Acme <sales@acme.example>", "delivered"))
	if from, reply := m.Header.Get("From"), m.Header.Get("Reply-To"); from != "Acme via Myodai <no-reply@plat.example>" || !strings.Contains(reply, "sales@acme.example") {
		t.Errorf("from the platform it comes from %s, and answers go to %s", from, reply)
	}
	s.passesAs(t, m, "dkim=pass", "header.d=plat.example", "spf=pass", "dmarc=pass", "header.from=plat.example")
	s.refuses(t, tn, "no-reply@plat.example", "") // T18: nobody sends as the platform
	if out := s.cli(t, tn.key, "route", "explain", "sales@acme.example", "--class", "normal"); !strings.Contains(out, "by the normal path") {
		t.Errorf("explained: %s", out)
	}
}

// passesAs checks what the receiver says of a message.
func (s *service) passesAs(t *testing.T, m *mail.Message, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if results := verdict(m); !strings.Contains(results, want) {
			t.Errorf("Authentication-Results lack %q:\n%s", want, results)
		}
	}
}

// confirmsByMail registers an address without its domain, opens the link that
// arrives, and sends from it.
func (s *service) confirmsByMail(t *testing.T, tn tenant) {
	t.Helper()
	out := s.cli(t, tn.key, "sender", "add", "shop", "shop@receiver.example", "--name", "Shop")
	if !strings.Contains(out, "via plat.example") { // D11: said before
		t.Errorf("registered: %s", out)
	}
	code := regexp.MustCompile(`: ([0-9]{8})\n`).FindStringSubmatch(out)
	if code == nil {
		t.Fatalf("no code: %s", out)
	}
	s.refuses(t, tn, "shop@receiver.example", "")
	m := s.w.received(t, "To: shop@receiver.example")
	if subject := m.Header.Get("Subject"); subject != "Email Address Verification Request" { // D12
		t.Errorf("the mail's subject is %s", subject)
	}
	s.passesAs(t, m, "dkim=pass", "dmarc=pass", "header.from=plat.example")
	link := linkIn(t, m, `/confirm/[0-9a-z]+`)
	for range 5 { // T10: opening it changes nothing
		resp, err := http.Get(link)
		check(t, err)
		_ = resp.Body.Close()
	}
	s.refuses(t, tn, "shop@receiver.example", "")
	resp, err := http.PostForm(link, url.Values{"answer": {"agree"}, "code": {code[1]}})
	check(t, err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("confirm: status %d", resp.StatusCode)
	}
	m = s.w.received(t, s.sendsAs(t, tn, "refuse", "Shop <shop@receiver.example>", "delivered"))
	s.passesAs(t, m, "dkim=pass", "header.d=plat.example", "spf=pass")
}

// linkIn finds the link of a mail of the platform's own whose path is like this.
func linkIn(t *testing.T, m *mail.Message, path string) string {
	t.Helper()
	text := textOf(t, m)
	link := regexp.MustCompile(`http://[^/\s]+` + path).FindString(text)
	if link == "" {
		t.Fatalf("no link in\n%s", text)
	}
	return link
}

// textOf is what a mail says.
func textOf(t *testing.T, m *mail.Message) string {
	t.Helper()
	body := io.Reader(base64.NewDecoder(base64.StdEncoding, m.Body))
	if m.Header.Get("Content-Transfer-Encoding") != "base64" {
		body = quotedprintable.NewReader(m.Body)
	}
	text, err := io.ReadAll(body)
	check(t, err)
	return string(text)
}
