package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/myodai/myodai/internal/store"
)

// A transaction that fails, is canceled or panics writes nothing (P03), and leaves
// the connection to the next, whichever way its statements are run.
func TestWriteAllOrNothing(t *testing.T) {
	const add = `insert into nodes (owner, alive_until) values ('a', 1)`
	each(t, func(t *testing.T, s *store.Store) {
		canceled, cancel := context.WithCancel(t.Context())
		for _, c := range []struct {
			name string
			ctx  context.Context
			do   func()
			then string
		}{
			{"a statement fails", t.Context(), func() {}, `insert into nowhere values (1)`},
			{"canceled between two statements", canceled, cancel, `update nodes set alive_until = 2`},
			{"a panic", t.Context(), func() { panic("here") }, `select 1`},
		} {
			func() {
				defer func() { _ = recover() }()
				if _, err := s.Write(c.ctx, c.do, add, c.then); err == nil {
					t.Errorf("%s: it was written", c.name)
				}
			}()
			if n, err := s.Write(t.Context(), func() {}, `update nodes set alive_until = 3`); n != 0 || err != nil {
				t.Errorf("%s: %d rows are left, %v", c.name, n, err)
			}
		}
		if _, err := s.Write(canceled, func() {}, add); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled before: %v", err)
		}
	})
}

// Texts that differ all the time do not pile up as compiled statements, and each
// still runs.
func TestManyTexts(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		for i := range 500 {
			n, err := s.Write(t.Context(), func() {}, fmt.Sprintf(`insert into nodes (owner, alive_until) values ('%d', %d)`, i, i))
			if n != 1 || err != nil {
				t.Fatalf("text %d touched %d rows: %v", i, n, err)
			}
		}
	})
}

// What is held back in a transaction is written before what asks for it, in its
// order, and its errors are those of the transaction (P03).
func TestHeldBack(t *testing.T) {
	const add, count = `insert into nodes (owner, alive_until) values ('a', 1)`, `update nodes set alive_until = 2`
	each(t, func(t *testing.T, s *store.Store) {
		for _, c := range []struct {
			name       string
			held       []string
			statements []string
			touched    int64 // -1 for an error
		}{
			{"before a statement", []string{add}, []string{count}, 1},
			{"before the commit", []string{add}, nil, 0},
			{"one fails, and a statement follows", []string{add, add}, []string{count}, -1},
			{"one fails before the commit", []string{add, add}, nil, -1},
		} {
			if _, err := s.Write(t.Context(), func() {}, `delete from nodes`); err != nil {
				t.Fatal(err)
			}
			n, err := s.WriteLater(t.Context(), c.held, c.statements...)
			if (err != nil) != (c.touched < 0) || err == nil && n != c.touched {
				t.Errorf("%s: %d rows, %v", c.name, n, err)
			}
			want := int64(1)
			if c.touched < 0 {
				want = 0
			}
			if n, err := s.Write(t.Context(), func() {}, count); n != want || err != nil {
				t.Errorf("%s: %d rows are there afterwards, want %d, %v", c.name, n, want, err)
			}
		}
	})
}

// A SQLite database that was closed is one file, whatever ran before: it can be
// copied.
func TestClosedIsOneFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "myodai.db"))
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(t.Context(), func() {}, `insert into nodes (owner, alive_until) values ('a', 1)`); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if len(files) != 1 || err != nil {
		t.Errorf("left are %v, %v; want the database alone", files, err)
	}
}
