package store

import (
	"context"
	"database/sql"
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
		stmt, err := c.pool.PrepareContext(ctx, query)
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
