package main

import (
	"database/sql"
	"fmt"
	"time"
)

// written is what a PostgreSQL database has been made to write so far.
type written struct {
	rows, transactions, log float64 // log in octets, of the whole server
}

// countWritten returns what reads it from the database at a URL.
func countWritten(url string) (read func() (written, error), done func(), err error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, nil, err
	}
	read = func() (w written, err error) {
		time.Sleep(1500 * time.Millisecond) // backends tell their counts a second after they fall idle
		err = db.QueryRow(`
			select tup_inserted + tup_updated + tup_deleted, xact_commit, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')
			  from pg_stat_database where datname = current_database()`).Scan(&w.rows, &w.transactions, &w.log)
		return w, err
	}
	return read, func() { _ = db.Close() }, nil
}

// per is what was written for each of n messages since before.
func (w written) per(n int, before written) string {
	each := func(now, then float64) float64 { return (now - then) / float64(n) }
	return fmt.Sprintf("%.1f rows written, %.2f transactions and %.1f KiB of log for each message",
		each(w.rows, before.rows), each(w.transactions, before.transactions), each(w.log, before.log)/1024)
}
