package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

// The main job by the command line alone: from nothing to a verified domain,
// and from there to a message at a receiving server, in both shapes (F1). Nothing
// goes out before (C9), one asks for the check by hand (A18, B9), and the list says
// how it stands (A22).
func TestJourney(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{})
	cfg := testConfig(t)
	cfg.send(receiverAddress+":25", sink.Addr().String())
	s := startService(t, cfg)

	var made newTenant
	s.must(&made, "tenant", "add", "Acme")
	s.key = made.Credential.Secret
	var d api.DomainWithRecords
	s.must(&d, "domain", "add", "www.Acme.example") // A14
	if d.Name != "acme.example" || d.State != myodai.DomainPending || len(d.Records) < 4 {
		t.Fatalf("domain = %+v", d)
	}
	if r := s.pipe("Hello", "send", "--from", "a@acme.example", "--to", "b@receiver.example"); r.status != exitRefused || !strings.Contains(r.err, "not verified") {
		t.Errorf("sending as a domain that is not verified = %d %s", r.status, r.err)
	}
	if r := s.cli("domain", "check", "acme.example", "--wait", "0"); r.status != exitRefused || !strings.Contains(r.out, "missing") {
		t.Errorf("a check before the records are there = %d %s%s", r.status, r.out, r.err)
	}
	for _, shape := range []string{"cname", "txt"} {
		s.must(nil, "domain", "shape", "acme.example", shape)
		s.publish("acme.example")
		if r := s.cli("domain", "check", "acme.example", "--wait", "1m"); r.status != exitOK || !strings.Contains(r.out, "acme.example is verified.") {
			t.Fatalf("check = %d\n%s%s", r.status, r.out, r.err)
		}
	}
	if r := s.cli("domain", "list"); !strings.Contains(r.out, "acme.example  verified  txt") {
		t.Errorf("domain list:\n%s", r.out)
	}

	var m api.AcceptedMessage
	r := s.pipe("Hello.\n", "send", "--json", "--from", "Acme <a@acme.example>", "--to", "b@receiver.example", "--subject", "Grüße")
	decode(t, r, &m)
	s.settled(m.ID, myodai.DeliveryDelivered)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	mails := sink.Wait(ctx, 1)
	if len(mails) != 1 || !strings.Contains(string(mails[0].Data), "d=acme.example") || !strings.HasSuffix(mails[0].From, ".acme.example") {
		t.Fatalf("received %+v", mails)
	}
	if r := s.cli("message", "show", string(m.ID), "--dialogue"); !strings.Contains(r.out, "delivered") || !strings.Contains(r.out, "MAIL FROM:") {
		t.Errorf("message show:\n%s", r.out)
	}
	events := s.cli("events").out
	for _, kind := range []string{"domain.registered", "domain.verified", "message.accepted", "message.delivered"} {
		if strings.Count(events, kind) != 1 {
			t.Errorf("%d events %s, want one:\n%s", strings.Count(events, kind), kind, events)
		}
	}
	if r := s.cli("queue", "show"); r.out != "Nothing waits.\n" {
		t.Errorf("queue show:\n%s", r.out)
	}
}

// publish enters the records of a domain at the DNS host, as its owner would:
// by pasting the lines of a zone file.
func (s *service) publish(domain string) {
	s.t.Helper()
	r := s.cli("domain", "records", domain, "--format", "zone")
	if r.status != exitOK {
		s.t.Fatalf("records = %d %s", r.status, r.err)
	}
	zone := "@ SOA ns.host.example. hostmaster 1 3600 600 86400 1\n@ NS ns.host.example.\n" + r.out
	if err := s.host.Set(domain+".", zone); err != nil {
		s.t.Fatalf("%v in\n%s", err, zone)
	}
}

// settled waits until every delivery of a message is in a state.
func (s *service) settled(id myodai.MessageID, state myodai.DeliveryState) {
	s.t.Helper()
	eventually(s.t, "message "+string(id)+" is "+string(state), func() bool {
		var m api.MessageWithAttempts
		s.must(&m, "message", "show", string(id))
		for _, d := range m.Deliveries {
			if d.State != state {
				return false
			}
		}
		return len(m.Deliveries) > 0
	})
}

// P15: told to stop, everything ends in order, and the next start finds it all.
func TestRestart(t *testing.T) {
	cfg := testConfig(t)
	s := startService(t, cfg)
	var made newTenant
	s.must(&made, "tenant", "add", "Acme")
	began := time.Now()
	if err := s.stop(); err != nil {
		t.Fatalf("Run = %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("an idle server took %s to stop", took)
	}
	if r := s.cli("tenant", "list"); r.status != exitUnavailable || !strings.Contains(r.err, "is myodai serve running there?") {
		t.Errorf("a server that is not there = %d %s", r.status, r.err)
	}
	again := startService(t, cfg)
	var tenants items[api.Tenant]
	again.must(&tenants, "tenant", "list")
	if len(tenants.Items) != 1 || tenants.Items[0].ID != made.Tenant.ID {
		t.Errorf("after a restart: %+v", tenants)
	}
	if n := strings.Count(again.log.String(), "wrote the operator's key"); n != 0 {
		t.Error("a second operator's key was made")
	}
}

// P30, T79: health tells the truth, and only at its own door.
func TestHealth(t *testing.T) {
	s := startService(t, testConfig(t))
	get := func(url string) int {
		t.Helper()
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	eventually(t, "ready", func() bool { return get(s.metrics+"/readyz") == http.StatusOK })
	for _, path := range []string{"/healthz", "/metrics"} {
		if status := get(s.metrics + path); status != http.StatusOK {
			t.Errorf("GET %s = %d", path, status)
		}
	}
	for _, path := range []string{"/healthz", "/metrics", "/readyz", "/debug/pprof/", "/debug/vars"} {
		if status := get(s.url + path); status != http.StatusNotFound {
			t.Errorf("GET %s at the door of the API = %d, want 404", path, status)
		}
	}
	if status := get(s.metrics + "/debug/pprof/"); status != http.StatusNotFound {
		t.Errorf("pprof is open: %d", status)
	}
}

// RFC 5321 §4.5.1: mail to postmaster is taken, and kept where the operator
// finds it.
func TestPostmaster(t *testing.T) {
	cfg := testConfig(t)
	s := startService(t, cfg)
	if err := sendMail(s.mx, "", "postmaster@mail.plat.example", "Subject: help\r\n\r\nPlease.\r\n"); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(cfg.Data, "postmaster", "*.eml"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files = %v, %v", files, err)
	}
	if text, err := os.ReadFile(files[0]); err != nil || !strings.HasSuffix(string(text), "Subject: help\r\n\r\nPlease.\r\n") {
		t.Errorf("kept %q, %v", text, err)
	}
	if err := sendMail(s.mx, "", "somebody@mail.plat.example", "Subject: x\r\n\r\nx\r\n"); err == nil || !strings.HasPrefix(err.Error(), "550") {
		t.Errorf("mail to nobody = %v, want 550", err)
	}
}
