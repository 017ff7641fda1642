package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/myodai/myodai"
)

// Result codes of SQLite. The lower eight bits are what failed, the upper ones
// in what doing.
const (
	sqliteBusy     = 5
	sqliteLocked   = 6
	sqliteNoMemory = 7
	sqliteReadOnly = 8
	sqliteIOError  = 10
	sqliteFull     = 13
	sqliteCannot   = 14 // open the file
	sqlitePrimary  = 1<<8 - 1
)

// sitOut adds to a fault of the database whether a caller can sit it out
// (myodai.ErrNoSpace, myodai.ErrAway). Other errors stay as they are.
func sitOut(err error) error {
	switch {
	case err == nil, errors.Is(err, myodai.ErrNoSpace), errors.Is(err, myodai.ErrAway):
		return err
	case isFull(err):
		return fmt.Errorf("%w: %w", myodai.ErrNoSpace, err)
	case isAway(err):
		return fmt.Errorf("%w: %w", myodai.ErrAway, err)
	}
	return err
}

func isFull(err error) bool {
	code := sqliteCode(err)
	return code&sqlitePrimary == sqliteFull || postgresCode(err) == "53100" // disk_full
}

// isAway reports whether the database, or the way to it, is broken for now.
func isAway(err error) bool {
	switch sqliteCode(err) & sqlitePrimary {
	case sqliteBusy, sqliteLocked, sqliteNoMemory, sqliteReadOnly, sqliteIOError, sqliteCannot:
		return true
	}
	if code := postgresCode(err); code != "" {
		switch code[:2] {
		case "08", "40", "53", "58": // connection, rollback, insufficient resources, system error
			return true
		}
		// operator_intervention but for query_canceled, which is ours; and a standby
		// that has not taken over yet.
		return strings.HasPrefix(code, "57P") || code == "25006"
	}
	if _, ok := errors.AsType[net.Error](err); ok { // among them deadlines
		return true
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	return pgconn.SafeToRetry(err) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, context.DeadlineExceeded)
}
