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

// fullDisk is P03 and P08: while nothing can be written, mail is refused for now on
// every way, by the replies of a full disk, and nothing is answered for that is
// lost. With room again everything goes on by itself, within seconds.
func (r *rig) fullDisk(t *testing.T) {
	small := r.w.path("small")
	check(t, os.MkdirAll(small, 0o755))
	check(t, syscall.Mount("tmpfs", small, "tmpfs", 0, "size=240m,mode=755"))
	t.Cleanup(func() { _ = syscall.Unmount(small, syscall.MNT_DETACH) })
	r.moveTo(t, r.data, filepath.Join(small, "data"))
	r.begin(t)
	ended := make(chan struct{})
	load := r.acts(ended)
	ballast := filepath.Join(small, "ballast")
	for range 2 {
		<-time.After(time.Second)
		fill(t, ballast)
		// The log has room left in what it took before, which large mail uses up.
		eventually(t, 20*time.Second, "a full disk refuses mail over HTTP", func() bool { return r.status(500_000) == http.StatusInsufficientStorage })
		err := r.submit(r.tenant, "", "y@receiver.example", "From: sales@acme.example\r\n\r\nHello\r\n")
		if err == nil || !strings.HasPrefix(err.Error(), `452 "4.3.1 `) {
			t.Errorf("a full disk answers %v to a submission, want 452 4.3.1", err)
		}
		<-time.After(time.Second)
		check(t, os.Remove(ballast))
		room := time.Now()
		eventually(t, 10*time.Second, "with room again mail is taken", func() bool { return r.status(0) == http.StatusAccepted })
		t.Logf("mail is taken again %s after there is room", time.Since(room).Round(time.Millisecond))
	}
	close(ended)
	load.Wait()
	began := time.Now()
	r.settles(t, 30*time.Second)
	t.Logf("answered for: %v; all of it had come %s later", r.figures(), time.Since(began).Round(time.Millisecond))
	stop(r.cmd)
}

// fill writes a file until nothing more fits, and goes on for a while after that,
// since others give room back.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	check(t, err)
	defer f.Close()
	octets := make([]byte, 1<<20)
	for err == nil {
		_, err = f.Write(octets)
	}
	for range 60 {
		_, _ = f.Write(octets)
		_, _ = f.Write(octets[:512])
		<-time.After(5 * time.Millisecond)
	}
}
