package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func TestPing(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ok(t, s.Ping(t.Context()))
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Ping(canceled); !errors.Is(err, context.Canceled) {
			t.Errorf("Ping with a canceled context = %v", err)
		}
	})
}

// The seam counts on $n being a number in both drivers, not a name that is
// bound in the order of its first appearance (docs/decisions/0004-one-sql.md).
func TestPlaceholdersAreNumbers(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		var got [3]int
		err := raw(t, url).QueryRow(`select cast($2 as bigint), cast($1 as bigint), cast($2 as bigint)`, 10, 20).Scan(&got[0], &got[1], &got[2])
		ok(t, err)
		if want := [3]int{20, 10, 20}; got != want {
			t.Errorf("select $2, $1, $2 with 10 and 20 = %v, want %v", got, want)
		}
	})
}

func TestFileOfDatabaseIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "myodai.db")
	must(open(t, path).Migrate(t.Context()))(t)
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		ok(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", filepath.Base(name), info.Mode().Perm())
		}
	}
}

func TestOpenRefusesNothing(t *testing.T) {
	_, err := store.Open(t.Context(), store.Options{Key: masterKey})
	wantCode(t, err, myodai.CodeInvalid)
}

// A password in the URL must not reach a log through an error (T66).
func TestBrokenURLIsNotRepeated(t *testing.T) {
	for _, url := range []string{
		"postgres://u:hunter2@[::1/x",
		"postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=1",
		"postgres://u:hunter2@127.0.0.1:notaport/x",
	} {
		_, err := store.Open(t.Context(), store.Options{URL: url, Key: masterKey})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q) = %v", url, err)
		}
	}
}
