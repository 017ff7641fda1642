package console_test

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/myodai/myodai/internal/store"
)

// databaseKey seals the databases of all worlds.
var databaseKey = sync.OnceValue(func() (key [32]byte) {
	_, _ = rand.Read(key[:])
	return key
})

// migrated is a database that holds nothing, as a file. Migrating one takes longer
// than most tests.
var migrated = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "console")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	at := filepath.Join(folder, "myodai.db")
	s, err := store.Open(context.Background(), store.Options{URL: at, Key: databaseKey()})
	if err != nil {
		return nil, err
	}
	if _, err := s.Migrate(context.Background()); err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(at)
})

// newStore opens a database of the test's own that holds nothing.
func newStore(t *testing.T) *store.Store {
	t.Helper()
	file, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(t.TempDir(), "myodai.db")
	if err := os.WriteFile(at, file, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{URL: at, Key: databaseKey()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
