package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// pipeline holds statements of a transaction whose results nobody asks for, until
// one comes that somebody does, or the commit. They are sent together: for a round
// trip each, both sides would wake up, and a network would be crossed twice.
type pipeline struct {
	conn *sql.Conn
	held *pgx.Batch
}

// hold adds a statement. Its error comes with send.
func (p *pipeline) hold(query string, args []any) {
	if p.held == nil {
		p.held = &pgx.Batch{}
	}
	p.held.Queue(query, args...)
}

// send runs what is held, in its order. The first error is that of all.
func (p *pipeline) send(ctx context.Context) error {
	if p == nil || p.held == nil {
		return nil
	}
	batch := p.held
	p.held = nil
	return p.conn.Raw(func(on any) error {
		conn, ok := on.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("a %T is no connection to PostgreSQL", on)
		}
		return conn.Conn().SendBatch(ctx, batch).Close()
	})
}
