package store_test

import (
	"context"
	"crypto/rand"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// P03, P08: what a caller can sit out is told from what he cannot.
func TestSitOut(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want error // nil: it stays what it is
	}{
		{"disk full", &pgconn.PgError{Code: "53100"}, myodai.ErrNoSpace},
		{"too many connections", &pgconn.PgError{Code: "53300"}, myodai.ErrAway},
		{"stopped by its operator", &pgconn.PgError{Code: "57P01"}, myodai.ErrAway},
		{"starting", fmt.Errorf("begin: %w", &pgconn.PgError{Code: "57P03"}), myodai.ErrAway},
		{"an input or output error", &pgconn.PgError{Code: "58030"}, myodai.ErrAway},
		{"a standby", &pgconn.PgError{Code: "25006"}, myodai.ErrAway},
		{"nobody listens", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, myodai.ErrAway},
		{"cut off", io.ErrUnexpectedEOF, myodai.ErrAway},
		{"a dead connection", driver.ErrBadConn, myodai.ErrAway},
		{"no answer in time", context.DeadlineExceeded, myodai.ErrAway},
		{"the caller has gone", context.Canceled, nil},
		{"canceled by us", &pgconn.PgError{Code: "57014"}, nil},
		{"a mistake of ours", &pgconn.PgError{Code: "42601"}, nil},
		{"a refusal", myodai.Invalidf("no"), nil},
	} {
		got := store.SitOut(tt.err)
		if !errors.Is(got, tt.err) || errors.Is(got, myodai.ErrNoSpace) != (tt.want == myodai.ErrNoSpace) || errors.Is(got, myodai.ErrAway) != (tt.want == myodai.ErrAway) {
			t.Errorf("%s: %v, want it to be %v", tt.name, got, tt.want)
		}
	}
}

// P08: a full database takes nothing, says why, and takes everything again when
// there is room.
func TestFull(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "db"))
	must(s.Migrate(t.Context()))(t)
	ok(t, s.Most(t.Context(), 1)) // no more than there are
	create := func() error {
		for range 100 {
			tenant := myodai.Tenant{ID: myodai.NewID[myodai.TenantID](t0, rand.Reader), Name: "Acme", State: myodai.TenantActive}
			if err := s.CreateTenant(t.Context(), tenant); err != nil {
				return err
			}
		}
		return nil
	}
	if err := create(); !errors.Is(err, myodai.ErrNoSpace) {
		t.Errorf("a full database: %v", err)
	}
	ok(t, s.Most(t.Context(), 1<<30))
	ok(t, create())
}
