package api

import (
	"errors"
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"
)

// Bodies up to smallBody cost nothing worth counting. A larger one is held about
// three times at once: as it came, as huma validates it, and as it is used.
const (
	smallBody  = 64 << 10
	bodyCopies = 3
	bodyStep   = 1 << 20 // memory is taken in steps, not for every packet
)

var errMemory = errors.New("no memory for the body")

// meteredBody takes memory for a body as it arrives and not as it is announced,
// so that neither a slow client nor one that does not say how long its body is
// keeps others out.
type meteredBody struct {
	io.ReadCloser
	memory  *semaphore.Weighted
	most    int64 // that memory holds
	gauge   prometheus.Gauge
	read    int64
	held    int64
	starved bool // it was refused memory
}

func (b *meteredBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if need := b.read * bodyCopies; b.read > smallBody && need > b.held {
		step := min(max(need-b.held, bodyStep), b.most-b.held)
		if step <= 0 || !b.memory.TryAcquire(step) {
			b.starved = true
			return 0, errMemory
		}
		b.held += step
		b.gauge.Add(float64(step))
	}
	return n, err
}

// release gives the memory back, when the request has been answered.
func (b *meteredBody) release() {
	b.memory.Release(b.held)
	b.gauge.Sub(float64(b.held))
	b.held = 0
}
