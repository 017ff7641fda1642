package store

import (
	"cmp"
	"context"
	"crypto"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rsa"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/crash"
)

// Options say where the database is.
type Options struct {
	// URL is postgres://… for PostgreSQL, or the path of a SQLite file, which is
	// created when it does not exist.
	URL string
	// Key is the master key that private keys are sealed under. It is kept
	// outside the database (P28); without it the database signs nothing.
	Key [32]byte
	Log *slog.Logger // nil: nothing is logged
	// Accelerate makes a faster signer of an RSA key; nil where there is none.
	Accelerate func(*rsa.PrivateKey) (crypto.Signer, error)
}

// Store is an open database. Its methods may be used concurrently.
type Store struct {
	dialect  dialect
	writer   *sql.DB
	reader   *sql.DB
	aead     cipher.AEAD
	chain    []byte // key of the hashes of audit trails
	log      *slog.Logger
	signers  signerCache
	bodies   bodies
	policies policies
	sending  shared[myodai.MessageID, myodai.Sending]
	entitled entitled
	listed   shared[listed, []myodai.Suppression]
	group    group
	hand     Hand                                         // nil for nobody
	fast     func(*rsa.PrivateKey) (crypto.Signer, error) // nil for none
	// Compiled statements of writer and reader; nil where the driver keeps its own.
	writing, reading *statements
	direct           direct // for what one transaction of the writer after the other executes there
}

// Open connects to the database, and refuses one that was sealed with another
// master key or belongs to a newer version of the program. It changes nothing:
// Migrate must have run before anything else works.
func Open(ctx context.Context, o Options) (*Store, error) {
	d := sqliteDialect
	if strings.HasPrefix(o.URL, "postgres://") || strings.HasPrefix(o.URL, "postgresql://") {
		d = postgresDialect
	}
	if o.URL == "" {
		return nil, myodai.Refuse(myodai.CodeInvalid, "url", "a database is needed: the path of a file, or postgres://…")
	}
	aead, err := newAEAD(o.Key)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	chain, err := hkdf.Key(sha256.New, o.Key[:], nil, "myodai store: audit trail", 32)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	write, read, err := d.open(o.URL)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s := &Store{dialect: d, writer: write, reader: read, aead: aead, chain: chain, log: o.Log, fast: o.Accelerate}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if d.compile {
		s.writing, s.reading = &statements{pool: write}, &statements{pool: read}
	}
	s.group.open(s)
	if err := s.examine(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.writer.PingContext(ctx); err != nil {
		return fmt.Errorf("ping database: %w", sitOut(err))
	}
	return nil
}

// Close gives up all connections. What is under way fails.
func (s *Store) Close() error {
	s.group.close()
	if s.reader == s.writer {
		return s.writer.Close()
	}
	return errors.Join(s.reader.Close(), s.direct.close(s.writer), s.writer.Close())
}

// read runs statements one by one, outside of a transaction.
func (s *Store) read(ctx context.Context) session {
	return session{ctx: ctx, on: s.reader, dialect: s.dialect, compiled: s.reading.of, after: s.reading.compile}
}

// maxRuns bounds how often a transaction is run again after it collided with
// another. Each time at least one of those that collided got through.
const maxRuns = 12

// write runs do in one transaction, again when the database says that it
// collided with another. doing says in a fault what was being attempted.
func (s *Store) write(ctx context.Context, doing string, do func(session) error) error {
	for run := 1; ; run++ {
		err := s.transact(ctx, doing, do)
		s.writing.compile(ctx)
		_, uncertain := errors.AsType[*commitError](err)
		switch {
		case err == nil:
			return nil
		case uncertain && !s.dialect.isBusy(err):
			return wrap(doing, err)
		case s.dialect.isMissing(err):
			return myodai.Refuse(myodai.CodeNotFound, "", "something this refers to does not exist")
		case s.dialect.isBusy(err) && run < maxRuns:
			s.log.DebugContext(ctx, "transaction runs again", "doing", doing, "run", run)
			if err := wait(ctx, time.Duration(run)*time.Millisecond); err != nil {
				return fmt.Errorf("%s: %w", doing, err)
			}
			continue
		}
		return wrap(doing, err)
	}
}

func (s *Store) transact(ctx context.Context, doing string, do func(session) error) (err error) {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // it goes back to the others
	within := ctx
	if s.dialect.compile {
		// What takes no round trip is over before anybody has canceled it, and to be
		// ready for that costs more than many a statement.
		within = context.WithoutCancel(ctx)
	}
	tx, err := conn.BeginTx(within, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // says nothing after the commit
	q := session{ctx: within, on: tx, dialect: s.dialect, compiled: s.compiledIn(within, tx), noted: &noted{}}
	if s.dialect.compile {
		q.directly = func(query string, args []any) (int64, error) { return s.direct.exec(within, conn, query, args) }
	} else {
		q.pipeline = &pipeline{conn: conn}
	}
	if err = s.audited(q, do); err == nil {
		err = cmp.Or(q.pipeline.send(within), ctx.Err())
	}
	if err != nil {
		return err // it says more than one of the rollback would
	}
	crash.Point(doing, "before the commit")
	if err := tx.Commit(); err != nil {
		return &commitError{err}
	}
	crash.Point(doing, "after the commit")
	if q.noted.audited {
		pendingOf(ctx).done()
	}
	return nil
}

// compiledIn gives the compiled statements of the writer in a transaction. A group
// runs few texts, and each many times.
func (s *Store) compiledIn(ctx context.Context, tx *sql.Tx) func(string) *sql.Stmt {
	here := map[string]*sql.Stmt{}
	return func(query string) *sql.Stmt {
		stmt := here[query]
		if stmt == nil {
			if stmt = s.writing.of(query); stmt != nil {
				stmt = tx.StmtContext(ctx, stmt)
				here[query] = stmt
			}
		}
		return stmt
	}
}

// commitError is a commit that failed: unlike after a statement that failed,
// nobody knows what was written.
type commitError struct{ cause error }

func (e *commitError) Error() string { return "commit: " + e.cause.Error() }

func (e *commitError) Unwrap() error { return e.cause }

// wait pauses for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// wrap says what was being attempted when a fault happened, and whether the
// caller can sit it out; refusals stay as they are.
func wrap(doing string, err error) error {
	if _, refused := errors.AsType[*myodai.Error](err); refused || err == nil {
		return err
	}
	return fmt.Errorf("%s: %w", doing, sitOut(err))
}
