package e2e

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// The system calls by which something comes onto a disk.
const (
	syncs  = "fsync,fdatasync"
	writes = "pwrite64,ftruncate,renameat,linkat," + syncs
)

// strace is the command line that runs a program and meddles with some of its system
// calls. It counts them by thread.
func strace(calls, how string) []string {
	return []string{"strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=" + calls, "-e", "inject=" + calls + ":" + how}
}

// failing lets system calls fail: with the given error, at the passages that when
// names.
func failing(calls, with, when string) []string {
	return strace(calls, "error="+with+":when="+when)
}

// beginUnder starts the process under another program.
func (r *rig) beginUnder(t *testing.T, under []string) {
	t.Helper()
	command := slices.Concat(under, []string{os.Getenv(binaryVar)}, r.args)
	r.cmd = r.w.start(t, "myodai", command[0], command[1:]...)
}

// passagesThatFail are the calls of each thread that fail, one in each run; make soak
// lets every one of them fail.
func passagesThatFail() (list []int) {
	if soaking() == 0 {
		return []int{1, 2, 3, 5, 8, 13, 21, 34, 55}
	}
	for k := range often(10, 150) {
		list = append(list, k+1)
	}
	return list
}

// failingOnce is P03: the first write or sync of each thread fails once, in the next
// run the second, and so on, each time in another way. The program either goes on or
// ends and says so; then it is killed. What was answered for is there in the end.
func (r *rig) failingOnce(t *testing.T) {
	r.moveTo(t, r.data, r.w.path("once"))
	errors := []string{"EIO", "ENOSPC", "EINTR"}
	refused, began := 0, time.Now()
	for i, k := range passagesThatFail() {
		r.beginUnder(t, failing(writes, errors[i%len(errors)], fmt.Sprint(k)))
		ended := make(chan error, 1)
		go func() { ended <- r.cmd.Wait() }()
		if err := r.up(ended); err != nil {
			refused++
			if !strings.Contains(err.Error(), "exit status") {
				t.Errorf("passage %d failed, and the program ended so: %v", k, err)
			}
			continue
		}
		over := make(chan struct{})
		load := r.acts(over)
		<-time.After(500 * time.Millisecond)
		check(t, r.cmd.Process.Kill())
		<-ended
		close(over)
		load.Wait()
	}
	r.begin(t)
	r.settles(t, time.Minute)
	t.Logf("%d runs with one failure of each thread in %s, %d of them ended at the start; answered for: %v; answers: %v",
		len(passagesThatFail()), time.Since(began).Round(time.Second), refused, r.figures(), r.answers)
	stop(r.cmd)
}

// up waits until the process is ready; an error is what it ended with instead.
func (r *rig) up(ended chan error) error {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		resp, err := http.Get("http://127.0.0.1:9025/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-ended:
			if err == nil {
				return fmt.Errorf("it ended as if all were well")
			}
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("it is neither ready nor has it ended")
}
