package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How much garbage may lie about before it is collected: so many octets while
// little lives, because a program in which so little lives would collect all the
// time otherwise; as much as lives, when that is more. Never more than four times
// what lives.
const (
	garbage                   = 8 << 20
	leastPercent, mostPercent = 100, 400
)

// gcPercent is that as GOGC, for so many octets that live.
func gcPercent(live uint64) int {
	return int(min(max(100*garbage/max(live, 1), leastPercent), mostPercent)) // #nosec G115 -- at most mostPercent
}

// tendMemory keeps garbage within its bounds until ctx ends. An operator who says
// GOGC knows better.
func tendMemory(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.FreeOSMemory() // of the start
	forgetStart()
	lives := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for before := 0; ; {
		metrics.Read(lives)
		if percent := gcPercent(lives[0].Value.Uint64()); percent != before {
			debug.SetGCPercent(percent)
			before = percent
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
