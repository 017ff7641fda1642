package main

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// How faults are kept for the operator to read.
const (
	faultPause = 5 * time.Second     // between writings
	faultLife  = 30 * 24 * time.Hour // in the database
	faultMost  = 200                 // different ones that wait to be written
	faultText  = 500                 // octets of what one says
)

// faults are the lines at level ERROR that were logged and are not in the
// database yet. They wait here while the database is what failed.
type faults struct {
	node string
	mu   sync.Mutex
	kept map[faultKey]myodai.Fault
}

type faultKey struct{ room, text string }

func newFaults() *faults {
	node, err := os.Hostname()
	if err != nil {
		node = "unknown"
	}
	return &faults{node: node, kept: map[faultKey]myodai.Fault{}}
}

// add counts a fault. When too many different ones wait, further ones stay in the
// log alone.
func (f *faults) add(list ...myodai.Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range list {
		key := faultKey{fault.Room, fault.Text}
		before, ok := f.kept[key]
		switch {
		case !ok && len(f.kept) >= faultMost:
			continue
		case ok:
			fault.Count += before.Count
			if before.First.Before(fault.First) {
				fault.First = before.First
			}
			if before.Last.After(fault.Last) {
				fault.Last, fault.Err = before.Last, before.Err
			}
		}
		f.kept[key] = fault
	}
}

// take hands out what waits.
func (f *faults) take() []myodai.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := slices.Collect(maps.Values(f.kept))
	clear(f.kept)
	return list
}

// write puts what waits into the database. While that fails it goes on waiting,
// and nothing is logged: the room that needs the database says so itself.
func (f *faults) write(ctx context.Context, s *store.Store) {
	list := f.take()
	if len(list) == 0 {
		return
	}
	if err := s.RecordFaults(ctx, list, time.Now().Add(-faultLife)); err != nil {
		f.add(list...)
	}
}

// run writes faults down until ctx ends, and once more then.
func (f *faults) run(s *store.Store) func(context.Context) error {
	return func(ctx context.Context) error {
		tick := time.NewTicker(faultPause)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				f.write(ctx, s)
			case <-ctx.Done():
				last, cancel := context.WithTimeout(context.WithoutCancel(ctx), faultPause)
				defer cancel()
				f.write(last, s)
				return nil
			}
		}
	}
}

// log is a logger that keeps what is told at level ERROR, too.
func (f *faults) log(next *slog.Logger) *slog.Logger {
	return slog.New(faultHandler{Handler: next.Handler(), faults: f})
}

// faultHandler passes lines on, and keeps those at level ERROR.
type faultHandler struct {
	slog.Handler
	faults *faults
	room   string
}

// Enabled lets errors through, whatever the log leaves out.
func (h faultHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError || h.Handler.Enabled(ctx, level)
}

// Handle keeps a line at level ERROR, and logs it.
func (h faultHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		fault := myodai.Fault{Node: h.faults.node, Room: h.room, Text: shortened(r.Message), First: r.Time, Last: r.Time, Count: 1}
		r.Attrs(func(a slog.Attr) bool {
			switch a.Key {
			case "err":
				fault.Err = shortened(a.Value.String())
			case "room":
				fault.Room = a.Value.String()
			}
			return true
		})
		h.faults.add(fault)
	}
	if !h.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs remembers whose lines follow.
func (h faultHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.Handler = h.Handler.WithAttrs(attrs)
	for _, a := range attrs {
		if a.Key == "room" {
			h.room = a.Value.String()
		}
	}
	return h
}

// WithGroup goes on with a group.
func (h faultHandler) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	return h
}

// shortened is a text as it is kept.
func shortened(s string) string {
	if len(s) > faultText {
		s = s[:faultText]
	}
	return string([]rune(s)) // what was cut in the middle of a character is told as such
}
