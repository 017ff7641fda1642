package myodai

import "time"

// The wall clock is believed as long as it goes as fast as time passes, give or take
// ten minutes at once; or again when it has done so for an hour (P16).
const (
	clockJump      = 10 * time.Minute
	clockConfirmed = time.Hour
)

// ClockTrust judges the wall clock by another one that only counts. While the wall
// clock is not believed, nothing is decided by it that cannot be taken back: mail is
// not given up, proof is not found missing, nothing is removed. The zero value
// believes the first reading.
type ClockTrust struct {
	begun    bool
	believed time.Time     // when counting began, by the clock as it was believed last
	seen     time.Time     // the same by the clock as it is
	since    time.Duration // how much was counted when it became so
}

// Believe takes a reading of the wall clock and what was counted until then, and
// reports whether the clock is believed, and whether it has just jumped.
func (c *ClockTrust) Believe(wall time.Time, counted time.Duration) (believed, jumped bool) {
	began := wall.Round(0).Add(-counted) // without the monotonic clock
	if !c.begun {
		c.begun, c.believed, c.seen = true, began, began
	}
	jumped = began.Sub(c.seen).Abs() >= clockJump
	if jumped {
		c.since = counted
	}
	c.seen = began
	if began.Sub(c.believed).Abs() < clockJump || counted-c.since >= clockConfirmed {
		c.believed = began
		return true, jumped
	}
	return false, jumped
}

// Reckon is what the wall clock would show, had it gone on as it was believed last.
// By it lives are set that begin while the clock is not believed.
func (c *ClockTrust) Reckon(counted time.Duration) time.Time { return c.believed.Add(counted) }
