package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// farthest is farther off than anything is ever put off: attempts wait four hours at
// most, events for a webhook six, checks of domains a day.
const farthest = 48 * time.Hour

// soonest is farther off than anything is put off at first: mail that was accepted,
// an event for a webhook and a DSN are due when they are made. It is more than the
// clocks of nodes may differ by.
const soonest = 10 * time.Minute

// Hasten makes due now what is due later than it can have been meant to be: a clock
// that was wrong has put it off (P16). What is tried again is due later anyway, and
// waits as much longer as the clock was ahead.
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
		// By their ids, of which the future has few: no index of what waits fits these
		// conditions, and those would lead through all that is tried again.
		ahead := now.Add(soonest)
		if _, err := q.exec(`update deliveries set due_at = $1 where id > $2 and state = 'accepted' and queue = '' and due_at > $3`,
			now, myodai.FirstID[myodai.DeliveryID](ahead), ahead); err != nil {
			return err
		}
		if _, err := q.exec(`update notifications set due_at = $1 where event_id > $2 and state = 'due' and attempts = 0 and due_at > $3`,
			now, myodai.FirstID[myodai.EventID](ahead), ahead); err != nil {
			return err
		}
		_, err := q.exec(`update notices set due_at = $1 where due_at > $2`, now, ahead)
		return err
	})
}
