package main

import (
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

// A tenant keeps its own mail back, sees that, and lets it go; the operator gives
// up what waits.
func TestHoldAndExpire(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{})
	cfg := testConfig(t)
	cfg.send(receiverAddress+":25", sink.Addr().String())
	s := startService(t, cfg)
	var made newTenant
	s.must(&made, "tenant", "add", "Acme")
	operator := s.key
	s.key = made.Credential.Secret
	s.must(nil, "domain", "add", "acme.example")
	s.publish("acme.example")
	if r := s.cli("domain", "check", "acme.example", "--wait", "1m"); r.status != exitOK {
		t.Fatalf("check = %d\n%s%s", r.status, r.out, r.err)
	}

	var h api.Hold
	s.must(&h, "queue", "hold", "--domain", "receiver.example", "--reason", "wrong price in it")
	send := func() myodai.MessageID {
		var m api.AcceptedMessage
		decode(t, s.pipe("Hello.\n", "send", "--json", "--from", "a@acme.example", "--to", "b@receiver.example"), &m)
		s.settled(m.ID, myodai.DeliveryHeld)
		return m.ID
	}
	first, second := send(), send()
	if r := s.cli("queue", "holds"); !strings.Contains(r.out, "wrong price in it") || !strings.Contains(r.out, "to receiver.example") {
		t.Errorf("queue holds:\n%s", r.out)
	}
	if r := s.cli("queue", "expire"); r.status == exitOK {
		t.Errorf("everything was given up at once: %s", r.out)
	}
	s.key = operator
	if r := s.cli("queue", "expire", "--message", string(first)); !strings.Contains(r.out, "given up: 1") {
		t.Errorf("queue expire = %d %s%s", r.status, r.out, r.err)
	}
	s.key = made.Credential.Secret
	s.settled(first, myodai.DeliveryExpired)
	if r := s.cli("queue", "release", string(h.ID)); !strings.Contains(r.out, "due now: 1") {
		t.Errorf("queue release = %d %s%s", r.status, r.out, r.err)
	}
	s.settled(second, myodai.DeliveryDelivered)
	if r := s.cli("queue", "holds"); r.out != "Nothing is kept from being sent.\n" {
		t.Errorf("queue holds:\n%s", r.out)
	}
}
