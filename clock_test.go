package myodai_test

import (
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// P16: a clock that leaps is not believed until it has gone well for an hour, or is
// back where it was.
func TestClockTrust(t *testing.T) {
	const year = 365 * 24 * time.Hour
	type reading struct {
		after time.Duration // the one before
		off   time.Duration // of the wall clock
		want  bool
	}
	for _, tt := range []struct {
		name     string
		readings []reading
	}{
		{"it goes well", []reading{{0, 0, true}, {time.Minute, 0, true}, {100 * time.Hour, 0, true}}},
		{"it is set right by minutes", []reading{{0, 0, true}, {time.Minute, 6 * time.Minute, true}, {time.Minute, 0, true}}},
		{"it drifts by an hour a day", []reading{{0, 0, true}, {3 * time.Hour, 7 * time.Minute, true}, {3 * time.Hour, 14 * time.Minute, true}, {3 * time.Hour, 21 * time.Minute, true}}},
		{"an hour ahead and back", []reading{{0, 0, true}, {time.Minute, time.Hour, false}, {50 * time.Minute, time.Hour, false}, {time.Minute, 0, true}}},
		{"an hour ahead for good", []reading{{0, 0, true}, {time.Minute, time.Hour, false}, {59 * time.Minute, time.Hour, false}, {time.Minute, time.Hour, true}, {time.Minute, time.Hour, true}}},
		{"an hour back for good", []reading{{0, 0, true}, {time.Minute, -time.Hour, false}, {61 * time.Minute, -time.Hour, true}}},
		{"ten years ahead and back", []reading{{0, 0, true}, {time.Minute, 10 * year, false}, {time.Minute, 0, true}}},
		{"ten years back and right again", []reading{{0, 0, true}, {time.Minute, -10 * year, false}, {time.Minute, 0, true}}},
		{"a sawtooth", []reading{{0, 0, true}, {time.Minute, time.Hour, false}, {40 * time.Minute, 2 * time.Hour, false}, {40 * time.Minute, time.Hour, false}, {40 * time.Minute, 2 * time.Hour, false}}},
		{"back from a lie that was believed", []reading{{0, 0, true}, {time.Minute, year, false}, {2 * time.Hour, year, true}, {time.Minute, 0, false}, {time.Hour, 0, true}}},
	} {
		var c myodai.ClockTrust
		counted, began := time.Duration(0), time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
		for i, r := range tt.readings {
			counted += r.after
			got, _ := c.Believe(began.Add(counted+r.off), counted)
			if got != r.want {
				t.Errorf("%s: reading %d is believed: %v, want %v", tt.name, i+1, got, r.want)
			}
			if at := c.Reckon(counted); at.Equal(began.Add(counted+r.off)) != got {
				t.Errorf("%s: reading %d is reckoned as %v", tt.name, i+1, at)
			}
		}
	}
}
