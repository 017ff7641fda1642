package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/console"
)

// good is the least one has to say.
var good = map[string]string{"zone": "plat.example", "addresses": "203.0.113.10"}

func with(more ...string) map[string]string {
	flags := map[string]string{}
	for key, text := range good {
		flags[key] = text
	}
	for i := 0; i < len(more); i += 2 {
		flags[more[i]] = more[i+1]
	}
	return flags
}

func TestDefaults(t *testing.T) {
	c, from, err := loadConfig("", nil, with())
	if err != nil || c.validate() != nil {
		t.Fatal(err, c.validate())
	}
	if c.Hostname != "mail.plat.example" || !slices.Equal(c.NameServers, []myodai.Name{"ns1.plat.example"}) ||
		c.Database != "myodai-data/myodai.db" || c.KeyFile != "myodai-data/master.key" || c.BaseURL != "http://127.0.0.1:8025" {
		t.Errorf("config = %+v", c)
	}
	if from["zone"] != fromFlags || from["data"] != "" {
		t.Errorf("sources = %v", from)
	}
	if open := c.exposed(); len(open) != 0 {
		t.Errorf("by default %v can be reached from elsewhere (T79)", open)
	}
}

// Later sources win: defaults, file, environment, flags.
func TestSources(t *testing.T) {
	file := filepath.Join(t.TempDir(), "myodai.yaml")
	text := `
zone: file.example
addresses: [203.0.113.1, "2001:db8::1"]
hostname: file.plat.example
contact: file.example.org
ed25519: true
smtp_port: 2525
listen_mx:
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{
		"MYODAI_ZONE=environment.example", "MYODAI_HOSTNAME=environment.plat.example", "MYODAI_LISTEN_DNS=",
		"MYODAI_PORT_25_TCP=tcp://10.0.0.1:25", "MYODAI_KEY=myo_secret", "HOME=/root", "broken",
	}
	c, from, err := loadConfig(file, environ, map[string]string{"zone": "flag.example"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		key, want string
		from      source
	}{
		{"zone", "flag.example", fromFlags},
		{"hostname", "environment.plat.example", fromEnvironment},
		{"contact", "file.example.org", fromFile},
		{"addresses", "203.0.113.1,2001:db8::1", fromFile},
		{"ed25519", "true", fromFile},
		{"smtp_port", "2525", fromFile},
		{"listen_mx", "", fromFile},
		{"listen_dns", "", fromEnvironment},
		{"listen_api", "127.0.0.1:8025", ""},
	} {
		for _, s := range c.settings() {
			if s.key == tt.key && (s.write() != tt.want || from[tt.key] != tt.from) {
				t.Errorf("%s = %q from %q, want %q from %q", tt.key, s.write(), from[tt.key], tt.want, tt.from)
			}
		}
	}
}

// What is written can be read again, for every setting.
func TestSettingsSurviveWriting(t *testing.T) {
	full := map[string]string{
		"data": "/var/lib/myodai", "database": "postgres://u:p@db/x", "key_file": "/etc/key", "roles": "api,smtpd", "zone": "plat.example",
		"hostname": "mx.plat.example", "addresses": "203.0.113.1,2001:db8::1", "name_servers": "ns1.plat.example,ns2.plat.example",
		"contact": "dns.plat.example", "default_shape": "txt", "ed25519": "true", "cosign": "both", "service_name": "Plat", "notify_from": "hello@plat.example",
		"listen_api":        "127.0.0.1:1",
		"listen_submission": ":2", "listen_submissions": ":3", "listen_mx": "[::1]:4,127.0.0.1:4", "listen_dns": ":5",
		"listen_metrics": "", "listen_track": ":6", "listen_track_tls": "", "track_host": "go.plat.example", "tls_cert": "a", "tls_key": "b", "base_url": "https://api.example.com", "root_hints": "127.0.0.1:53,::1",
		"dns_port": "5353", "resolvers": "127.0.0.53", "recursives": "192.0.2.53,192.0.2.54:5353", "acme_ca_domains": "ca.example,other-ca.example", "rdap": "https://rdap.example.com/", "smtp_port": "2525", "smarthost": "user:p%40ss@relay.example:587", "routes": "bulk=u:p%2Cw@bulk.example,normal=old.example:25",
		"acme_directory": "https://ca.example/directory", "connect_provider": "plat.example", "connect_service": "mail", "connect_redirects": "app.plat.example", "acme_contact": "ca@plat.example", "acme_profile": "short", "acme_roots": "roots.pem",
		"acme_eab_key_id": "k1", "acme_eab_key": "c2VjcmV0", "tracking_step_time": "48h0m0s",
		"allow_egress": "10.0.0.0/8", "webhook_insecure": "true", "shaping": "/etc/shaping.yaml", "trusted_proxies": "10.0.0.0/8", "egress_map": "192.0.2.1:25=127.0.0.1:2525", "log_format": "json", "log_level": "debug",
	}
	first, _, err := loadConfig("", nil, full)
	if err != nil {
		t.Fatal(err)
	}
	settings := first.settings()
	if len(settings) != len(full) {
		t.Errorf("%d settings, and this test knows %d", len(settings), len(full))
	}
	for _, s := range settings {
		if s.write() != full[s.key] {
			t.Errorf("%s: read %q, wrote %q", s.key, full[s.key], s.write())
		}
	}
	if first.Smarthost.Password != "p@ss" || first.Smarthost.Port != 587 {
		t.Errorf("smarthost = %+v", first.Smarthost)
	}
}

// An empty list of public resolvers is the default; nobody has a word.
func TestRecursives(t *testing.T) {
	for text, want := range map[string][]string{"": nil, "none": {}, "192.0.2.53": {"192.0.2.53"}} {
		c, _, err := loadConfig("", []string{"MYODAI_RECURSIVES=" + text}, nil)
		if got := c.recursives(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %#v, %v; want %#v", text, got, err, want)
		}
	}
}

// Everything that is wrong is said before anything starts, all at once, in
// sentences that name the setting.
func TestWrongSettings(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flags map[string]string
		says  []string
	}{
		{"nothing at all", map[string]string{}, []string{"zone: say which zone", "addresses: give the public IP addresses"}},
		{"a zone that is no name", with("zone", "a b"), []string{`zone (flag): "a b" is not a valid domain name`}},
		{"a zone of one label", with("zone", "plat"), []string{"single label"}},
		{"an address that is none", with("addresses", "203.0.113.256"), []string{"addresses (flag)"}},
		{"an unspecified address", with("addresses", "0.0.0.0"), []string{"not the address of one machine"}},
		{"the zone as its own name server", with("name_servers", "plat.example"), []string{"a name of its own, such as ns1.plat.example"}},
		{"a shape there is not", with("default_shape", "mx"), []string{"it is cname or txt"}},
		{"a boolean that is none", with("ed25519", "maybe"), []string{"ed25519 (flag)"}},
		{"a port alone", with("listen_api", "8025"), []string{"write it as 127.0.0.1:8025"}},
		{"a port past the last", with("listen_api", ":65536"), []string{"no place to listen"}},
		{"two doors at one place", with("listen_mx", ":2525", "listen_submission", ":2525"), []string{"listen_mx: :2525 is also in listen_submission"}},
		{"a certificate without its key", with("tls_cert", "cert.pem"), []string{"tls_cert and tls_key together"}},
		{"a certificate authority without encryption (T57)", with("acme_directory", "http://ca.example/directory"), []string{"only HTTPS"}},
		{"half of an external account binding", with("acme_eab_key_id", "k1"), []string{"acme_eab_key_id and acme_eab_key together"}},
		{"a binding key that is none", with("acme_eab_key_id", "k1", "acme_eab_key", "hunter2+"), []string{"base64url"}},
		{"a step that takes no time", with("tracking_step_time", "0s"), []string{"such as 72h"}},
		{"a base URL without a scheme", with("base_url", "api.example.com"), []string{"https://api.example.com"}},
		{"a base URL of another scheme", with("base_url", "ftp://api.example.com"), []string{"base_url"}},
		{"registrations asked of no address", with("rdap", "rdap.example.com"), []string{"https://rdap.example.com/, or none"}},
		{"a root hint by name", with("root_hints", "a.root-servers.net"), []string{"not an IP address"}},
		{"port zero", with("dns_port", "0"), []string{"ports are 1 to 65535"}},
		{"a smarthost with a path", with("smarthost", "relay.example/x"), []string{"user:password@host:port"}},
		{"a route without a name", with("routes", "relay.example"), []string{"name=host:port"}},
		{"a route twice", with("routes", "a=b.example,a=c.example"), []string{"named twice"}},
		{"a smarthost with a wrong port", with("smarthost", "u:hunter2@relay.example:x"), []string{"user:password@host:port"}},
		{"a prefix that is none", with("allow_egress", "10.0.0.1"), []string{"allow_egress"}},
		{"an id that is none", with("connect_provider", "a/b"), []string{"not an id"}},
		{"half a map", with("egress_map", "192.0.2.1:25"), []string{"ip:port=ip:port"}},
		{"a format there is not", with("log_format", "xml"), []string{"text and json"}},
		{"a level there is not", with("log_level", "loud"), []string{"log_level"}},
		{"a setting there is not", with("listen", ":25"), []string{"listen: there is no such setting"}},
		{"two mistakes", with("dns_port", "x", "log_format", "y"), []string{"dns_port", "log_format"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _, err := loadConfig("", nil, tt.flags)
			if err == nil {
				if err = c.validate(); err != nil {
					err = usageError{err}
				}
			}
			if exitStatus(err) != exitUsage {
				t.Fatalf("err = %v with status %d, want %d", err, exitStatus(err), exitUsage)
			}
			for _, want := range tt.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q shows a password", err)
			}
		})
	}
}

func TestWrongFile(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a setting there is not": "zone: plat.example\nzoen: x\n",
		"nested":                 "listen:\n  api: :8025\n",
		"not YAML":               "zone: [",
	} {
		file := filepath.Join(dir, "x.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := loadConfig(file, nil, nil); exitStatus(err) != exitUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := loadConfig(filepath.Join(dir, "missing.yaml"), nil, nil); exitStatus(err) != exitUsage {
		t.Errorf("no file: %v", err)
	}
}

func TestSecretsAreMasked(t *testing.T) {
	for _, tt := range []struct{ key, text, want string }{
		{"database", "postgres://myodai:hunter2@db/x", "postgres://myodai:***@db/x"},
		{"database", "postgres://myodai:hunt@er2@db/x", "postgres://myodai:***@db/x"},
		{"database", "postgres://db/x?user=a&password=hunter2&sslmode=disable", "postgres://db/x?user=a&password=***&sslmode=disable"},
		{"database", "/var/lib/myodai.db", "/var/lib/myodai.db"},
		{"smarthost", "user:hunter2@relay.example:587", "user:***@relay.example:587"},
		{"smarthost", "relay.example", "relay.example"},
		{"acme_eab_key", "aHVudGVyMg", "***"},
		{"routes", "bulk=u:hunter2@bulk.example,normal=old.example:25", "bulk=u:***@bulk.example,normal=old.example:25"},
	} {
		c, _, err := loadConfig("", nil, map[string]string{tt.key: tt.text})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c.settings() {
			if s.key == tt.key && s.masked() != tt.want {
				t.Errorf("%s %s is shown as %s, want %s", tt.key, tt.text, s.masked(), tt.want)
			}
		}
	}
}

func TestExposedDoors(t *testing.T) {
	for listen, want := range map[string]int{
		"127.0.0.1:1": 0, "[::1]:1": 0, "localhost:1": 0, ":1": 1, "0.0.0.0:1": 1, "203.0.113.1:1": 1, "myhost:1": 1,
	} {
		c, _, err := loadConfig("", nil, with("listen_api", listen))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.exposed(); len(got) != want {
			t.Errorf("%s: exposed %v, want %d", listen, got, want)
		}
	}
}

// What the console explains are settings that there are.
func TestSettingsShownExist(t *testing.T) {
	c, _, err := loadConfig("", nil, with("acme_eab_key", "c2VjcmV0", "routes", "normal=user:secret@mail.example"))
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]console.Setting{}
	for _, s := range c.shown() {
		shown[s.Key] = s
		if strings.Contains(s.Value, "secret") || strings.Contains(s.Value, "c2VjcmV0") {
			t.Errorf("%s shows %s", s.Key, s.Value)
		}
	}
	for _, section := range console.SettingSections {
		for _, key := range section.Keys {
			if shown[key].Key == "" {
				t.Errorf("there is no setting %s", key)
			}
		}
	}
	if s := shown["zone"]; s.Source != string(fromFlags) || s.Value == "" {
		t.Errorf("the zone is %+v", s)
	}
}
