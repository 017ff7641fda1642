package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is a PostgreSQL server of a test's own, which can be stopped and killed.
type server struct {
	bin  string
	dir  string // of its socket and log
	data string
}

// newServer makes and starts one; it skips where there is no PostgreSQL.
func newServer(t *testing.T) *server {
	t.Helper()
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(bins) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no PostgreSQL server to take away")
		}
		t.Skip("there is no PostgreSQL server to take away")
	}
	dir, err := os.MkdirTemp("", "myodai-postgres-")
	check(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &server{bin: slices.Max(bins), dir: dir, data: dir + "/data"}
	check(t, run("chown", "postgres", s.dir))
	check(t, s.as("initdb", "-D", s.data, "-U", "myodai", "-A", "trust", "-E", "UTF8", "--locale=C"))
	s.start(t)
	t.Cleanup(func() { _ = s.stop("immediate") })
	return s
}

func (s *server) url() string { return "postgres://myodai@/postgres?host=" + s.dir }

// as runs a program of PostgreSQL as its user.
func (s *server) as(program string, args ...string) error {
	return run("runuser", append([]string{"-u", "postgres", "--", filepath.Join(s.bin, program)}, args...)...)
}

// start starts the server, as soon as what is left of its last run allows that.
func (s *server) start(t *testing.T) {
	t.Helper()
	defer func() {
		if log, err := os.ReadFile(s.dir + "/log"); err == nil && t.Failed() {
			t.Logf("PostgreSQL: %s", log)
		}
	}()
	eventually(t, 20*time.Second, "PostgreSQL starts", func() bool {
		return s.as("pg_ctl", "-D", s.data, "-w", "-l", s.dir+"/log", "-o", "-c listen_addresses='' -k "+s.dir, "start") == nil
	})
}

func (s *server) stop(mode string) error {
	return s.as("pg_ctl", "-D", s.data, "-m", mode, "-w", "stop")
}

// postmaster is the process id of the server.
func (s *server) postmaster(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(s.data + "/postmaster.pid")
	check(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	check(t, err)
	return pid
}

// backend is the process id of one of the server's that works for a client.
func (s *server) backend(t *testing.T) int {
	t.Helper()
	pid, err := strconv.Atoi(psql(t, s.url(), "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() limit 1"))
	check(t, err)
	return pid
}

// TestPostgres takes one service to a PostgreSQL server that goes away, and lets it
// die itself (P01) while the server is well.
func TestPostgres(t *testing.T) {
	s := newServer(t)
	r := newRig(t, s.url())
	if !t.Run("away", func(t *testing.T) { r.databaseAway(t, s) }) {
		return
	}
	stop(r.cmd)
	r.forget()
	if !t.Run("full", func(t *testing.T) { r.databaseFull(t, s) }) {
		return
	}
	s.start(t)
	r.forget()
	if !t.Run("dies at named points", func(t *testing.T) { r.diesEverywhere(t, onPostgres()) }) {
		return
	}
	stop(r.cmd)
	t.Run("loses power", func(t *testing.T) { r.losesPower(t, s) })
}

// losesPower is P02 on PostgreSQL: the plug of the disk that the database is on is
// pulled, and the database that is left on it starts and has what was answered for.
func (r *rig) losesPower(t *testing.T, s *server) {
	d := newDisk(t, r.w)
	check(t, s.stop("fast"))
	defer func() { _ = s.stop("immediate") }() // before the disk goes
	check(t, run("cp", "-a", s.data, d.live))
	check(t, run("sync", "-f", d.live))
	s.data = filepath.Join(d.live, "data")
	s.start(t)
	r.forget()
	dir, err := os.MkdirTemp("", "myodai-postgres-")
	check(t, err)
	defer func() { _ = os.RemoveAll(dir) }()
	check(t, run("chown", "postgres", dir))
	dead := &server{bin: s.bin, dir: dir, data: filepath.Join(d.dead, "data")}
	lost, pulled := 0, often(3, 60)
	r.underLoad(t, nil, func() {
		for range pulled {
			<-time.After(300 * time.Millisecond)
			lost += len(r.lostIn(t, d, func() map[string]bool { return dead.kept(t) }))
		}
	})
	t.Logf("%d snapshots, %d messages accepted, %d missing", pulled, r.figures()["mail"], lost)
	if lost > 0 || r.figures()["mail"] < pulled {
		t.Errorf("%d messages that were answered for are not on the disk, of %d", lost, r.figures()["mail"])
	}
}

// kept starts a server on what is left of another's data, and lists the messages in
// it that have their body and a delivery.
func (s *server) kept(t *testing.T) map[string]bool {
	t.Helper()
	check(t, os.Remove(filepath.Join(s.data, "postmaster.pid"))) // that one runs
	s.start(t)
	defer func() { check(t, s.stop("immediate")) }()
	kept := map[string]bool{}
	for _, id := range strings.Fields(psql(t, s.url(), whole)) {
		kept[id] = true
	}
	return kept
}

// hang has every process of the server stand still for so long.
func (s *server) hang(t *testing.T, length time.Duration) {
	t.Helper()
	first := s.postmaster(t)
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", first, first))
	check(t, err)
	all := append(strings.Fields(string(children)), strconv.Itoa(first))
	signal := func(sig syscall.Signal) {
		for _, text := range all {
			pid, err := strconv.Atoi(text)
			check(t, err)
			_ = syscall.Kill(pid, sig) // it may have ended
		}
	}
	signal(syscall.SIGSTOP)
	<-time.After(length)
	signal(syscall.SIGCONT)
}

// databaseAway is P03 and P07: under load the database is stopped, killed, made to
// recover from the crash of one of its processes, and stands still for a while. Mail
// is refused for now; with the database back everything goes on by itself, in the
// same process.
func (r *rig) databaseAway(t *testing.T, s *server) {
	ended := make(chan struct{})
	load := r.acts(ended)
	for _, tt := range []struct {
		name   string
		away   func()
		passes bool // by itself; else until it is started again
	}{
		{"stopped", func() { check(t, s.stop("fast")) }, false},
		{"killed", func() { check(t, syscall.Kill(s.postmaster(t), syscall.SIGKILL)) }, false},
		{"one process killed", func() { check(t, syscall.Kill(s.backend(t), syscall.SIGKILL)) }, true},
		{"hung", func() { s.hang(t, 3*time.Second) }, true},
	} {
		<-time.After(time.Second)
		tt.away()
		if !tt.passes {
			eventually(t, 10*time.Second, tt.name+": mail is refused for now", func() bool { return r.status(0) == http.StatusServiceUnavailable })
			err := r.submit(r.tenant, "", "y@receiver.example", "From: sales@acme.example\r\n\r\nHello\r\n")
			if err == nil || !strings.HasPrefix(err.Error(), "4") {
				t.Errorf("%s: a submission is answered %v, want a refusal for now", tt.name, err)
			}
			s.start(t)
		}
		back := time.Now()
		eventually(t, 10*time.Second, tt.name+": mail is taken again", func() bool { return r.status(0) == http.StatusAccepted })
		arrived := r.taken()
		eventually(t, 10*time.Second, tt.name+": mail arrives again", func() bool { return r.taken() > arrived })
		t.Logf("%s: mail arrives %s after the database is back", tt.name, time.Since(back).Round(time.Millisecond))
	}
	close(ended)
	load.Wait()
	r.settles(t, 30*time.Second)
	t.Logf("answered for: %v; answers: %v", r.figures(), r.answers)
	if n := r.answers[http.StatusInternalServerError]; n > 0 {
		t.Errorf("%d requests were answered as if it could not be sat out", n)
	}
}
