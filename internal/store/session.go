package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/myodai/myodai"
)

// session runs the statements of one call of a method, inside a transaction or
// outside of one. It turns the vocabulary's types into what both drivers take.
type session struct {
	ctx context.Context // of that one call
	on  interface {
		ExecContext(context.Context, string, ...any) (sql.Result, error)
		QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	}
	dialect dialect
	// compiled is the compiled form of a statement, nil for none; after, unless
	// nil, is called when a statement is over.
	compiled func(query string) *sql.Stmt
	// directly, unless nil, runs a statement whose arguments are as of values.
	directly func(query string, args []any) (int64, error)
	after    func(context.Context)
	// pipeline holds statements back; nil for none.
	pipeline *pipeline
	// noted is what a transaction has written for the audit trail; nil outside.
	noted *noted
	// later gathers the events of writes that share a transaction; nil for none.
	later *[]told
}

// exec runs a statement and returns the number of rows it touched.
func (q session) exec(query string, args ...any) (int64, error) {
	if err := values(args); err != nil {
		return 0, err
	}
	n, err := q.touch(query, args)
	if q.noted != nil && n > 0 {
		q.noted.changed = true
	}
	return n, err
}

// run is exec where nobody asks how many rows are touched, which are some. An
// error may be told by a later statement of the transaction instead, or its end.
func (q session) run(query string, args ...any) error {
	if q.pipeline == nil {
		_, err := q.exec(query, args...)
		return err
	}
	if err := values(args); err != nil {
		return err
	}
	q.noted.changed = true
	q.pipeline.hold(query, args)
	return nil
}

