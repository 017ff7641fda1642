package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// show writes the tables, and the ratios to the first peer that is not Myodai.
func show(w io.Writer, p contest, l limits, results map[int][]result) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	say("| limit of this machine, just now | per second |\n|---|---|")
	say("| RSA-2048 signatures, Go crypto/rsa, all cores | %.0f |", l.signs)
	say("| the same by CPU time, if nothing else ran | %.0f |", l.signCPU)
	say("| 4 KiB appended and fsynced, one writer | %.0f |", l.fsyncs)
	for _, size := range p.sizes {
		say("| source straight into sink, %d KB, %d sessions | %.0f |", size/1000, p.sessions, l.direct[size])
	}
	for _, size := range p.sizes {
		say("\n%d KB, %d sessions, %d rounds\n", size/1000, p.sessions, p.rounds)
		say("| | messages/s (rounds) | accepts/s | CPU-s per 1,000 | peak memory, MiB | end to end p50 / p99, ms | signatures |\n|---|---|---|---|---|---|---|")
		for _, r := range results[size] {
			say("| %s | %.0f (%.0f–%.0f) | %.0f | %.2f | %.0f | %s / %s | %d |",
				r.name, r.rate, r.slowest, r.best, r.accepts, r.cpu, r.memory, ms(r.p50), ms(r.p99), r.signatures)
		}
		for _, other := range results[size] {
			if strings.HasPrefix(other.name, "Myodai") {
				continue
			}
			for _, r := range results[size] {
				if strings.HasPrefix(r.name, "Myodai") {
					say("| %s : %s | %.2f | %.2f | %.2f | %.2f | %.2f / %.2f | |", r.name, other.name, r.rate/other.rate,
						r.accepts/other.accepts, r.cpu/other.cpu, r.memory/other.memory,
						float64(r.p50)/float64(other.p50), float64(r.p99)/float64(other.p99))
				}
			}
		}
	}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.0f", float64(d)/float64(time.Millisecond)) }
