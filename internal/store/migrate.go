package store

import (
	"context"
	"embed"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// migrationFiles are migrations/NNNN_name.sql, numbered from 1 without a gap.
// They only go forward, and none is changed once it has been released.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one step from a version of the schema to the next.
type migration struct {
	version int
	name    string // of the file, without .sql
	sql     string
}

func migrations() ([]migration, error) {
	entries, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		return nil, err
	}
	var list []migration
	for i, entry := range entries { // sorted by name
		text, err := migrationFiles.ReadFile(path.Join("migrations", entry.Name()))
		if err != nil {
			return nil, err
		}
		number, _, _ := strings.Cut(entry.Name(), "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s is not number %d", entry.Name(), i+1)
		}
		list = append(list, migration{version, strings.TrimSuffix(entry.Name(), ".sql"), string(text)})
	}
	return list, nil
}

// Migrate brings the schema to the version of this program and returns the
// names of the steps it took, none when there was nothing to do. Several nodes
// may start at once: one takes the steps, the others wait for it.
//
// It refuses a database that a newer program has migrated, and one that was
// sealed with another master key.
func (s *Store) Migrate(ctx context.Context) (applied []string, err error) {
	steps, err := migrations()
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	for {
		var took string
		err := s.write(ctx, "migrate", func(q session) error {
			took = ""
			step, err := q.nextStep(steps)
			if err != nil || step == nil {
				return err
			}
			took = step.name
			if _, err := q.exec(step.sql); err != nil {
				return fmt.Errorf("%s: %w", step.name, err)
			}
			_, err = q.exec(`insert into migrations (version, name) values ($1, $2)`, step.version, step.name)
			return err
		})
		if err != nil {
			return applied, err
		}
		if took == "" {
			break
		}
		applied = append(applied, took)
		s.log.InfoContext(ctx, "database migrated", "step", took)
	}
	return applied, s.write(ctx, "check master key", s.checkKey)
}

// nextStep keeps others out until the end of the transaction and says which
// step is to be taken; nil when there is none.
func (q session) nextStep(steps []migration) (*migration, error) {
	if q.dialect.migrating != "" {
		if _, err := q.exec(q.dialect.migrating); err != nil {
			return nil, err
		}
	}
	const table = `create table if not exists migrations (version bigint primary key, name text not null)`
	if _, err := q.exec(table); err != nil {
		return nil, err
	}
	version, err := q.version()
	switch {
	case err != nil:
		return nil, err
	case version > len(steps):
		return nil, newer(version, len(steps))
	case version == len(steps):
		return nil, nil
	}
	return &steps[version], nil
}

// version is the number of the last step that was taken.
func (q session) version() (int, error) {
	return one(q, "", only[int], `select coalesce(max(version), 0) from migrations`)
}

func newer(version, known int) error {
	return myodai.Refuse(myodai.CodeConflict, "",
		"the database has schema version %d and this program knows versions up to %d; start the newer program", version, known)
}

// examine looks at a database before anything is done with it.
func (s *Store) examine(ctx context.Context) error {
	return s.write(ctx, "open database", func(q session) error {
		for _, table := range []string{"migrations", "master_key"} {
			n, err := one(q, "", only[int], s.dialect.hasTable, table)
			if err != nil || n == 0 {
				return err // a database that is still empty is fine
			}
		}
		steps, err := migrations()
		if err != nil {
			return err
		}
		version, err := q.version()
		if err != nil {
			return err
		}
		if version > len(steps) {
			return newer(version, len(steps))
		}
		return s.compareKey(q)
	})
}
