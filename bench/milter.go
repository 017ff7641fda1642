package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// milter is what signs for Postfix, at the socket milter.sock in its directory
// with the key beside it. The zero value is none.
type milter struct {
	name string
	conf func(dir string) string
	args func(conf string) []string
}

var (
	opendkim = milter{"opendkim", opendkimConf, func(conf string) []string { return []string{"-f", "-x", conf} }}
	rspamd   = milter{"rspamd", rspamdConf, func(conf string) []string { return []string{"-f", "-i", "-c", conf} }}
)

// filter is a milter that runs, or none.
type filter struct {
	cmd       *exec.Cmd
	processes []int
}

func (m milter) start(dir string) (f filter, err error) {
	if m.name == "" {
		return f, nil
	}
	conf := filepath.Join(dir, m.name+".conf")
	if err := os.WriteFile(conf, []byte(m.conf(dir)), 0o600); err != nil {
		return f, err
	}
	// The whole list of suffixes takes Rspamd half a minute to read, and no URL is
	// looked at here.
	if err := os.WriteFile(filepath.Join(dir, "tlds"), []byte("com\nexample\n"), 0o600); err != nil {
		return f, err
	}
	if f.cmd, err = begin(filepath.Join(dir, m.name+".log"), nil, find(m.name), m.args(conf)...); err != nil {
		return f, err
	}
	f.processes = []int{f.cmd.Process.Pid}
	socket := filepath.Join(dir, "milter.sock")
	if err := eventually(m.name+" listens", func() bool { return os.Chmod(socket, 0o666) == nil }); err != nil { // #nosec G302 -- Postfix is another user
		f.end()
		return f, err
	}
	return f, nil
}

func (f filter) end() {
	if f.cmd != nil {
		end(f.cmd)
	}
}

func opendkimConf(dir string) string {
	return fmt.Sprintf(`Mode s
Domain acme.example
Selector s1
KeyFile %[1]s/key.pem
Canonicalization relaxed/relaxed
Socket local:%[1]s/milter.sock
UMask 000
InternalHosts 0.0.0.0/0
RequireSafeKeys no
Syslog no
Background no
`, dir)
}

// rspamdConf is Rspamd that does nothing but sign, with a worker per processor
// as its own documentation has it.
func rspamdConf(dir string) string {
	return fmt.Sprintf(`options {
  pidfile = "%[1]s/rspamd.pid";
  filters = "dkim";
  url_tld = "%[1]s/tlds";
  control_socket = "%[1]s/control.sock mode=0600";
  dns { nameserver = "127.0.0.1:1"; timeout = 0.1s; retransmits = 0; }
}
logging { type = "console"; level = "error"; }
lua = "/dev/null";
modules { path = "/usr/share/rspamd/plugins/dkim_signing.lua"; }
actions { reject = 1000; add_header = 900; greylist = 800; }
worker "rspamd_proxy" {
  bind_socket = "%[1]s/milter.sock mode=0666";
  milter = yes;
  timeout = 120s;
  count = 2;
  upstream "local" { default = yes; self_scan = yes; }
}
dkim_signing {
  enabled = true;
  sign_local = true;
  use_esld = false;
  use_domain = "header";
  allow_username_mismatch = true;
  domain { acme.example { path = "%[1]s/key.pem"; selector = "s1"; } }
}
`, dir)
}
