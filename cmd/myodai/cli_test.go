package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
)

// Every command explains itself, with an example that begins with its name.
func TestEveryCommandHasHelp(t *testing.T) {
	root := (&cli{}).root()
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") || !strings.Contains(cmd.Example, "myodai ") {
			t.Errorf("%s: short %q, example %q", cmd.CommandPath(), cmd.Short, cmd.Example)
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
	if r := command(t.Context(), nil, nil, "domain", "check", "--help"); r.status != exitOK || !strings.Contains(r.out, "--wait") {
		t.Errorf("help = %d %s%s", r.status, r.out, r.err)
	}
	dir := t.TempDir()
	if r := command(t.Context(), nil, nil, "man", dir); r.status != exitOK {
		t.Fatalf("man = %d %s", r.status, r.err)
	}
	if _, err := os.Stat(filepath.Join(dir, "myodai-domain-check.1")); err != nil {
		t.Error(err)
	}
}

// Misuse is told from refusal by its status, and said in one sentence.
func TestUsage(t *testing.T) {
	key := []string{"MYODAI_KEY=myo_x", "MYODAI_SERVER=http://127.0.0.1:1"}
	for _, tt := range []struct {
		args   string
		status int
		says   string
	}{
		{"nonsense", exitUsage, `myodai does not know "nonsense"`},
		{"tenant nonsense", exitUsage, `myodai tenant does not know "nonsense"`},
		{"tenant add", exitUsage, "myodai tenant add --help"},
		{"tenant add a b", exitUsage, "accepts 1 arg"},
		{"version x", exitUsage, "does not know"},
		{"domain check x --wait soon", exitUsage, "--wait"},
		{"tenant list --nonsense", exitUsage, "unknown flag"},
		{"domain records x --format pdf", exitUsage, "there are table, zone, csv"},
		{"domain records x --format terraform", exitUsage, "there are cloudflare, aws"},
		{"domain records x --format terraform --provider bind", exitUsage, `"bind" is not one`},
		{"domain records x --format csv --dns-host nowhere", exitUsage, `no DNS host "nowhere"`},
		{"domain delete acme.example", exitUsage, "--yes"},
		{"send --from a@b.example --text x --header nonsense", exitUsage, "no colon"},
		{"send --from a@b.example --text x --attach /nonexistent", exitUsage, "cannot read"},
		{"tenant list --server ftp://x", exitUsage, "not an address"},
		{"serve", exitUsage, "zone: say which zone"},
		{"serve --dns-port x", exitUsage, "dns_port"},
		{"config", exitUsage, "addresses: give"},
		{"tenant list", exitUnavailable, "nothing answers at http://127.0.0.1:1"},
	} {
		r := command(t.Context(), strings.NewReader(""), key, strings.Fields(tt.args)...)
		if r.status != tt.status || !strings.Contains(r.err, tt.says) {
			t.Errorf("myodai %s = %d %q, want %d with %q", tt.args, r.status, r.err, tt.status, tt.says)
		}
		for line := range strings.Lines(r.err) {
			if !strings.HasPrefix(line, "myodai: ") {
				t.Errorf("myodai %s: the line %q does not say who speaks", tt.args, line)
			}
		}
	}
	if r := command(t.Context(), nil, []string{"MYODAI_DATA=/nonexistent"}, "tenant", "list"); r.status != exitUsage || !strings.Contains(r.err, "MYODAI_KEY") {
		t.Errorf("without a key = %d %s", r.status, r.err)
	}
	if r := command(t.Context(), nil, nil, "tenant"); r.status != exitOK || !strings.Contains(r.out, "suspend") {
		t.Errorf("a group alone = %d %s", r.status, r.out)
	}
}

func TestExitStatus(t *testing.T) {
	answered := func(status int) error { return &answeredError{problem: api.Problem{Status: status}} }
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, exitOK},
		{usage("x"), exitUsage},
		{fmt.Errorf("wrapped: %w", usage("x")), exitUsage},
		{unreachable{errors.New("x")}, exitUnavailable},
		{answered(401), exitRefused}, {answered(404), exitRefused}, {answered(422), exitRefused},
		{answered(429), exitUnavailable}, {answered(503), exitUnavailable}, {answered(507), exitUnavailable}, {answered(500), exitFault},
		{myodai.Refuse(myodai.CodeNotFound, "", "x"), exitRefused},
		{myodai.Refuse(myodai.CodeUnavailable, "", "x"), exitUnavailable},
		{myodai.Refuse("new", "", "x"), exitFault},
		{errors.New("x"), exitFault},
	} {
		if got := exitStatus(tt.err); got != tt.want {
			t.Errorf("exitStatus(%v) = %d, want %d", tt.err, got, tt.want)
		}
	}
}

