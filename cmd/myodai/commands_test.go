package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

// The commands that need no DNS, one after the other on one service.
func TestCommands(t *testing.T) {
	s := startService(t, testConfig(t))
	var made newTenant
	s.must(&made, "tenant", "add", "Acme \u202e")
	s.key = made.Credential.Secret
	tenant := string(made.Tenant.ID)

	t.Run("tenants", func(t *testing.T) {
		if r := s.cli("tenant", "list"); r.status != exitOK || !strings.Contains(r.out, tenant) || strings.Contains(r.out, "\u202e") {
			t.Errorf("list = %d\n%s%s", r.status, r.out, r.err)
		}
		s.must(nil, "tenant", "suspend", tenant)
		if r := s.cli("domain", "list"); r.status != exitRefused || !strings.Contains(r.err, "suspended") {
			t.Errorf("a suspended tenant = %d %s", r.status, r.err)
		}
		if r := s.cli("tenant", "resume", tenant); r.status != exitOK || !strings.Contains(r.out, "is active") {
			t.Errorf("resume = %d %s%s", r.status, r.out, r.err)
		}
		if r := s.cli("tenant", "suspend", "../../etc"); r.status != exitRefused {
			t.Errorf("a path for an id = %d %s", r.status, r.err)
		}
		var key api.CreatedCredential
		s.must(&key, "tenant", "key", tenant, "--kind", "smtp", "--label", "shop")
		if key.Kind != myodai.CredentialSMTP || key.Label != "shop" {
			t.Errorf("key = %+v", key)
		}
	})

	t.Run("credentials", func(t *testing.T) {
		var c api.CreatedCredential
		s.must(&c, "credential", "add", "--label", "temporary")
		if r := s.cli("credential", "revoke", string(c.ID)); r.out != string(c.ID)+" is revoked.\n" {
			t.Errorf("revoke = %d %s%s", r.status, r.out, r.err)
		}
		other := *s
		other.key = c.Secret
		if r := other.cli("domain", "list"); r.status != exitRefused || !strings.Contains(r.err, "not valid") {
			t.Errorf("a revoked key = %d %s", r.status, r.err)
		}
		r := s.cli("credential", "list")
		if lines := strings.Count(r.out, "\n"); lines != 4 || strings.Contains(r.out, "myo_") {
			t.Errorf("list:\n%s", r.out)
		}
		if r := s.cli("credential", "add", "--kind", "smtp"); !strings.Contains(r.out, "User     crd_") || !strings.Contains(r.out, "Password myo_") {
			t.Errorf("add:\n%s", r.out)
		}
	})

	t.Run("domains and keys", func(t *testing.T) {
		var d api.DomainWithRecords
		s.must(&d, "domain", "add", "Bücher.example", "--shape", "txt", "--return-path", "bounce", "--root-spf")
		if d.UnicodeName != "bücher.example" || d.ReturnPath != "bounce."+d.Name || !d.RootSPF {
			t.Errorf("domain = %+v", d.Domain)
		}
		for _, name := range []string{"bücher.example", d.Name, string(d.ID)} {
			if r := s.cli("domain", "show", name); r.status != exitOK || !strings.Contains(r.out, string(d.ID)) {
				t.Errorf("show %s = %d\n%s%s", name, r.status, r.out, r.err)
			}
		}
		if r := s.cli("domain", "records", d.Name, "--format", "zone"); !strings.Contains(r.out, "; "+d.Name+". TXT: put include:") {
			t.Errorf("records:\n%s", r.out)
		}
		var plan planFile
		s.must(&plan, "domain", "records", d.Name)
		if plan.Domain != d.Name || len(plan.Records) != len(d.Records) || !strings.HasSuffix(plan.Records[0].Name, ".") {
			t.Errorf("plan = %+v", plan)
		}
		owner := plan.Records[0].Name
		s.must(&d, "domain", "shape", d.Name, "cname", "--record", owner)
		if d.Records[0].Type != myodai.TypeCNAME || d.Shape != myodai.ShapeTXT {
			t.Errorf("after switching %s: %+v", owner, d)
		}
		if r := s.cli("key", "list", d.Name); strings.Count(r.out, "rsa") != 2 {
			t.Errorf("keys:\n%s", r.out)
		}
		if r := s.cli("key", "rotate", d.Name); r.status != exitRefused || !strings.Contains(r.err, "publish it first") {
			t.Errorf("rotating to a key nobody can find = %d %s%s", r.status, r.out, r.err)
		}
		if r := s.cli("domain", "show", "nobody.example"); r.status != exitRefused || !strings.Contains(r.err, "there is no domain nobody.example") {
			t.Errorf("a domain there is not = %d %s", r.status, r.err)
		}
		if r := s.cli("domain", "request", d.Name, "--lang", "ja"); r.status != exitOK || !strings.Contains(r.out, "登録のお願い") || !strings.Contains(r.out, owner[:len(owner)-1]) {
			t.Errorf("the draft of a request = %d\n%s%s", r.status, r.out, r.err)
		}
		if r := s.cli("domain", "request", d.Name, "--to", "dns@it.example", "--subject", "Please"); r.status != exitOK || !strings.Contains(r.out, "on its way to dns@it.example") {
			t.Errorf("a request = %d\n%s%s", r.status, r.out, r.err)
		}
		var link api.CreatedShareLink
		s.must(&link, "domain", "link", "add", d.Name, "--for", "IT", "--hours", "3")
		s.must(nil, "domain", "link", "revoke", d.Name, string(link.ID))
		if r := s.cli("domain", "link", "list", d.Name); strings.Count(r.out, "works") != 1 || strings.Count(r.out, "revoked") != 1 || strings.Contains(r.out, "/share/") {
			t.Errorf("links:\n%s", r.out)
		}
		if r := s.cli("domain", "connect", d.Name, "--redirect", "https://evil.example/"); r.status != exitRefused || !strings.Contains(r.err, "sent back") {
			t.Errorf("a link that leads back to a stranger = %d %s%s", r.status, r.out, r.err)
		}
		s.must(nil, "domain", "delete", d.Name, "--yes")
		if r := s.cli("domain", "list"); r.out != "There are no domains.\n" {
			t.Errorf("list:\n%s", r.out)
		}
	})

	t.Run("suppressions and queue", func(t *testing.T) {
		var p api.Suppression
		s.must(&p, "suppression", "add", "Nobody@example.net")
		if r := s.cli("suppression", "list"); !strings.Contains(r.out, "manual") {
			t.Errorf("list:\n%s", r.out)
		}
		s.must(nil, "suppression", "remove", string(p.ID))
		if r := s.cli("suppression", "list"); r.out != "No address is suppressed.\n" {
			t.Errorf("list:\n%s", r.out)
		}
		if r := s.cli("queue", "retry", "example.net"); r.out != "Deliveries to be attempted now: 0\n" {
			t.Errorf("retry = %d %s%s", r.status, r.out, r.err)
		}
		if r := s.cli("queue", "list"); r.out != "Nothing waits.\n" {
			t.Errorf("list:\n%s", r.out)
		}
	})
}