func (q session) touch(query string, args []any) (int64, error) {
	if q.directly != nil {
		return q.directly(query, args)
	}
	if err := q.pipeline.send(q.ctx); err != nil {
		return 0, err
	}
	var result sql.Result
	var err error
	if stmt := q.compiled(query); stmt != nil {
		result, err = stmt.ExecContext(q.ctx, args...)
	} else {
		result, err = q.on.ExecContext(q.ctx, query, args...)
	}
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// all reads every row of a query. fields names the places for the columns.
func all[T any](q session, fields func(*T) []any, query string, args ...any) ([]T, error) {
	if err := values(args); err != nil {
		return nil, err
	}
	rows, err := q.query(query, args)
	if err != nil {
		return nil, err
	}
	defer func() {
		_ = rows.Close() // Err below has told of any trouble
		if q.after != nil {
			q.after(q.ctx)
		}
	}()
	list := []T{}
	for rows.Next() {
		var v T
		if err := rows.Scan(fields(&v)...); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

func (q session) query(query string, args []any) (*sql.Rows, error) {
	if err := q.pipeline.send(q.ctx); err != nil {
		return nil, err
	}
	if stmt := q.compiled(query); stmt != nil {
		return stmt.QueryContext(q.ctx, args...)
	}
	return q.on.QueryContext(q.ctx, query, args...)
}

// one reads a row that must be there; absent says in a refusal what is not.
func one[T any](q session, absent string, fields func(*T) []any, query string, args ...any) (T, error) {
	list, err := all(q, fields, query, args...)
	if err == nil && len(list) == 0 {
		err = myodai.Refuse(myodai.CodeNotFound, "", "%s", absent)
	}
	if err != nil {
		var none T
		return none, err
	}
	return list[0], nil
}

// only is the place for a single column.
func only[T any](v *T) []any { return []any{v} }

// absent is the sentence for something that is not there, or is another
// tenant's.
func absent[T ~string](noun string, name T) string {
	return fmt.Sprintf("there is no %s %s", noun, strings.ToValidUTF8(string(name), "\ufffd"))
}

// values turns arguments into what both drivers take, in place.
func values(args []any) error {
	for i, arg := range args {
		v, err := value(arg)
		if err != nil {
			return err
		}
		args[i] = v
	}
	return nil
}

// value: instants become microseconds, none becomes 0; texts lose what
// PostgreSQL does not store, NUL and invalid UTF-8, on both databases alike.
func value(arg any) (any, error) {
	switch v := arg.(type) {
	case nil, bool, int64:
		return arg, nil
	case int:
		return int64(v), nil
	case string:
		if text := storable(v); text != v {
			return text, nil
		}
		return arg, nil // without a copy of it
	case []byte:
		if v == nil {
			return []byte{}, nil
		}
		return v, nil
	case [32]byte:
		return v[:], nil
	case time.Time:
		if v.IsZero() {
			return int64(0), nil
		}
		return v.UnixMicro(), nil
	case document:
		text, err := json.Marshal(v.of)
		if err != nil {
			return nil, fmt.Errorf("write %T as JSON: %w", v.of, err)
		}
		return string(text), nil
	case packed:
		return v.pack()
	}
	if v := reflect.ValueOf(arg); v.Kind() == reflect.String {
		return storable(v.String()), nil
	}
	return nil, fmt.Errorf("a %T cannot be stored", arg)
}

// storable is a text as it comes back from either database (see value).
func storable(text string) string {
	if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
		return text
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\ufffd")
}

// orNull is a reference that may be to nothing.
func orNull[T ~string](id T) any {
	if id == "" {
		return nil
	}
	return id
}

// maybe is the place for a reference that may be null, which is read as "".
type maybe[T ~string] struct{ to *T }

// Scan implements sql.Scanner.
func (m maybe[T]) Scan(from any) error {
	switch text := from.(type) {
	case nil:
		*m.to = ""
	case string:
		*m.to = T(text)
	case []byte:
		*m.to = T(text)
	default:
		return fmt.Errorf("%T is not a reference", from)
	}
	return nil
}

// address is the place for a column that holds a mail address, or "" for none.
type address struct{ to *myodai.Address }

// Scan implements sql.Scanner.
func (a address) Scan(from any) error {
	var text string
	if err := (maybe[string]{&text}).Scan(from); err != nil {
		return err
	}
	*a.to = myodai.Address{}
	if text == "" {
		return nil
	}
	read, err := myodai.ParseAddress(text)
	*a.to = read
	return err
}

// document is something that is stored as JSON. As an argument it holds a
// value, as a place for a column the pointer to one.
type document struct{ of any }

// Scan implements sql.Scanner.
func (d document) Scan(from any) error {
	switch text := from.(type) {
	case string:
		return json.Unmarshal([]byte(text), d.of)
	case []byte:
		return json.Unmarshal(text, d.of)
	}
	return fmt.Errorf("%T is not JSON text", from)
}

// instant is the place for a column that holds an instant.
type instant struct{ at *time.Time }

// Scan implements sql.Scanner.
func (i instant) Scan(from any) error {
	micros, ok := from.(int64)
	if !ok {
		return fmt.Errorf("%T is not an instant", from)
	}
	*i.at = time.Time{}
	if micros != 0 {
		*i.at = time.UnixMicro(micros).UTC()
	}
	return nil
}

// span is the place for a column that holds a length of time in microseconds.
type span struct{ of *time.Duration }

// Scan implements sql.Scanner.
func (s span) Scan(from any) error {
	micros, ok := from.(int64)
	if !ok {
		return fmt.Errorf("%T is not a length of time", from)
	}
	*s.of = time.Duration(micros) * time.Microsecond
	return nil
}

// hash is the place for a column that holds a SHA-256.
type hash struct{ sum *[32]byte }

// Scan implements sql.Scanner.
func (h hash) Scan(from any) error {
	b, ok := from.([]byte)
	if !ok || len(b) != len(h.sum) {
		return errors.New("not a SHA-256")
	}
	copy(h.sum[:], b)
	return nil
}

// afterAll sorts behind every id, whatever the collation.
const afterAll = "zzzz"

// cursor reads the cursor of a page whose entries are ordered by their ids;
// first is what stands for the first page.
func cursor(p myodai.Page, first string) (string, error) {
	if p.After == "" {
		return first, nil
	}
	for _, c := range []byte(p.After) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != '_' {
			return "", myodai.Refuse(myodai.CodeInvalid, "after", "this is not a cursor that a list ended with")
		}
	}
	return p.After, nil
}

// cut makes a page of a list that was read one entry longer than the page, and
// says with which cursor the next one begins; "" when there is none.
func cut[T any](list []T, p myodai.Page, cursor func(T) string) ([]T, string) {
	if len(list) <= p.Size() {
		return list, ""
	}
	list = list[:p.Size()]
	return list, cursor(list[len(list)-1])
}
