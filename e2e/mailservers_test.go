package e2e

import (
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// mailServer is a receiver that others wrote. It keeps nothing but its log.
type mailServer struct {
	name, address string
	log           string         // its path
	taken         *regexp.Regexp // a line of the log about a message it took
}

// startMailServers starts Postfix, Exim and OpenSMTPD, which take any mail and
// throw it away or leave it lying.
func (w *world) startMailServers(t *testing.T) []mailServer {
	t.Helper()
	unpacked, err := filepath.Abs("../build/mail-servers/usr/sbin")
	check(t, err)
	if _, err := os.Stat(filepath.Join(unpacked, "smtpd")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("Exim and OpenSMTPD are missing; run scripts/mail-servers")
		}
		t.Skip("needs Exim and OpenSMTPD; run scripts/mail-servers")
	}
	w.withUsers(t, "Debian-exim", "opensmtpd", "opensmtpq")
	list := []mailServer{
		{"Postfix", "127.0.0.1:2501", w.path("discard.log"), regexp.MustCompile(`(?m)postfix/cleanup.* message-id=`)},
		{"Exim", "127.0.0.1:2502", w.path("exim/mainlog"), regexp.MustCompile(`(?m)^\S+ \S+ \S+ <= `)},
		{"OpenSMTPD", "127.0.0.1:2503", w.path("opensmtpd.log"), regexp.MustCompile(`(?m) smtp message `)},
	}
	for _, d := range []string{"discard-queue", "exim/spool"} { // in memory: nobody minds if these are lost
		check(t, os.MkdirAll(w.path(d), 0o755))
		mountMemory(t, w.path(d))
	}
	w.runPostfix(t, "discard", list[0].address, "mynetworks = 127.0.0.0/8\ndefault_transport = discard\nmydestination =\n")
	w.startExim(t, filepath.Join(unpacked, "exim4"))
	w.startOpenSMTPD(t, filepath.Join(unpacked, "smtpd"))
	for _, s := range list {
		waitTCP(t, s.address)
	}
	return list
}

func (w *world) startExim(t *testing.T, program string) {
	t.Helper()
	conf := w.write(t, "exim/exim.conf", `exim_path = `+program+`
spool_directory = `+w.path("exim/spool")+`
log_file_path = `+w.path("exim")+`/%slog
keep_environment =
daemon_smtp_ports = 2502
local_interfaces = 127.0.0.1
primary_hostname = exim.example
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
acl_smtp_rcpt = accept
acl_smtp_data = accept
queue_only = true
begin routers
all:
  driver = manualroute
  route_list = * 127.0.0.1
  transport = nowhere
begin transports
nowhere:
  driver = smtp
`)
	w.give(t, "Debian-exim", "exim", "exim/spool")
	w.start(t, "exim-daemon", program, "-C", conf, "-bdf")
}

// startOpenSMTPD runs OpenSMTPD, whose paths are built in, in directories of its
// own.
func (w *world) startOpenSMTPD(t *testing.T, program string) {
	t.Helper()
	for _, d := range []string{"/run", "/var/lib", "/var/spool"} {
		mountMemory(t, d)
	}
	const spool = "/var/spool/smtpd"
	check(t, os.MkdirAll("/var/lib/opensmtpd/empty", 0o755))
	check(t, os.MkdirAll(spool, 0o711))
	for _, d := range []string{"corrupt", "incoming", "purge", "queue", "temporary", "offline"} {
		check(t, os.Mkdir(filepath.Join(spool, d), 0o700))
		w.give(t, "opensmtpq", filepath.Join(spool, d))
		check(t, os.Chown(filepath.Join(spool, d), -1, 0))
	}
	w.give(t, "opensmtpq", filepath.Join(spool, "offline"))
	check(t, os.Chown(filepath.Join(spool, "offline"), 0, -1))
	check(t, os.Chmod(filepath.Join(spool, "offline"), 0o770)) // #nosec G302 -- OpenSMTPD insists on it
	conf := w.write(t, "opensmtpd.conf", `smtp max-message-size 30M
listen on 127.0.0.1 port 2503
action "nowhere" relay
match from any for any action "nowhere"
`)
	w.start(t, "opensmtpd", program, "-d", "-P", "mta", "-f", conf)
}

// mountMemory puts an empty file system in memory at a directory until the test
// ends.
func mountMemory(t *testing.T, dir string) {
	t.Helper()
	check(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"))
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// withUsers has more system users until the test ends.
func (w *world) withUsers(t *testing.T, names ...string) {
	t.Helper()
	for file, rest := range map[string]string{"/etc/passwd": "::/nonexistent:/usr/sbin/nologin\n", "/etc/group": "\n"} {
		raw, err := os.ReadFile(file)
		check(t, err)
		text := string(raw)
		for i, name := range names {
			if id := strconv.Itoa(64_000 + i); file == "/etc/passwd" {
				text += name + ":x:" + id + ":" + id + rest
			} else {
				text += name + ":x:" + id + ":" + rest
			}
		}
		check(t, syscall.Mount(w.write(t, filepath.Base(file), text), file, "", syscall.MS_BIND, ""))
		t.Cleanup(func() { _ = syscall.Unmount(file, syscall.MNT_DETACH) })
	}
}

// give makes a system user the owner of files, which are in the world unless
// they begin with a slash.
func (w *world) give(t *testing.T, name string, files ...string) {
	t.Helper()
	owner, err := user.Lookup(name)
	check(t, err)
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	for _, file := range files {
		if !strings.HasPrefix(file, "/") {
			file = w.path(file)
		}
		check(t, os.Chown(file, uid, gid))
	}
}

// count is how many messages the server says it has taken.
func (s mailServer) count(t *testing.T) int {
	t.Helper()
	raw, err := os.ReadFile(s.log)
	check(t, err)
	return len(s.taken.FindAllIndex(raw, -1))
}

// mentions reports whether the log has the text in it.
func (s mailServer) mentions(t *testing.T, text string) bool {
	t.Helper()
	raw, err := os.ReadFile(s.log)
	check(t, err)
	return strings.Contains(string(raw), text)
}
