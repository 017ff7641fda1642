package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The hosts of the name space.
const (
	rootAddress     = "11.22.33.1"  // serves the root and example
	platformAddress = "11.22.33.10" // Myodai: its zone plat.example, and the source of its mail
	receiverAddress = "11.22.33.25" // Postfix with OpenDKIM and OpenDMARC, for receiver.example
	host1Address    = "11.22.33.53" // the tenant's DNS host: NSD, with acme.example
	host2Address    = "11.22.33.54"
	caAddress       = "11.22.33.60" // Pebble, the certificate authority
)

// world is a small Internet of programs that others wrote.
type world struct {
	dir     string
	domains []string  // of tenants: delegated, and the receiver takes mail at their addresses
	nsd     *exec.Cmd // the tenants' DNS host
	mail    string    // Maildir of the receiver

	publishing sync.Mutex
	serial     int // grows with every zone that is published
}

// newWorld starts the root, the DNS host of a tenant with acme.example, a
// recursive resolver and a receiving mail server, all stopped again when the test
// ends.
func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, "acme.example")
}

// newWorldOf is newWorld for tenants with other domains.
func newWorldOf(t *testing.T, domains ...string) *world {
	t.Helper()
	w := emptyWorld(t)
	w.domains = domains
	w.startRoot(t)
	zones := map[string]string{}
	for _, domain := range domains {
		zones[domain] = w.path(domain + ".zone")
		w.publishAt(t, domain, "")
	}
	w.nsd = w.startNSD(t, "host", []string{host1Address, host2Address}, zones)
	w.startUnbound(t)
	w.startReceiver(t)
	return w
}

