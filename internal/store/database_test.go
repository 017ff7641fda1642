package store_test

import (
	"crypto/rand"
	"database/sql"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai/internal/store"
)

// masterKey is the master key of every database of the tests.
var masterKey = [32]byte{0: 'm', 15: 0xff, 31: 'k'}

// t0 is when the tests begin.
var t0 = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

// each runs a test on every database there is, migrated and empty.
func each(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	eachURL(t, func(t *testing.T, url string) {
		s := open(t, url)
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		test(t, s)
	})
}

// eachURL runs a test on every database there is, without anything in it.
func eachURL(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, filepath.Join(t.TempDir(), "myodai #1?.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newPostgres(t))
	})
}

// postgres is one database for all tests, on the server of
// MYODAI_TEST_POSTGRES. Every test has a schema of its own in it, because making
// a database takes most of a second on a busy machine.
var postgres struct {
	once  sync.Once
	admin *sql.DB // connected to the server's own database
	url   *url.URL
	name  string
	err   error
}

func TestMain(m *testing.M) {
	flag.Parse()
	status := m.Run()
	if postgres.url != nil {
		if _, err := postgres.admin.Exec("drop database " + postgres.name + " with (force)"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

func createPostgres() {
	server := os.Getenv("MYODAI_TEST_POSTGRES")
	u, err := url.Parse(server)
	if err != nil {
		postgres.err = err
		return
	}
	if postgres.admin, postgres.err = sql.Open("pgx", server); postgres.err != nil {
		return
	}
	postgres.name = "myodai_test_" + strings.ToLower(rand.Text())
	_, postgres.err = postgres.admin.Exec("create database " + postgres.name + " template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'")
	if postgres.err == nil {
		u.Path = "/" + postgres.name
		postgres.url = u
	}
}

// newPostgres is the URL of an empty schema on a PostgreSQL server.
func newPostgres(t *testing.T) string {
	t.Helper()
	if os.Getenv("MYODAI_TEST_POSTGRES") == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("MYODAI_TEST_POSTGRES names no server, and CI must test on PostgreSQL")
		}
		t.Skip("MYODAI_TEST_POSTGRES names no server")
	}
	postgres.once.Do(createPostgres)
	ok(t, postgres.err)
	schema := "test_" + strings.ToLower(rand.Text())
	u := *postgres.url
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	db, err := sql.Open("pgx", u.String())
	ok(t, err)
	exec(t, db, "create schema "+schema)
	ok(t, db.Close())
	return u.String()
}

func open(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, Key: masterKey})
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

// raw opens a database past the store, as its administrator would.
func raw(t *testing.T, url string) *sql.DB {
	t.Helper()
	driver, dsn := "pgx", url
	if !strings.HasPrefix(url, "postgres://") {
		driver, dsn = "sqlite", "file:"+strings.NewReplacer("#", "%23", "?", "%3f", " ", "%20").Replace(url)+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
