package senders

import (
	"context"
	"time"
)

// LookAgain is what Run does when addresses are due.
func (s *Service) LookAgain(ctx context.Context, now time.Time) (int, error) {
	return s.lookAgain(ctx, now)
}
