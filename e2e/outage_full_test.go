package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// databaseFull is P03 and P08 on PostgreSQL: under load the disk of its tables is
// full, and then that of its log, on which it dies and recovers, or ends where there
// is no room to recover in. Mail is refused for now, by the replies of a full disk
// where the database says so. With room again, and a database, everything goes on by
// itself, in the same process.
func (r *rig) databaseFull(t *testing.T, s *server) {
	check(t, s.stop("fast"))
	sound := s.data
	tables, log := s.moveToSmall(t)
	defer func() { s.data = sound }()
	s.start(t)
	defer func() { _ = s.stop("immediate") }() // before its disks go
	r.begin(t)
	defer func() { stop(r.cmd) }() // before the database
	ended := make(chan struct{})
	load := r.acts(ended)
	for _, tt := range []struct {
		name   string
		disk   string
		answer int
		reply  string
	}{
		{"tables", tables, http.StatusInsufficientStorage, `452 "4.3.1 `},
		{"log", log, http.StatusServiceUnavailable, "4"},
	} {
		<-time.After(500 * time.Millisecond)
		ballast := filepath.Join(tt.disk, "ballast")
		fill(t, ballast)
		eventually(t, 20*time.Second, tt.name+": mail is refused for now", func() bool { return r.status(500_000) == tt.answer })
		large := "From: sales@acme.example\r\n\r\n" + strings.Repeat("Hello\r\n", 100_000)
		if err := r.submit(r.tenant, "", "y@receiver.example", large); err == nil || !strings.HasPrefix(err.Error(), tt.reply) {
			t.Errorf("%s: a submission is answered %v, want %s", tt.name, err, tt.reply)
		}
		<-time.After(time.Second)
		check(t, os.Remove(ballast))
		room := time.Now()
		if !s.runs() {
			t.Logf("%s: the database had ended", tt.name)
			s.start(t)
		}
		eventually(t, 10*time.Second, tt.name+": mail is taken again", func() bool { return r.status(0) == http.StatusAccepted })
		arrived := r.taken()
		eventually(t, 10*time.Second, tt.name+": mail arrives again", func() bool { return r.taken() > arrived })
		t.Logf("%s: mail arrives %s after there is room", tt.name, time.Since(room).Round(time.Millisecond))
	}
	close(ended)
	load.Wait()
	r.settles(t, 30*time.Second)
	t.Logf("answered for: %v; answers: %v; %d mails arrived twice", r.figures(), r.answers, r.twice())
	if said, err := os.ReadFile(s.dir + "/log"); err != nil || !strings.Contains(string(said), "PANIC:  could not write") {
		t.Errorf("the database did not die of its full log: this tests less than it says (%v)", err)
	}
	if n := r.answers[http.StatusInternalServerError]; n > 0 {
		t.Errorf("%d requests were answered as if it could not be sat out", n)
	}
}

// twice counts the mails that arrived more than once.
func (r *rig) twice() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, times := range r.times {
		if times > 1 {
			n++
		}
	}
	return n
}

// moveToSmall makes the server, which is stopped, use a copy of its data on two small
// disks: one for tables, one for the log, of which it then keeps little.
func (s *server) moveToSmall(t *testing.T) (tables, log string) {
	t.Helper()
	tables, log = s.dir+"/tables", s.dir+"/log-disk"
	for disk, size := range map[string]string{tables: "200m", log: "160m"} {
		check(t, os.Mkdir(disk, 0o755))
		check(t, syscall.Mount("tmpfs", disk, "tmpfs", 0, "size="+size+",mode=755"))
		t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	}
	small := filepath.Join(tables, "data")
	check(t, run("cp", "-a", s.data, small))
	check(t, run("mv", filepath.Join(small, "pg_wal"), log))
	check(t, os.Symlink(filepath.Join(log, "pg_wal"), filepath.Join(small, "pg_wal")))
	s.data = small
	conf, err := os.OpenFile(filepath.Join(small, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	check(t, err)
	_, err = conf.WriteString("max_wal_size = 64MB\nmin_wal_size = 32MB\n")
	check(t, err)
	check(t, conf.Close())
	return tables, log
}

// runs reports whether the server does, or recovers.
func (s *server) runs() bool { return s.as("pg_ctl", "-D", s.data, "status") == nil }
