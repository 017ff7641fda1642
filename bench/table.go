package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// show writes the tables, and the ratios to each peer that is not Myodai.
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
		say("| | messages/s (rounds) | accepts/s with a backlog | CPU-s per 1,000 | peak memory, MiB | end to end p50 / p99, ms | the same at %d/s | signatures |\n|---|---|---|---|---|---|---|---|", p.quiet)
		for _, r := range results[size] {
			say("| %s | %.0f (%.0f–%.0f) | %.0f | %.2f | %.0f | %s / %s | %s / %s | %d |",
				r.name, r.rate, r.slowest, r.best, r.backlog, r.cpu, r.memory, ms(r.p50), ms(r.p99), ms(r.quietP50), ms(r.quietP99), r.signatures)
		}
		for _, other := range results[size] {
			if strings.HasPrefix(other.name, "Myodai") {
				continue
			}
			for _, r := range results[size] {
				if strings.HasPrefix(r.name, "Myodai") {
					say("| %s : %s | %.2f | %.2f | %.2f | %.2f | %.2f / %.2f | %.2f / %.2f | |", r.name, other.name, r.rate/other.rate,
						r.backlog/other.backlog, r.cpu/other.cpu, r.memory/other.memory, ratio(r.p50, other.p50), ratio(r.p99, other.p99),
						ratio(r.quietP50, other.quietP50), ratio(r.quietP99, other.quietP99))
				}
			}
		}
	}
}

func ratio(of, to time.Duration) float64 { return float64(of) / float64(to) }

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }
