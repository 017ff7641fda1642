package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"sync"
)

// statements keeps compiled statements of one pool of connections, by their
// text. It matters on SQLite, where compiling costs more than running; the
// PostgreSQL driver keeps its own.
//
// A statement can only be compiled on a free connection, and a transaction may
// hold the only one. So the first use of a text runs uncompiled, and the text is
// compiled once the transaction is over.
type statements struct {
	pool *sql.DB

	mu     sync.Mutex
	ready  map[string]*sql.Stmt
	wanted map[string]bool
}

// maxStatements bounds the compiled texts; lists of changing length make many.
const maxStatements = 200

// of is the compiled statement for a text; nil when there is none yet.
func (c *statements) of(query string) *sql.Stmt {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if stmt := c.ready[query]; stmt != nil {
		return stmt
	}
	if len(c.ready)+len(c.wanted) < maxStatements {
		if c.wanted == nil {
			c.wanted = map[string]bool{}
		}
		c.wanted[query] = true
	}
	return nil
}

// compile makes ready what was wanted. A text that cannot be compiled is told of
// whenever it runs.
func (c *statements) compile(ctx context.Context) {
	if c == nil {
		return
	}
	c.mu.Lock()
	wanted := c.wanted
	c.wanted = nil
	c.mu.Unlock()
	for query := range wanted {
		stmt, err := c.pool.PrepareContext(ctx, nameless(query))
		if err != nil {
			continue
		}
		c.mu.Lock()
		if c.ready == nil {
			c.ready = map[string]*sql.Stmt{}
		}
		if c.ready[query] == nil {
			c.ready[query], stmt = stmt, nil
		}
		c.mu.Unlock()
		if stmt != nil {
			_ = stmt.Close() // somebody else was faster
		}
	}
}

// nameless is a statement with ? in place of $1, $2 and so on, where that means
// the same: each stands in it once, and in order. The driver finds a parameter
// without a name by its place, and every other one by reading its name whenever
// the statement runs.
func nameless(query string) string {
	var b strings.Builder
	next := 1
	for rest := query; ; {
		i := strings.IndexAny(rest, "$?'\"-/")
		if i < 0 {
			b.WriteString(rest)
			return b.String()
		}
		b.WriteString(rest[:i])
		rest = rest[i:]
		switch c := rest[0]; c {
		case '$':
			name := "$" + strconv.Itoa(next)
			if !strings.HasPrefix(rest, name) || len(rest) > len(name) && '0' <= rest[len(name)] && rest[len(name)] <= '9' {
				return query
			}
			b.WriteByte('?')
			rest, next = rest[len(name):], next+1
		case '\'', '"':
			end := strings.IndexByte(rest[1:], c)
			if end < 0 {
				return query
			}
			b.WriteString(rest[:end+2])
			rest = rest[end+2:]
		default:
			if c == '?' || strings.HasPrefix(rest, "--") || strings.HasPrefix(rest, "/*") {
				return query
			}
			b.WriteByte(c)
			rest = rest[1:]
		}
	}
}
