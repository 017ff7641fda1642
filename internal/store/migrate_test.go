package store_test

import (
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

var update = flag.Bool("update", false, "write schema.sql anew")

// schema.sql is what reviewers read: what all migrations together make.
func TestSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "myodai.db")
	must(open(t, path).Migrate(t.Context()))(t)
	rows, err := raw(t, path).Query(`
		select sql from sqlite_master where sql is not null
		 order by tbl_name, case type when 'table' then 0 else 1 end, name`)
	ok(t, err)
	defer func() { ok(t, rows.Close()) }()
	var b strings.Builder
	b.WriteString("-- The schema after all migrations, written by go test -run TestSchema -update.\n")
	for rows.Next() {
		var text string
		ok(t, rows.Scan(&text))
		b.WriteString("\n" + text + ";\n")
	}
	ok(t, rows.Err())
	if *update {
		ok(t, os.WriteFile("schema.sql", []byte(b.String()), 0o600))
	}
	if got := string(must(os.ReadFile("schema.sql"))(t)); got != b.String() {
		t.Error("schema.sql is not what the migrations make; run go test -run TestSchema -update and read the difference")
	}
}

// Both databases end up with the same tables, columns and types.
func TestSchemasAgree(t *testing.T) {
	columns := func(url, query string) (list []string) {
		must(open(t, url).Migrate(t.Context()))(t)
		rows, err := raw(t, url).Query(query)
		ok(t, err)
		defer func() { ok(t, rows.Close()) }()
		for rows.Next() {
			var table, column, kind string
			var optional bool
			ok(t, rows.Scan(&table, &column, &kind, &optional))
			line := table + "." + column + " " + kind
			if optional {
				line += " null"
			}
			list = append(list, line)
		}
		ok(t, rows.Err())
		slices.Sort(list)
		return list
	}
	onPostgres := columns(newPostgres(t), `
		select table_name, column_name, data_type, is_nullable = 'YES'
		  from information_schema.columns where table_schema = current_schema()`)
	// A primary key is never null; only SQLite needs to be told so apart.
	onSQLite := columns(filepath.Join(t.TempDir(), "myodai.db"), `
		select m.name, c.name, lower(c.type), c."notnull" = 0 and c.pk = 0
		  from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'`)
	same(t, "columns", onPostgres, onSQLite)
}

func TestMigrationsExplainThemselves(t *testing.T) {
	files, err := filepath.Glob("migrations/*.sql")
	ok(t, err)
	if len(files) == 0 {
		t.Fatal("there are no migrations")
	}
	for _, file := range files {
		text := string(must(os.ReadFile(file))(t))
		first, _, _ := strings.Cut(text, "\n")
		if !strings.HasPrefix(first, "-- ") || !strings.HasSuffix(first, ".") {
			t.Errorf("%s does not say why in its first line", file)
		}
		for line := range strings.SplitSeq(text, "\n") {
			if sql, _, _ := strings.Cut(line, "--"); sql != strings.ToLower(sql) {
				t.Errorf("%s: SQL is written in lower case: %s", file, sql)
			}
		}
	}
}

// Several nodes start at once on a new database: one takes each step.
func TestFourNodesMigrateAtOnce(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		type end struct {
			applied []string
			err     error
		}
		ends := make(chan end)
		for range 4 {
			go func() {
				s, err := store.Open(t.Context(), store.Options{URL: url, Key: masterKey})
				if err != nil {
					ends <- end{err: err}
					return
				}
				applied, err := s.Migrate(t.Context())
				if closing := s.Close(); err == nil {
					err = closing
				}
				ends <- end{applied, err}
			}()
		}
		var applied []string
		for range 4 {
			e := <-ends
			if e.err != nil {
				t.Error(e.err)
			}
			applied = append(applied, e.applied...)
		}
		files, err := filepath.Glob("migrations/*.sql")
		ok(t, err)
		if len(applied) != len(files) || !slices.Contains(applied, "0001_initial") {
			t.Errorf("the nodes together took the steps %v, want each of %v once", applied, files)
		}
		again, err := open(t, url).Migrate(t.Context())
		if err != nil || len(again) != 0 {
			t.Errorf("a later Migrate took %v, error %v", again, err)
		}
	})
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		s := open(t, url)
		must(s.Migrate(t.Context()))(t)
		exec(t, raw(t, url), `insert into migrations (version, name) values (999, '0999_future')`)
		_, err := s.Migrate(t.Context())
		wantCode(t, err, myodai.CodeConflict)
		_, err = store.Open(t.Context(), store.Options{URL: url, Key: masterKey})
		wantCode(t, err, myodai.CodeConflict)
		if err == nil || !strings.Contains(err.Error(), "version 999") || !strings.Contains(err.Error(), "start the newer program") {
			t.Errorf("Open says %v", err)
		}
	})
}

// exec runs a statement past the store and returns how many rows it touched.
func exec(t *testing.T, db *sql.DB, query string, args ...any) int64 {
	t.Helper()
	result, err := db.ExecContext(t.Context(), query, args...)
	ok(t, err)
	return must(result.RowsAffected())(t)
}