// A lost operator's key is made anew next to the running service.
func TestNewOperatorKey(t *testing.T) {
	s := startService(t, testConfig(t))
	file := filepath.Join(s.cfg.Data, operatorKeyFile)
	remove(t, file)
	if r := command(t.Context(), nil, []string{"MYODAI_DATA=" + s.cfg.Data}, "credential", "operator"); r.status != exitOK {
		t.Fatalf("credential operator = %d %s%s", r.status, r.out, r.err)
	}
	s.must(nil, "tenant", "list")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", file, info, err)
	}
}

// With the operator's key in the data directory and a tenant's in the
// environment, each command takes the one it needs.
func TestWhichKey(t *testing.T) {
	s := startService(t, testConfig(t))
	var made newTenant
	s.must(&made, "tenant", "add", "Acme")
	if r := s.cli("domain", "list"); r.status != exitRefused || !strings.Contains(r.err, "acts as a tenant") {
		t.Errorf("a tenant's command with the operator's key alone = %d %s", r.status, r.err)
	}
	s.key = made.Credential.Secret
	s.must(nil, "domain", "list")
	s.must(nil, "tenant", "list")
	// The configuration file says where the data directory is, to clients, too.
	file := filepath.Join(t.TempDir(), "myodai.yaml")
	write(t, file, "data: "+s.cfg.Data+"\n", 0o600)
	if r := command(t.Context(), nil, []string{"MYODAI_SERVER=" + s.url, "MYODAI_CONFIG=" + file}, "tenant", "list"); r.status != exitOK {
		t.Errorf("with the file alone = %d %s", r.status, r.err)
	}
	if r := s.cli("tenant", "list", "--key", s.key); r.status != exitRefused || !strings.Contains(r.err, "platform operator only") {
		t.Errorf("--key does not win = %d %s", r.status, r.err)
	}
}