// emptyWorld is one in which nothing runs yet. When its test fails it shows the
// logs of what ran.
func emptyWorld(t *testing.T) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "myodai-world-")
	check(t, err)
	check(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() {
		if t.Failed() {
			showLogs(t, dir)
		}
		os.RemoveAll(dir)
	})
	return &world{dir: dir, mail: filepath.Join(dir, "mail"), domains: []string{"acme.example"}}
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(t *testing.T, name, content string) string {
	t.Helper()
	path := w.path(name)
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

func (w *world) startRoot(t *testing.T) {
	t.Helper()
	const soa = "SOA ns.root. hostmaster.root. 1 3600 600 86400 1\n"
	root := w.write(t, "root.zone", "$TTL 1\n. "+soa+
		". NS ns.root.\nns.root. A "+rootAddress+"\nexample. NS ns.root.\n")
	delegations := ""
	for _, domain := range w.domains {
		delegations += nameServers(domain)
	}
	example := w.write(t, "example.zone", "$TTL 1\nexample. "+soa+"example. NS ns.root.\n"+delegations+
		"plat.example. NS ns1.plat.example.\nns1.plat.example. A "+platformAddress+"\n"+
		"ca.example. A "+caAddress+"\n"+
		"receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A "+receiverAddress+"\n")
	w.startNSD(t, "root", []string{rootAddress}, map[string]string{".": root, "example": example})
}

// nameServers is a domain's delegation to the tenants' DNS host, with addresses.
func nameServers(domain string) string {
	return fmt.Sprintf("%[1]s. NS ns1.%[1]s.\n%[1]s. NS ns2.%[1]s.\nns1.%[1]s. A %[2]s\nns2.%[1]s. A %[3]s\n", domain, host1Address, host2Address)
}

// publish replaces the zone acme.example: its own two name servers, and what is
// given in zone-file lines.
func (w *world) publish(t *testing.T, records string) {
	t.Helper()
	w.publishAt(t, "acme.example", records)
}

// publishAt is publish for any tenant's domain.
func (w *world) publishAt(t *testing.T, domain, records string) {
	t.Helper()
	w.publishing.Lock()
	w.serial++
	serial := w.serial
	path := w.write(t, domain+".zone", fmt.Sprintf("$TTL 1\n%[1]s. SOA ns1.%[1]s. hostmaster.%[1]s. %[2]d 3600 600 86400 1\n%[3]s%[4]s",
		domain, serial, nameServers(domain), records))
	if w.nsd == nil {
		w.publishing.Unlock()
		return
	}
	// NSD notices a changed file by its time in whole seconds.
	future := time.Now().Add(time.Duration(serial) * time.Second)
	check(t, os.Chtimes(path, future, future))
	check(t, w.nsd.Process.Signal(syscall.SIGHUP))
	w.publishing.Unlock()
	want := strconv.Itoa(serial)
	eventually(t, 10*time.Second, "NSD serves serial "+want, func() bool {
		return strings.Contains(dig(host1Address, domain, "SOA"), " "+want+" ") &&
			strings.Contains(dig(host2Address, domain, "SOA"), " "+want+" ")
	})
	<-time.After(3 * time.Second) // caches hold every record for a second, and round up
}

func (w *world) startNSD(t *testing.T, name string, addresses []string, zones map[string]string) *exec.Cmd {
	t.Helper()
	var conf strings.Builder
	dir := w.path("nsd-" + name)
	check(t, os.MkdirAll(dir, 0o755))
	fmt.Fprintf(&conf, "server:\n  username: \"\"\n  chroot: \"\"\n  pidfile: \"\"\n  database: \"\"\n  zonelistfile: %q\n  xfrdfile: \"\"\n  xfrdir: %q\n  zonesdir: %q\n  rrl-ratelimit: 0\n",
		filepath.Join(dir, "zone.list"), dir, dir)
	for _, a := range addresses {
		fmt.Fprintf(&conf, "  ip-address: %s\n", a)
	}
	fmt.Fprint(&conf, "remote-control:\n  control-enable: no\n")
	for zone, file := range zones {
		fmt.Fprintf(&conf, "zone:\n  name: %q\n  zonefile: %q\n", zone, file)
	}
	path := w.write(t, "nsd-"+name+"/nsd.conf", conf.String())
	cmd := w.start(t, "nsd-"+name, find("nsd"), "-d", "-c", path)
	for _, a := range addresses {
		waitTCP(t, a+":53")
	}
	return cmd
}

func (w *world) startUnbound(t *testing.T) {
	t.Helper()
	hints := w.write(t, "root.hints", ". NS ns.root.\nns.root. A "+rootAddress+"\n")
	conf := w.write(t, "unbound.conf", `server:
  username: ""
  chroot: ""
  pidfile: ""
  directory: "`+w.dir+`"
  use-syslog: no
  interface: 127.0.0.1
  do-not-query-localhost: no
  do-ip6: no
  root-hints: "`+hints+`"
  module-config: "iterator"
  cache-max-ttl: 1
  cache-max-negative-ttl: 1
  infra-host-ttl: 1
  qname-minimisation: no
remote-control:
  control-enable: no
`)
	w.start(t, "unbound", find("unbound"), "-d", "-d", "-p", "-c", conf)
	waitTCP(t, "127.0.0.1:53")
}

// startReceiver starts Postfix for receiver.example. OpenDKIM and OpenDMARC add
// their Authentication-Results to what it takes in; nothing is refused, so that
// the tests see the verdict on everything.
func (w *world) startReceiver(t *testing.T) {
	t.Helper()
	opendkim := w.write(t, "opendkim.conf", `Mode v
Socket inet:8891@127.0.0.1
AuthservID mx.receiver.example
AlwaysAddARHeader yes
Nameservers 127.0.0.1
Syslog no
Background no
`)
	w.start(t, "opendkim", find("opendkim"), "-f", "-x", opendkim)
	ignore := w.write(t, "ignore.hosts", "192.0.2.254\n")
	opendmarc := w.write(t, "opendmarc.conf", `Socket inet:8893@127.0.0.1
AuthservID mx.receiver.example
TrustedAuthservIDs mx.receiver.example
IgnoreHosts `+ignore+`
PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat
SPFIgnoreResults true
SPFSelfValidate true
RejectFailures false
Syslog false
Background false
`)
	filter := w.start(t, "opendmarc", find("opendmarc"), "-f", "-c", opendmarc)
	t.Cleanup(func() { _ = filter.Process.Kill() }) // it does not end by itself
	waitTCP(t, "127.0.0.1:8891")
	waitTCP(t, "127.0.0.1:8893")
	w.startPostfix(t)
}

func (w *world) startPostfix(t *testing.T) {
	t.Helper()
	owner, err := user.Lookup("postfix")
	check(t, err)
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	check(t, os.MkdirAll(w.mail, 0o755))
	check(t, os.Chown(w.mail, uid, gid))
	w.runPostfix(t, "postfix", receiverAddress+":25", `myhostname = mx.receiver.example
mydestination =
mynetworks = 127.0.0.2/32
virtual_mailbox_domains = receiver.example `+strings.Join(w.domains, " ")+`
virtual_mailbox_base = `+w.mail+`
virtual_mailbox_maps = static:all/
transport_maps = inline:{gone@receiver.example=nobody:}
virtual_uid_maps = static:`+owner.Uid+`
virtual_gid_maps = static:`+owner.Gid+`
virtual_minimum_uid = 1
smtpd_milters = inet:127.0.0.1:8891, inet:127.0.0.1:8893
milter_default_action = tempfail
smtpd_recipient_restrictions = check_recipient_access inline:{refused@receiver.example=REJECT}, reject_unauth_destination
`)
}

// received waits for a mail whose text contains mark and returns it.
func (w *world) received(t *testing.T, mark string) *mail.Message {
	t.Helper()
	var raw []byte
	eventually(t, 30*time.Second, "Postfix delivers the mail with "+mark, func() bool {
		raw = w.find(mark)
		return raw != nil
	})
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	check(t, err)
	return m
}

// find returns the delivered mail that contains mark; nil for none.
func (w *world) find(mark string) []byte {
	return w.search(func(raw []byte) bool { return bytes.Contains(raw, []byte(mark)) })
}

// search returns the first delivered mail that is wanted; nil for none.
func (w *world) search(wanted func([]byte) bool) []byte {
	var found []byte
	_ = filepath.WalkDir(w.mail, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(filepath.Dir(path)) != "new" {
			return nil
		}
		if raw, err := os.ReadFile(path); err == nil && wanted(raw) {
			found = raw
			return fs.SkipAll
		}
		return nil
	})
	return found
}

