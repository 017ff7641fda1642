package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
)

// dialect is the whole difference between the databases we run on. Statements
// keep to the subset both accept (docs/decisions/0004-one-sql.md), so what is
// left are a few clauses and two questions about errors.
type dialect struct {
	name       string
	skipLocked string // appended to the inner select of a claim
	forUpdate  string // appended to a select whose row is about to change
	migrating  string // run first in a transaction that migrates, so that others wait; "" for none
	hasTable   string // counts the tables with the name $1
	compile    bool   // whether we keep compiled statements; the driver does otherwise
	// by names the index that a statement is to use, where the planner knows too
	// little to choose it; "" where it does not take advice.
	by     func(index string) string
	groups int // how many groups of messages may be written at a time

	// open connects two pools, which may be the same one.
	open func(url string) (write, read *sql.DB, err error)
	// isBusy: the transaction may be run again.
	isBusy func(error) bool
	// isMissing: a row refers to one that does not exist.
	isMissing func(error) bool
}

// The numbers of connections. Readers are as many as are useful to one process.
const sqliteReaders, postgresConnections = 6, 16

var sqliteDialect = dialect{
	name: "sqlite",
	// One writer at a time: BEGIN IMMEDIATE already holds every row.
	by:       func(index string) string { return " indexed by " + index },
	hasTable: `select count(*) from sqlite_master where type = 'table' and name = $1`,
	compile:  true,
	groups:   1,
	open:     openSQLite,
	isBusy: func(err error) bool {
		code := sqliteCode(err) & sqlitePrimary
		return code == sqliteBusy || code == sqliteLocked
	},
	isMissing: func(err error) bool {
		return sqliteCode(err) == 787 // SQLITE_CONSTRAINT_FOREIGNKEY
	},
}

var postgresDialect = dialect{
	name:       "postgres",
	skipLocked: " for update skip locked",
	forUpdate:  " for update",
	// The number is "myodai" as octets. It is the same for every database of a
	// server, but advisory locks are per database.
	migrating: `select pg_advisory_xact_lock(120368327319913)`,
	by:        func(string) string { return "" },
	hasTable:  `select count(*) from information_schema.tables where table_schema = current_schema() and table_name = $1`,
	groups:    2,
	open:      openPostgres,
	isBusy: func(err error) bool {
		code := postgresCode(err)
		return code == "40001" || code == "40P01" // serialization_failure, deadlock_detected
	},
	isMissing: func(err error) bool {
		return postgresCode(err) == "23503" // foreign_key_violation
	},
}

// openSQLite opens the file with one connection that writes and several that
// read. WAL lets them work side by side; synchronous(full) makes a commit
// durable before it returns (P01).
func openSQLite(path string) (write, read *sql.DB, err error) {
	// Created here, so that nobody else can read it; SQLite gives its other
	// files the same mode.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- the path is the operator's own
	if err != nil {
		return nil, nil, err
	}
	if err := file.Close(); err != nil {
		return nil, nil, err
	}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=synchronous(full)"
	if err := useGathering(); err != nil {
		return nil, nil, err
	}
	// What is written again and again goes into the file every 16 MiB of WAL only.
	write, err = sql.Open("sqlite", dsn+"&vfs="+gathering+"&_pragma=cache_spill(0)&_pragma=journal_mode(wal)&_pragma=secure_delete(fast)&_pragma=wal_autocheckpoint(4096)&_txlock=immediate")
	if err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	// A reader's own cache matters little: the file is in the system's.
	read, err = sql.Open("sqlite", dsn+"&_pragma=query_only(1)&_pragma=cache_size(-512)")
	if err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(sqliteReaders)
	read.SetMaxIdleConns(sqliteReaders)
	return write, read, nil
}

func openPostgres(url string) (write, read *sql.DB, err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// The text of the error may hold the password.
		return nil, nil, fmt.Errorf("the database URL cannot be read")
	}
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(wish))
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections)
	return db, db, nil
}

// wishes are settings of a connection. An engine that does not know one goes
// without it.
var wishes = []string{
	// Whole tables are read only where there is no other way. Otherwise a plan that
	// was made while a table was small, and kept, would read all of it when it is
	// large, until the server has gathered statistics.
	"set enable_seqscan = off",
	// What compiling a query pays for we do not ask.
	"set jit = off",
	// Bodies are large, and this takes a fraction of the time.
	"set default_toast_compression = lz4",
}

// wish asks for what we would like of a new connection.
func wish(ctx context.Context, conn *pgx.Conn) error {
	for _, setting := range wishes {
		_, _ = conn.Exec(ctx, setting)
	}
	return nil
}

func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

func postgresCode(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}