// A message from files: attachments, HTML, headers, and whole ones.
func TestSend(t *testing.T) {
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
	dir := t.TempDir()
	write(t, filepath.Join(dir, "page.html"), "<p>Hello</p>", 0o600)
	write(t, filepath.Join(dir, "a.txt"), "attached", 0o600)
	write(t, filepath.Join(dir, "raw.eml"), "From: a@acme.example\nSubject: whole\n\nHello\n", 0o600)
	write(t, filepath.Join(dir, "mixed.eml"), "From: a@acme.example\r\nSubject: mixed\n\nHello\n", 0o600)

	r := s.cli("send", "--from", "a@acme.example", "--to", "b@receiver.example", "--subject", "parts", "--text", "Hello",
		"--html", filepath.Join(dir, "page.html"), "--attach", filepath.Join(dir, "a.txt"), "--header", "X-Campaign: spring",
		"--idempotency-key", "once")
	if r.status != exitOK || !strings.Contains(r.out, "is accepted.") {
		t.Fatalf("send = %d %s%s", r.status, r.out, r.err)
	}
	again := s.cli("send", "--from", "a@acme.example", "--to", "b@receiver.example", "--subject", "other", "--text", "x", "--idempotency-key", "once")
	if again.status != exitRefused {
		t.Errorf("the key again for another message = %d %s", again.status, again.out)
	}
	s.must(nil, "send", "--raw", filepath.Join(dir, "raw.eml"), "--to", "b@receiver.example")
	if r := s.cli("send", "--raw", filepath.Join(dir, "mixed.eml"), "--to", "b@receiver.example"); r.status != exitRefused || !strings.Contains(r.err, "LF alone") {
		t.Errorf("mixed line ends = %d %s", r.status, r.err)
	}
	s.must(nil, "suppression", "add", "gone@receiver.example")
	if r := s.pipe("Hello", "send", "--from", "a@acme.example", "--to", "gone@receiver.example"); !strings.Contains(r.out, "gone@receiver.example is suppressed and gets nothing: accepted, not sent: suppressed since") {
		t.Errorf("to a suppressed address:\n%s%s", r.out, r.err)
	}
	var list items[api.Message]
	s.must(&list, "message", "list", "--limit", "0")
	subjects := []string{}
	for _, m := range list.Items {
		subjects = append(subjects, m.Subject)
	}
	if strings.Join(subjects, ",") != ",whole,parts" {
		t.Errorf("subjects = %q", subjects)
	}
	if r := s.cli("message", "list", "--limit", "1"); !strings.Contains(r.err, "There are more") || strings.Count(r.out, "\n") != 2 {
		t.Errorf("list:\n%s%s", r.out, r.err)
	}
}

// events --follow shows each event once, as it happens.
func TestFollowEvents(t *testing.T) {
	s := startService(t, testConfig(t))
	var made newTenant
	s.must(&made, "tenant", "add", "Acme")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &lines{}
	ended := make(chan int)
	go func() {
		ended <- run(ctx, &cli{out: out, err: out, environ: []string{
			"MYODAI_SERVER=" + s.url, "MYODAI_DATA=" + s.cfg.Data,
		}}, []string{"events", "--follow", "--json"})
	}()
	var once sync.Once
	eventually(t, "the suspension is shown", func() bool {
		if strings.Contains(out.String(), "tenant.created") {
			once.Do(func() { s.must(nil, "tenant", "suspend", string(made.Tenant.ID)) })
		}
		return strings.Contains(out.String(), "tenant.suspended")
	})
	cancel()
	if status := <-ended; status != exitOK {
		t.Errorf("interrupted = %d, want 0", status)
	}
	seen := map[myodai.EventID]int{}
	for line := range strings.Lines(out.String()) {
		var e api.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		seen[e.ID]++
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("event %s is shown %d times", id, n)
		}
	}
}
