package hygiene

import (
	"slices"
	"time"

	"github.com/myodai/myodai"
)

// hours counts registrations by the hour.
type hours map[int64]*hourCount

type hourCount struct{ all, random int }

const (
	maxHours = 200_000 // 22 years
	// An hour is a burst when it has so many, and so many times as many as others.
	minBurst   = 30
	timesBurst = 10
)

func (h hours) add(r record) {
	if r.at == 0 {
		return
	}
	hour := r.at / 3600
	c := h[hour]
	if c == nil {
		if len(h) >= maxHours {
			return
		}
		c = &hourCount{}
		h[hour] = c
	}
	c.all++
	if looksRandom(r.local) {
		c.random++
	}
}

// bursts lists the hours with far more registrations than others, the largest
// first. Lists that were imported have all of them, or many, in one hour or at
// midnight; an hour with half of all, or a list of a few hours, says nothing.
func (h hours) bursts() []myodai.ListAuditBurst {
	total := 0
	for _, c := range h {
		total += c.all
	}
	list := []myodai.ListAuditBurst{}
	const fewHours = 24
	if len(h) < fewHours {
		return list
	}
	for hour, c := range h {
		others := (total - c.all) / (len(h) - 1)
		if c.all >= minBurst && c.all >= timesBurst*max(others, 1) && c.all*2 < total {
			list = append(list, myodai.ListAuditBurst{At: time.Unix(hour*3600, 0).UTC(), Count: c.all, Random: c.random})
		}
	}
	slices.SortFunc(list, func(a, b myodai.ListAuditBurst) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return a.At.Compare(b.At)
	})
	return list
}
