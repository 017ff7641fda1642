package store_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// TestCommitInFewWrites accepts a message of hundreds of pages, which the system is
// asked to write in a few pieces, and finds it whole by another connection at once,
// after a checkpoint, and in a database that is opened again (P01, P02).
func TestCommitInFewWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "myodai.db")
	s := open(t, path)
	must(s.Migrate(t.Context()))(t)
	tenant := newTenant(t, s)
	d := newDomain(t, s, tenant.ID, "example.com")
	var list []myodai.Accepted
	random := rand.NewChaCha8([32]byte{})
	for _, size := range []int{1, 5_000, 119 << 10, 125 << 10, 3 << 20} {
		a := letter(d, t0, rcpt("a", "example.net"))
		a.Body = make([]byte, size)
		_, _ = random.Read(a.Body)
		before := writes(t)
		accept(t, s, a)
		pages := size/4096 + 1
		if n := writes(t) - before; n > pages/15+60 {
			t.Errorf("%d octets took %d writes", size, n)
		}
		list = append(list, a)
	}
	whole := func(s *store.Store, when string) {
		t.Helper()
		for _, a := range list {
			body, _, err := s.Body(t.Context(), tenant.ID, a.Message.ID)
			ok(t, err)
			if !bytes.Equal(body, a.Body) {
				t.Errorf("%s: of %d octets %d are there, or others", when, len(a.Body), len(body))
			}
		}
	}
	whole(s, "at once")
	var busy, log, copied int
	ok(t, raw(t, path).QueryRow("pragma wal_checkpoint(truncate)").Scan(&busy, &log, &copied))
	whole(s, "after a checkpoint")
	ok(t, s.Close())
	whole(open(t, path), "opened again")
	var sound string
	ok(t, raw(t, path).QueryRow("pragma integrity_check").Scan(&sound))
	if sound != "ok" || busy != 0 {
		t.Errorf("the database is %s; a reader kept the checkpoint out: %d", sound, busy)
	}
}

// writes is how often this process has asked the system to write.
func writes(t *testing.T) (n int) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/io")
	ok(t, err)
	_, rest, _ := strings.Cut(string(text), "syscw: ")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