func TestConfigCommand(t *testing.T) {
	args := []string{"config", "--zone", "plat.example", "--addresses", "203.0.113.1", "--smarthost", "u:hunter2@relay.example"}
	r := command(t.Context(), nil, []string{"MYODAI_LISTEN_API=127.0.0.1:9"}, args...)
	for _, want := range []string{`zone: "plat.example" # flag`, `listen_api: "127.0.0.1:9" # environment`, `listen_mx: ":25" # default`, "u:***@relay.example"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("config lacks %s:\n%s", want, r.out)
		}
	}
	if r.status != exitOK || strings.Contains(r.out, "hunter2") {
		t.Errorf("config = %d\n%s%s", r.status, r.out, r.err)
	}
	// What it shows is a configuration file.
	file := filepath.Join(t.TempDir(), "myodai.yaml")
	write(t, file, strings.ReplaceAll(r.out, "u:***@", ""), 0o600)
	if again := command(t.Context(), nil, nil, "config", "--config", file, "--json"); again.status != exitOK || !strings.Contains(again.out, `"listen_api": "127.0.0.1:9"`) {
		t.Errorf("read again = %d %s%s", again.status, again.out, again.err)
	}
}

func TestVersionAndMigrate(t *testing.T) {
	if r := command(t.Context(), nil, nil, "version"); r.status != exitOK || !strings.HasPrefix(r.out, "myodai ") {
		t.Errorf("version = %d %s", r.status, r.out)
	}
	environ := []string{"MYODAI_DATA=" + t.TempDir()}
	if r := command(t.Context(), nil, environ, "migrate"); r.status != exitOK || !strings.Contains(r.out, "0001_") {
		t.Errorf("migrate = %d %s%s", r.status, r.out, r.err)
	}
	if r := command(t.Context(), nil, environ, "migrate"); r.status != exitOK || r.out != "The database is up to date.\n" {
		t.Errorf("migrate again = %d %s%s", r.status, r.out, r.err)
	}
}

// Text from strangers cannot command a terminal.
func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain, even ありがとう": "plain, even ありがとう",
		"\x1b[2J":           "\ufffd[2J",
		"a\r\nb\x00":        "a\ufffd\ufffdb\ufffd",
		"\u202egnp.exe":     "\ufffdgnp.exe",
		"\u009b31m":         "\ufffd31m",
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
}

