package store

import (
	"context"
	"strconv"
)

// The statements that have to stay fast whatever is finished and however much
// waits.
const (
	DueDeliveries       = dueDeliveries
	ScheduledDeliveries = scheduledDeliveries
	ScheduledQueues     = scheduledQueues
	ExpiredDeliveries   = expiredDeliveries
)

// CallFrequent makes domains frequent that get more than n of a tenant's
// deliveries, until the returned function is called.
func CallFrequent(n int) (undo func()) {
	before := frequent
	frequent = n
	return func() { frequent = before }
}

// SitOut judges an error of a database.
var SitOut = sitOut

// Most bounds the pages of a SQLite database, as a full disk does.
func (s *Store) Most(ctx context.Context, pages int) error {
	_, err := s.writer.ExecContext(ctx, "pragma max_page_count = "+strconv.Itoa(pages))
	return err
}

// Nameless takes the numbers of parameters away.
var Nameless = nameless

// Write runs statements in one transaction of the writer, with do between each and
// the next, and says how many rows they touched.
func (s *Store) Write(ctx context.Context, do func(), statements ...string) (touched int64, err error) {
	return s.writeTest(ctx, nil, do, statements)
}

// WriteLater is Write with statements before it that may be held back.
func (s *Store) WriteLater(ctx context.Context, held []string, statements ...string) (touched int64, err error) {
	return s.writeTest(ctx, held, func() {}, statements)
}

func (s *Store) writeTest(ctx context.Context, held []string, do func(), statements []string) (touched int64, err error) {
	err = s.write(ctx, "test", func(q session) error {
		touched = 0
		for _, text := range held {
			if err := q.run(text); err != nil {
				return err
			}
		}
		for _, text := range statements {
			n, err := q.exec(text)
			if err != nil {
				return err
			}
			touched += n
			do()
		}
		return nil
	})
	return touched, err
}
