package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/bounce"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

// D6, D14, D15, D16, F8: the first mail to a dead address is attempted, and
// MAILER-DAEMON comes back; that is when the address is judged. From the second on
// nothing is sent, the application is told that it was, and MAILER-DAEMON still
// comes back, each time. Our own record says what really happened.
func TestFirstBounceRule(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{Refuse: map[string]string{"gone@receiver.example": "550 5.1.1 no such user here"}})
	cfg := testConfig(t)
	cfg.send(receiverAddress+":25", sink.Addr().String())
	s := startService(t, cfg)
	var made newTenant
	s.must(&made, "tenant", "add", "Shop")
	s.key = made.Credential.Secret
	s.must(nil, "domain", "add", "acme.example")
	records := s.cli("domain", "records", "acme.example", "--format", "zone").out
	zone := "@ SOA ns.host.example. hostmaster 1 3600 600 86400 1\n@ NS ns.host.example.\n@ MX 10 mx.receiver.example.\n" + records
	if err := s.host.Set("acme.example.", zone); err != nil { // its sender can receive, too (B29)
		t.Fatal(err)
	}
	s.must(nil, "domain", "check", "acme.example", "--wait", "1m")

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for n := 1; n <= 3; n++ {
		var m api.AcceptedMessage
		decode(t, s.pipe("Thank you.\n", "send", "--json", "--suppressed", "bounce", "--from", "shop@acme.example", "--to", "gone@receiver.example"), &m)
		if m.Deliveries[0].State != myodai.DeliveryAccepted {
			t.Fatalf("mail %d: the application is told that it is %s (D14)", n, m.Deliveries[0].State)
		}
		want := map[bool]myodai.DeliveryState{true: myodai.DeliveryBounced, false: myodai.DeliverySuppressed}[n == 1]
		s.settled(m.ID, want)
		mails := sink.Wait(ctx, n) // MAILER-DAEMON, to the sender
		if len(mails) != n {
			t.Fatalf("mail %d: %d mails came back", n, len(mails))
		}
		back := mails[n-1]
		report, err := bounce.ParseDSN(back.Data)
		if err != nil || back.From != "" || back.To != "shop@acme.example" || report.Recipients[0].Final != "gone@receiver.example" ||
			!strings.Contains(string(back.Data), "MAILER-DAEMON@") {
			t.Fatalf("mail %d: came back %v %+v from <%s>", n, err, report, back.From)
		}
		var whole api.MessageWithAttempts
		s.must(&whole, "message", "show", string(m.ID))
		d := whole.Deliveries[0]
		if n > 1 && (len(d.Attempts) != 0 || d.ShownAs != myodai.DeliveryDelivered ||
			!strings.HasPrefix(d.Last, "accepted, not sent: suppressed since ") || !strings.Contains(d.Last, "because it bounced: 550 5.1.1 no such user here")) {
			t.Errorf("mail %d: our record is %+v (F8)", n, d)
		}
	}
	if to := strings.Count(strings.Join(sink.Commands(), "\n"), "gone@receiver.example"); to != 1 {
		t.Errorf("%d attempts at the address, want the first alone", to)
	}
	eventually(t, "every event is there once", func() bool {
		events := s.cli("events").out
		for kind, n := range map[string]int{"message.bounced": 1, "suppression.added": 1, "message.suppressed": 2, "message.notified": 3} {
			if strings.Count(events, kind) != n {
				return false
			}
		}
		return true
	})
}

// D9 by the command line: an audit of a list and a Maildir, its proposal, the gate
// that the operator requires, and the way back.
func TestAuditBeforeTheFirstSend(t *testing.T) {
	s := startService(t, testConfig(t))
	var made newTenant
	s.must(&made, "tenant", "add", "Shop")
	operator := s.key
	s.key = made.Credential.Secret
	dir := t.TempDir()
	list := filepath.Join(dir, "members.csv")
	if err := os.WriteFile(list, []byte("email\ntaro@receiver.example\nnobody@acme.example\nbroken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	box := filepath.Join(dir, "Maildir", "cur")
	if err := os.MkdirAll(box, 0o700); err != nil {
		t.Fatal(err)
	}
	mails, _ := filepath.Glob("../../internal/bounce/testdata/postfix/*.eml")
	for _, name := range mails {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(box, filepath.Base(name)+":2,S"), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := s.cli("audit", "start", "--title", "members", "--json", list, filepath.Dir(box))
	var a api.Audit
	if err := json.Unmarshal([]byte(r.out), &a); err != nil {
		t.Fatalf("audit start = %d %s%s", r.status, r.out, r.err)
	}
	if r.status != exitRefused || a.Gate != myodai.GateStop || a.Counts[myodai.ListAuditDead] == 0 || a.Counts[myodai.ListAuditInvalid] != 1 {
		t.Fatalf("audit start = %d %s %+v", r.status, r.err, a)
	}
	var accepted api.Audit
	s.must(&accepted, "audit", "accept", string(a.ID))
	if !accepted.Passed || accepted.BatchID == "" {
		t.Errorf("audit accept = %+v", accepted)
	}
	if r := s.cli("audit", "report", string(a.ID), "--language", "ja"); !strings.Contains(r.out, "初回送信前の宛先診断") {
		t.Errorf("report:\n%s%s", r.out, r.err)
	}
	if r := s.cli("audit", "report", string(a.ID), "--format", "csv"); !strings.Contains(r.out, "broken,invalid,") {
		t.Errorf("findings:\n%s%s", r.out, r.err)
	}
	export := s.cli("suppression", "export").out
	if !strings.Contains(export, "nobody@acme.example,audited,") {
		t.Errorf("export:\n%s", export)
	}
	s.must(nil, "audit", "undo", string(a.ID))
	if again := s.cli("suppression", "export").out; strings.Count(again, "\n") != 1 {
		t.Errorf("after undo:\n%s", again)
	}
	s.key = operator
	var waived api.Audit
	s.must(&waived, "audit", "waive", string(made.Tenant.ID), "--reason", "moved here with a clean history")
	if !waived.Passed {
		t.Errorf("waived = %+v", waived)
	}
}
