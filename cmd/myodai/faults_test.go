package main

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai/internal/store"
)

// What is logged at level ERROR is there for the operator to read, also when the
// database was away meanwhile, and the log stays as it was.
func TestFaultsAreKept(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{URL: filepath.Join(t.TempDir(), "myodai.db")})
	if err != nil {
		t.Fatal(err)
	}
	f := newFaults()
	var out bytes.Buffer
	log := f.log(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn})))
	log.Info("nothing")
	log.Warn("careful")
	log.With("room", "queue").Error("claim", "err", errors.New("disk "+strings.Repeat("é", faultText)))
	log.With("room", "queue").WithGroup("x").Error("claim", "err", errors.New("no space"))
	log.Error("alone")
	if got := strings.Count(out.String(), "\n"); got != 4 {
		t.Errorf("%d lines were logged", got)
	}
	f.write(t.Context(), s) // the database is not migrated: that fails
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.write(t.Context(), s)
	list, err := s.Faults(t.Context(), time.Now().Add(-time.Hour), 9)
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	for _, fault := range list {
		switch fault.Text {
		case "claim":
			if fault.Room != "queue" || fault.Count != 2 || fault.Err != "no space" || fault.Node == "" {
				t.Errorf("claim: %+v", fault)
			}
		case "alone":
			if fault.Room != "" || fault.Count != 1 {
				t.Errorf("alone: %+v", fault)
			}
		}
	}
	for i := range 2 * faultMost {
		log.Error(strings.Repeat("x", i))
	}
	if n := len(f.take()); n != faultMost {
		t.Errorf("%d wait", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
