package e2e

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// noInodes is P08 where a disk has room, and no inode for one more file. The program
// starts as soon as there are enough for the files it needs, and until then ends and
// says what is missing. Mail that needs no file of its own goes on; mail to the
// postmaster does, and is refused for now. Nothing is answered for that is lost, also
// when the program is killed then and starts among what it left.
func (r *rig) noInodes(t *testing.T) {
	small := r.w.path("inodes")
	check(t, os.MkdirAll(small, 0o755))
	check(t, syscall.Mount("tmpfs", small, "tmpfs", 0, "size=240m,nr_inodes=100,mode=755"))
	t.Cleanup(func() { _ = syscall.Unmount(small, syscall.MNT_DETACH) })
	r.moveTo(t, r.data, filepath.Join(small, "data"))
	crowd := filepath.Join(small, "crowd")
	check(t, os.Mkdir(crowd, 0o755))
	withoutWAL(t, filepath.Join(r.data, "myodai.db"))
	refused := 0
	for free := 0; ; free++ {
		useInodes(t, crowd, free)
		if r.startsOrSays(t, "has no inode left") {
			break
		}
		if refused++; refused > 10 {
			t.Fatal("the program does not start with ten free inodes")
		}
	}
	if refused == 0 {
		t.Error("the program started without a file of its own: this tests nothing")
	}
	useInodes(t, crowd, 0)
	r.begin(t) // the files it needs are there
	ended := make(chan struct{})
	load := r.acts(ended)
	r.withoutInodes(t)
	check(t, r.cmd.Process.Kill())
	_ = r.cmd.Wait()
	useInodes(t, crowd, 0)
	r.begin(t)
	r.withoutInodes(t)
	check(t, os.RemoveAll(crowd))
	eventually(t, 10*time.Second, "with inodes again mail to the postmaster is taken", func() bool { return r.toPostmaster() == nil })
	close(ended)
	load.Wait()
	r.settles(t, 30*time.Second)
	t.Logf("%d starts refused; answered for: %v; answers: %v", refused, r.figures(), r.answers)
	if n := r.answers[http.StatusInternalServerError]; n > 0 {
		t.Errorf("%d requests were answered as if it could not be sat out", n)
	}
	stop(r.cmd)
}

// withoutInodes looks at what is answered while no file can be made.
func (r *rig) withoutInodes(t *testing.T) {
	t.Helper()
	err := r.toPostmaster()
	if err == nil || !strings.HasPrefix(err.Error(), `452 "4.3.1 `) && !strings.HasPrefix(err.Error(), "452 4.3.1 ") {
		t.Errorf("without inodes mail to the postmaster is answered %v, want 452 4.3.1", err)
	}
	status, answer := r.asks("POST", apiURL+"/v1/audits", r.key, "text/csv", "email\na@receiver.example\n")
	if status != http.StatusInsufficientStorage {
		t.Errorf("without inodes an audit is answered %d %s, want 507", status, answer)
	}
	<-time.After(500 * time.Millisecond)
	taken := r.taken()
	eventually(t, 10*time.Second, "mail is taken and sent on without inodes", func() bool {
		return r.status(0) == http.StatusAccepted && r.taken() > taken
	})
}

func (r *rig) toPostmaster() error {
	return r.mails("postmaster@plat.example", "a@receiver.example", "From: a@receiver.example\r\nSubject: hello\r\n\r\nHello\r\n")
}

// startsOrSays starts the program and reports whether it became ready, and was killed
// then. Otherwise it has ended as a fault of ours, and said the given words.
func (r *rig) startsOrSays(t *testing.T, words string) bool {
	t.Helper()
	before := len(r.said(t))
	r.beginUnder(t, nil)
	ended := make(chan error, 1)
	go func() { ended <- r.cmd.Wait() }()
	err := r.up(ended)
	if err == nil {
		check(t, r.cmd.Process.Kill())
		<-ended
		return true
	}
	if said := r.said(t)[before:]; !strings.Contains(err.Error(), "exit status 70") || !strings.Contains(said, words) {
		t.Errorf("the start ended with %v, and said, without %q: %s", err, words, said)
	}
	return false
}

// said is the log of the program, of all runs.
func (r *rig) said(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(r.w.path("myodai.log"))
	check(t, err)
	return string(text)
}

// withoutWAL brings what is in the WAL of a database into its file, so that it has no
// other file, as after a restore.
func withoutWAL(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file)
	check(t, err)
	_, err = db.Exec("pragma wal_checkpoint(truncate)")
	check(t, errors.Join(err, db.Close()))
	for _, more := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(file + more); err == nil {
			t.Errorf("%s%s is there", file, more)
		}
	}
}

// useInodes makes files in a directory until no more can be made, and then removes
// as many as are to be free.
func useInodes(t *testing.T, dir string, free int) {
	t.Helper()
	for n := 0; ; n++ {
		err := os.WriteFile(filepath.Join(dir, fmt.Sprint(time.Now().UnixNano())), nil, 0o600)
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
		check(t, err)
	}
	list, err := os.ReadDir(dir)
	check(t, err)
	for _, file := range list[:free] {
		check(t, os.Remove(filepath.Join(dir, file.Name())))
	}
}
