package retention_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/retention"
)

// keeper is a small store: it remembers what it was told to remove, and has so
// many of each.
type keeper struct {
	left  map[string]int
	calls []string
}

func (k *keeper) ClaimPurges(_ context.Context, now, next time.Time, _ int) ([]myodai.TenantID, error) {
	if next.Sub(now) != time.Hour {
		k.calls = append(k.calls, "a strange next look")
	}
	return []myodai.TenantID{"ten_1"}, nil
}

func (k *keeper) Policy(context.Context, myodai.TenantID) (myodai.Policy, error) {
	return myodai.DefaultPolicy(), nil
}

func (k *keeper) purge(what string, before time.Time, max int) (int, error) {
	k.calls = append(k.calls, what+" older than "+time.Since(before).Round(time.Hour).String())
	n := min(max, k.left[what])
	k.left[what] -= n
	return n, nil
}

func (k *keeper) PurgeBodies(_ context.Context, _ myodai.TenantID, before time.Time, max int) (int, error) {
	return k.purge("bodies", before, max)
}

func (k *keeper) PurgeMessages(_ context.Context, _ myodai.TenantID, before time.Time, max int) (int, error) {
	return k.purge("messages", before, max)
}

func (k *keeper) PurgeEvents(_ context.Context, _ myodai.TenantID, before time.Time, max int) (int, error) {
	return k.purge("events", before, max)
}

func (k *keeper) PurgeIdempotency(_ context.Context, _ myodai.TenantID, now time.Time, max int) (int, error) {
	return k.purge("keys", now, max)
}

// T80: everything is removed at its age by policy, in pieces, until nothing is
// left.
func TestRemovesUntilNothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &keeper{left: map[string]int{"bodies": 450, "messages": 1, "events": 200}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- retention.New(k, func() bool { return true }, slog.New(slog.DiscardHandler)).Run(ctx) }()
		time.Sleep(30 * time.Second)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		want := "bodies older than 168h0m0s, bodies older than 168h0m0s, bodies older than 168h0m0s, messages older than 2160h0m0s, " +
			"events older than 2160h0m0s, events older than 2160h0m0s, keys older than 0s"
		if got := strings.Join(k.calls, ", "); got != want {
			t.Errorf("removed\n%s\nwant\n%s", got, want)
		}
	})
}

// P16: while the clock is not believed, nothing is removed.
func TestKeepsWhileTheClockIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, believed := &keeper{left: map[string]int{}}, new(atomic.Bool)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- retention.New(k, believed.Load, slog.New(slog.DiscardHandler)).Run(ctx)
		}()
		time.Sleep(90 * time.Second) // in simulated time, as below
		synctest.Wait()
		if len(k.calls) > 0 {
			t.Errorf("removed %q", k.calls)
		}
		believed.Store(true)
		time.Sleep(time.Minute)
		cancel()
		if err := <-done; err != nil || len(k.calls) == 0 {
			t.Errorf("nothing is removed later, either: %v", err)
		}
	})
}
