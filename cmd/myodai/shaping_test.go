package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

const twoPools = `
default: {connections: 2}
sources:
  calm: {ipv4: 127.0.0.2, hello: calm.plat.example}
  loud: {ipv4: 127.0.0.3, hello: loud.plat.example}
pools: {default: [calm], bulk: [loud]}
`

// TestPoolOfAClass sends mail of two classes, which a receiver sees come from two
// addresses under two names; then the operator's file changes, and without a
// restart it comes under another name. Last the receiver wants to be left alone:
// the operator sees that, and why, and resumes.
func TestPoolOfAClass(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{
		Without: []string{"STARTTLS"}, Refuse: map[string]string{"busy@receiver.example": "421 4.7.0 too many messages, slow down"},
	})
	cfg := testConfig(t)
	cfg.send(receiverAddress+":25", sink.Addr().String())
	cfg.Shaping = filepath.Join(t.TempDir(), "shaping.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(cfg.Shaping, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(twoPools)
	s := startService(t, cfg)
	var made newTenant
	s.must(&made, "tenant", "add", "Shop")
	s.must(nil, "policy", "set", `classes=[{"name":"transactional"},{"name":"marketing","pool":"bulk"}]`)
	s.key = made.Credential.Secret
	s.must(nil, "domain", "add", "acme.example")
	records := s.cli("domain", "records", "acme.example", "--format", "zone").out
	if err := s.host.Set("acme.example.", "@ SOA ns.host.example. hostmaster 1 3600 600 86400 1\n@ NS ns.host.example.\n"+records); err != nil {
		t.Fatal(err)
	}
	s.must(nil, "domain", "check", "acme.example", "--wait", "1m")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	send := func(class, to string) api.AcceptedMessage {
		t.Helper()
		var m api.AcceptedMessage
		decode(t, s.pipe("Hello.\n", "send", "--json", "--class", class, "--from", "shop@acme.example", "--to", to), &m)
		return m
	}
	arrives := func(n int, hello, client string) bool {
		mails := sink.Wait(ctx, n)
		m := mails[len(mails)-1]
		return len(mails) == n && m.Hello == hello && m.Client.Addr().String() == client
	}
	send("transactional", "a@receiver.example")
	if !arrives(1, "calm.plat.example", "127.0.0.2") {
		t.Errorf("transactional mail came as %+v", sink.Mails())
	}
	send("marketing", "b@receiver.example")
	if !arrives(2, "loud.plat.example", "127.0.0.3") {
		t.Errorf("marketing mail came as %+v", sink.Mails())
	}

	write("pools: [") // is wrong, and changes nothing
	eventually(t, "the operator is told", func() bool { return strings.Contains(s.log.String(), "what it said before counts on") })
	write(strings.ReplaceAll(twoPools, "calm.plat.example", "calmer.plat.example"))
	eventually(t, "the file is read again", func() bool { return strings.Contains(s.log.String(), "the shaping has changed") })
	send("transactional", "c@receiver.example")
	if !arrives(3, "calmer.plat.example", "127.0.0.2") {
		t.Errorf("after the change it came as %+v", sink.Mails()[2])
	}

	send("transactional", "busy@receiver.example")
	tenants := s.key
	s.key = ""
	var sites api.SiteList
	eventually(t, "the site is seen as paused", func() bool {
		s.must(&sites, "queue", "sites")
		return len(sites.Items) > 0 && sites.Items[0].PausedUntil != nil
	})
	if at := sites.Items[0]; at.Site != "mx.receiver.example" || at.Source != "calm" || !strings.HasPrefix(at.Why, "421 4.7.0 too many messages") {
		t.Errorf("paused: %+v", at)
	}
	s.key = tenants
	waiting := send("transactional", "d@receiver.example")
	s.key = ""
	s.must(nil, "queue", "resume", "mx.receiver.example")
	if !arrives(4, "calmer.plat.example", "127.0.0.2") {
		t.Errorf("%s was not sent after the pause had been ended", waiting.ID)
	}
}

func TestShapingCommands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shaping.yaml")
	r := command(t.Context(), nil, nil, "shaping", "default")
	if r.status != exitOK || !strings.Contains(r.out, "docomo:") {
		t.Fatalf("default = %d %s", r.status, r.err)
	}
	if err := os.WriteFile(file, []byte(r.out), 0o600); err != nil {
		t.Fatal(err)
	}
	if r = command(t.Context(), nil, nil, "shaping", "check", file); r.status != exitOK || !strings.Contains(r.out, "yahoodns.net") {
		t.Errorf("the default is not right: %s%s", r.out, r.err)
	}
	if err := os.WriteFile(file, []byte("default: {rate: fast}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r = command(t.Context(), nil, nil, "shaping", "check", file); r.status != exitUsage || !strings.Contains(r.err, "default.rate") {
		t.Errorf("check = %d %s", r.status, r.err)
	}
}
