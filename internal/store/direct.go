package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"
)

// direct runs statements that return no rows on the driver's own connection, where
// only one connection writes: what database/sql does around them is a tenth of
// their cost, and half of their garbage. It serves one transaction at a time.
type direct struct {
	on    driver.Conn // which the statements are compiled for
	ready map[string]driver.Stmt
	args  []driver.NamedValue
}

// exec runs a statement, whose arguments are as of values, and returns the number
// of rows it touched.
func (d *direct) exec(ctx context.Context, conn *sql.Conn, query string, args []any) (n int64, err error) {
	err = conn.Raw(func(on any) error {
		stmt, err := d.compiled(on, query)
		if err != nil {
			return err
		}
		for i, arg := range args {
			d.args = append(d.args, driver.NamedValue{Ordinal: i + 1, Value: arg})
		}
		result, err := stmt.(driver.StmtExecContext).ExecContext(ctx, d.args)
		clear(d.args) // a body is large
		d.args = d.args[:0]
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	return n, err
}

// closing is how long close waits for a transaction that is under way.
const closing = 5 * time.Second

// close gives the statements up. SQLite brings what is in the WAL into the file, and
// removes it, when a connection without statements is closed.
func (d *direct) close(pool *sql.DB) error {
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil // closed before, or a transaction does not end
	}
	defer func() { _ = conn.Close() }() // it goes back to the pool
	return conn.Raw(func(on any) error {
		for text, stmt := range d.ready {
			delete(d.ready, text)
			if d.on == on {
				err = errors.Join(err, stmt.Close())
			}
		}
		return err
	})
}

// compiled is a statement for the connection, which may be another one than before.
func (d *direct) compiled(on any, query string) (driver.Stmt, error) {
	conn, ok := on.(driver.Conn)
	if !ok {
		return nil, fmt.Errorf("a %T is no connection", on)
	}
	if d.on != conn {
		d.on, d.ready = conn, map[string]driver.Stmt{} // the others ended with theirs
	}
	if stmt := d.ready[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := conn.Prepare(nameless(query))
	if err != nil {
		return nil, err
	}
	for text, old := range d.ready {
		if len(d.ready) < maxStatements {
			break
		}
		delete(d.ready, text)
		_ = old.Close() // it has run to its end
	}
	d.ready[query] = stmt
	return stmt, nil
}