// What the records are written for, they are written as; what is there of
// somebody else's stays out.
func TestRecordFiles(t *testing.T) {
	records := api.Plan{Domain: "news.acme.example", Records: []api.Record{
		{Purpose: "dkim", Name: "s1._domainkey.news.acme.example", Type: "CNAME", Value: "s1.plat.example", Required: true, Status: "as_planned", Found: []string{"CNAME s1.plat.example"}},
		{Purpose: "return-path", Name: "bounce.news.acme.example", Type: "MX", Value: "10 mx.plat.example", Required: true, Status: "missing"},
		{Purpose: "dmarc", Name: "_dmarc.news.acme.example", Type: "TXT", Value: "v=DMARC1; p=none", Required: true, Status: "as_planned", Found: []string{"TXT v=DMARC1; p=reject"}},
		{Purpose: "spf", Name: "news.acme.example", Type: "TXT", Value: "include:spf.plat.example", Status: "not_checked"},
	}}
	const id = "dom_00000000000000000000000000"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/domains/"+id+"/records" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(records)
	}))
	defer server.Close()
	env := []string{"MYODAI_KEY=myo_x", "MYODAI_SERVER=" + server.URL}
	for _, tt := range []struct {
		flags string
		want  string
	}{
		{"--format zone", "s1._domainkey.news.acme.example. 3600 IN CNAME s1.plat.example.\nbounce.news.acme.example. 3600 IN MX 10 mx.plat.example.\n; news.acme.example. TXT: put include:spf.plat.example into the SPF record that is there\n"},
		{"--format zone --open", "bounce.news.acme.example. 3600 IN MX 10 mx.plat.example.\n; news.acme.example. TXT: put include:spf.plat.example into the SPF record that is there\n"},
		{"--format csv --open --dns-host value-domain --dns-zone acme.example", "host,type,priority,value,ttl,required,purpose,note\r\nbounce.news,MX,,10 mx.plat.example.,3600,yes,return-path,\r\n"},
		{"--format octodns --dns-zone acme.example", "bounce.news:\n  - ttl: 3600\n    type: MX\n    value:\n      exchange: mx.plat.example.\n      preference: 10\n"},
		{"--format dnscontrol --dns-zone acme.example", "D_EXTEND(\"acme.example\",\n  CNAME(\"s1._domainkey.news\", \"s1.plat.example.\", TTL(3600)),\n"},
		{"--format terraform --dns-host route53", "resource \"aws_route53_record\""},
		{"--format terraform --provider azurerm --dns-zone acme.example", "  name                = \"bounce.news\"\n  zone_name           = \"acme.example\"\n"},
	} {
		r := command(t.Context(), nil, env, append([]string{"domain", "records", id}, strings.Fields(tt.flags)...)...)
		if whole := strings.HasPrefix(tt.flags, "--format zone"); r.status != exitOK || !strings.Contains(r.out, tt.want) || whole && r.out != tt.want {
			t.Errorf("%s = %d %s\n got %s\nwant %s", tt.flags, r.status, r.err, r.out, tt.want)
		}
		if strings.Contains(r.out, "DMARC1") {
			t.Errorf("%s would replace a DMARC record (C3):\n%s", tt.flags, r.out)
		}
	}
	if r := command(t.Context(), nil, env, "domain", "records", id, "--format", "zone", "--dns-zone", "other.example"); r.status != exitUsage || !strings.Contains(r.err, "--dns-zone") {
		t.Errorf("another zone = %d %s", r.status, r.err)
	}
}

// The plan file is read by programs, so names have their final dot.
func TestPlanFile(t *testing.T) {
	out, err := json.Marshal(planFileOf(api.Plan{Domain: "acme.example", Records: []api.Record{
		{Purpose: "dkim", Selector: "s1", Name: "s1._domainkey.acme.example", Type: "CNAME", Value: "s1.plat.example", Required: true, Status: "missing"},
		{Purpose: "spf", Name: "acme.example", Type: "TXT", Value: "include:spf.plat.example"},
	}}))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"domain":"acme.example","records":[` +
		`{"purpose":"dkim","selector":"s1","name":"s1._domainkey.acme.example.","type":"CNAME","value":"s1.plat.example.","required":true},` +
		`{"purpose":"spf","name":"acme.example.","type":"TXT","value":"include:spf.plat.example","required":false}]}`
	if string(out) != want {
		t.Errorf("plan file\n got %s\nwant %s", out, want)
	}
}

// What answers may be something else than Myodai.
func TestStrangeServers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   int
		says   string
	}{
		{"a web page", 200, "<html>", exitUnavailable, "does not answer like Myodai"},
		{"an error page", 502, "<html>", exitFault, "502"},
		{"a page that is not there", 404, "", exitRefused, "404"},
		{"busy", 503, `{"status":503,"detail":"come back later","request_id":"r1"}`, exitUnavailable, "come back later"},
		{"our own fault", 500, `{"status":500,"detail":"something failed","request_id":"r1"}`, exitFault, "request id r1"},
		{"hostile text", 422, `{"status":422,"detail":"\u001b[2Jgone"}`, exitRefused, "\ufffd[2Jgone"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			_, _ = w.Write([]byte(tt.body))
		}))
		r := command(t.Context(), nil, []string{"MYODAI_KEY=x", "MYODAI_SERVER=" + server.URL}, "tenant", "list")
		server.Close()
		if r.status != tt.want || !strings.Contains(r.err, tt.says) {
			t.Errorf("%s: %d %q, want %d with %q", tt.name, r.status, r.err, tt.want, tt.says)
		}
	}
}
