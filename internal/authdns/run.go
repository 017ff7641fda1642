package authdns

import (
	"context"
	"fmt"
	"time"
)

// sourceTimeout bounds one look at the source, which may hang.
const sourceTimeout = 30 * time.Second

// Run restores the snapshot and then keeps the zone up to date until ctx ends,
// looking at the source every Options.Interval and on Wake. While the source
// fails, what was served before still is. It returns nil.
func (s *Server) Run(ctx context.Context) error {
	s.restore()
	ticker := time.NewTicker(s.o.Interval)
	defer ticker.Stop()
	// The first look takes the records whatever their serial number: they also
	// depend on the configuration, which may be another one than before the restart.
	fresh := false
	for {
		if s.o.Source != nil {
			err := s.refresh(ctx, fresh)
			switch {
			case ctx.Err() != nil:
			case err != nil:
				s.metrics.failures.Inc()
				s.fault(&s.sourceFaults, "zone not read, serving the old one", "err", err)
			default:
				fresh = true
				s.sourceFaults.reset()
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-s.wake:
		}
	}
}

// Wake makes Run look at the source now.
func (s *Server) Wake() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// refresh loads the zone from the source, unless it is fresh and its serial
// number is still the same.
func (s *Server) refresh(ctx context.Context, fresh bool) error {
	ctx, cancel := context.WithTimeout(ctx, sourceTimeout)
	defer cancel()
	// The serial number is read first: should the records change in between, it is
	// behind them, and the next look loads them again.
	serial, err := s.o.Source.ZoneSerial(ctx)
	if err != nil {
		return fmt.Errorf("read serial: %w", err)
	}
	if served, ok := s.Serial(); fresh && ok && served == serial {
		s.loading.Lock()
		defer s.loading.Unlock()
		s.save()
		return nil
	}
	records, err := s.o.Source.Records(ctx)
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	return s.Load(records, serial)
}

// fault logs one of our own failures, unless the like of it was logged just now.
func (s *Server) fault(sample *sampler, message string, args ...any) {
	if missed, ok := sample.due(time.Now()); ok {
		s.log.Error(message, append(args, "missed", missed)...)
	}
}