// start runs a program until the test ends, its output in NAME.log.
func (w *world) start(t *testing.T, name, program string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(program, args...)
	w.run(t, name, cmd)
	return cmd
}

// run is start for a command that has been prepared.
func (w *world) run(t *testing.T, name string, cmd *exec.Cmd) {
	t.Helper()
	log, err := os.OpenFile(w.path(name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	check(t, err)
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	check(t, cmd.Start())
	t.Cleanup(func() { stop(cmd) })
}

// stop asks a program to end, and makes it when it does not.
func stop(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		<-ended
	}
}

func dig(server, name, qtype string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	out, _ := exec.CommandContext(ctx, "dig", "+norecurse", "+noall", "+answer", "+time=1", "+tries=1", "@"+server, name, qtype).CombinedOutput()
	return strings.Join(strings.Fields(string(out)), " ") + " "
}

func waitTCP(t *testing.T, address string) {
	t.Helper()
	eventually(t, 20*time.Second, "something listens on "+address, func() bool {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false
		}
		_ = c.Close()
		return true
	})
}

// eventually waits until done, looking twenty times a second.
func eventually(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); ; <-tick.C {
		if done() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain: %s", limit, what)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// showLogs prints the end of every log, to say why a test failed.
func showLogs(t *testing.T, dir string) {
	logs, _ := filepath.Glob(filepath.Join(dir, "*.log"))
	for _, path := range logs {
		text, err := os.ReadFile(path)
		if err != nil || len(text) == 0 {
			continue
		}
		if len(text) > 4000 {
			text = text[len(text)-4000:]
		}
		t.Logf("%s:\n%s", filepath.Base(path), text)
	}
}
