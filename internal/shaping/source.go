package shaping

import (
	"time"

	"github.com/myodai/myodai"
)

// DefaultPool is the pool of mail whose class names none.
const DefaultPool = "default"

// Source is an address, or one of each family, that mail leaves from.
type Source struct {
	myodai.Source
	WarmUp string    // name of its schedule; "" when it is warm
	Since  time.Time // the first day of its schedule
}

// Share is a source's part in a pool.
type Share struct {
	Source string
	Weight int
}

// Pool is the sources of a pool with their weights. Without that pool it is the
// default one; without that, too, the one source there always is: what the system
// chooses, under our own name.
func (r *Rules) Pool(name string) []Share {
	for _, name := range []string{name, DefaultPool} {
		if shares := r.Pools[name]; len(shares) > 0 {
			return shares
		}
	}
	return []Share{{Weight: 1}}
}

// NoLimit is the allowance of a source that is warm.
const NoLimit = -1

// Allowance is how many messages a source may send to one site on a day (UTC).
// Before the first day of its schedule it sends nothing.
func (r *Rules) Allowance(source string, now time.Time) int {
	s := r.Sources[source]
	days, ok := r.WarmUps[s.WarmUp]
	if !ok {
		return NoLimit
	}
	day := int(Day(now).Sub(s.Since) / (24 * time.Hour))
	switch {
	case Day(now).Before(s.Since):
		return 0
	case day < len(days):
		return days[day]
	}
	return NoLimit
}

// Day is the day, in UTC, that an instant belongs to.
func Day(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }
