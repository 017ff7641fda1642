package store

import (
	"context"
	"time"
)

// farthest is farther off than anything is ever put off: attempts wait four hours at
// most, events for a webhook six, checks of domains a day.
const farthest = 48 * time.Hour

// Hasten makes due now what is due later than it can have been meant to be: a clock
// that was wrong has put it off (P16).
func (s *Store) Hasten(ctx context.Context, now time.Time) error {
	return s.write(ctx, "hasten what is due too late", func(q session) error {
		for _, update := range []string{
			`update deliveries set due_at = $1 where ` + waiting + ` and queue = '' and due_at > $2`,
			`update domains set next_check_at = $1 where deleted_at = 0 and next_check_at > $2`,
			`update tracking_domains set next_check_at = $1 where deleted_at = 0 and next_check_at > $2`,
			`update webhooks set retry_at = $1 where retry_at > $2`,
			`update notifications set due_at = $1 where webhook_id in (select id from webhooks) and state = 'due' and due_at > $2`,
		} {
			if _, err := q.exec(update, now, now.Add(farthest)); err != nil {
				return err
			}
		}
		return nil
	})
}
