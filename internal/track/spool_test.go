package track_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/myodai/myodai/internal/track"
)

const childVar = "MYODAI_TEST_SPOOL"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childVar); dir != "" {
		child(dir)
	}
	os.Exit(m.Run())
}

// child appends numbers from many sides, and says which are durable.
func child(dir string) {
	s, err := track.OpenSpool(dir, 1<<30)
	if err != nil {
		panic(err)
	}
	var said sync.Mutex
	for side := range 16 {
		go func() {
			for i := 0; ; i++ {
				text := fmt.Sprintf("%d-%d", side, i)
				if err := s.Append([]byte(text)); err != nil {
					panic(err)
				}
				said.Lock()
				fmt.Println(text)
				said.Unlock()
			}
		}()
	}
	select {}
}

// What was durable is there after SIGKILL, once, and in order for each side.
func TestSpoolSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0]) // #nosec G204 -- this test
	cmd.Env = append(os.Environ(), childVar+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	durable := map[string]bool{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		durable[lines.Text()] = true
		if len(durable) == 3000 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait()
	s := openSpool(t, dir, 1<<30)
	newest := map[string]int{}
	for _, text := range s.Drain(t) {
		side, number, _ := strings.Cut(text, "-")
		n, err := strconv.Atoi(number)
		if last, seen := newest[side]; err != nil || seen && n != last+1 {
			t.Fatalf("%s after %d", text, last)
		}
		newest[side] = n
		delete(durable, text)
	}
	if len(durable) > 0 {
		t.Errorf("%d records are lost", len(durable))
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) > 0 {
		t.Errorf("files are left: %v", files)
	}
}

// openSpool opens a spool that is closed when the test ends.
func openSpool(t *testing.T, dir string, most int64) *track.Spool {
	t.Helper()
	s, err := track.OpenSpool(dir, most)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// A record that a crash cut off is none, wherever it was cut, and those before it
// are whole.
func TestSpoolWithATornEnd(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, dir, 1<<20)
	for _, text := range []string{"one", "two", "three"} {
		if err := s.Append([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		torn := t.TempDir()
		if err := os.WriteFile(filepath.Join(torn, filepath.Base(files[0])), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		again := openSpool(t, torn, 1<<20)
		if err := again.Append([]byte("four")); err != nil {
			t.Fatal(err)
		}
		want := ""
		for i, text := range []string{"one", "two", "three"} {
			if cut >= []int{11, 22, 35}[i] {
				want += text + " "
			}
		}
		if got := strings.Join(again.Drain(t), " "); got != want+"four" {
			t.Fatalf("cut at %d: %q, want %q", cut, got, want+"four")
		}
	}
}

// A full spool keeps what it has, and takes again when there is room.
func TestSpoolIsBounded(t *testing.T) {
	s := openSpool(t, t.TempDir(), 100)
	taken := 0
	for i := range 20 {
		if s.Append([]byte(strconv.Itoa(100+i))) == nil {
			taken++
		}
	}
	list := s.Drain(t)
	if taken != 9 || strings.Join(list, " ") != "100 101 102 103 104 105 106 107 108" {
		t.Errorf("took %d, kept %v", taken, list)
	}
	if err := s.Append([]byte("more")); err != nil {
		t.Errorf("after it was emptied: %v", err)
	}
}

// Reading goes on in the order in which it was written, over many files, while
// others write.
func TestSpoolWhileWriting(t *testing.T) {
	s := openSpool(t, t.TempDir(), 1<<30)
	const sides, each = 8, 2000
	var writing sync.WaitGroup
	for side := range sides {
		writing.Go(func() {
			for i := range each {
				if err := s.Append(fmt.Appendf(nil, "%d-%d %s", side, i, strings.Repeat("x", 1500))); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { writing.Wait(); close(done) }()
	next := map[string]int{}
	read := func() {
		for _, text := range s.Drain(t) {
			side, rest, _ := strings.Cut(text, "-")
			number, _, _ := strings.Cut(rest, " ")
			if number != strconv.Itoa(next[side]) {
				t.Errorf("%s of side %s, want %d", number, side, next[side])
			}
			next[side]++
		}
	}
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		default:
		}
		read()
	}
	for side, n := range next {
		if n != each {
			t.Errorf("side %s: %d of %d", side, n, each)
		}
	}
}
