package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// peer is a mail server that runs and relays everything to the sink.
type peer struct {
	submission door
	processes  []int // whose trees are counted
	key        func(name myodai.Name) ([]string, error)
	written    func() (written, error) // nil where no database server is asked
	unsigned   bool
	stop       func()
}

// result is what one or several runs came to.
type result struct {
	name          string
	rate, accepts float64 // messages per second
	cpu           float64 // seconds per 1,000 messages, all processes
	memory        float64 // MiB at the peak (PSS), processes summed up
	p50, p99      time.Duration
	signatures    int     // on each message
	slowest, best float64 // rates of the rounds

	backlog            float64       // accepts per second while the sink keeps everybody waiting
	quietP50, quietP99 time.Duration // end to end, below saturation
}

// run is one way of submitting messages.
type run struct {
	count int
	pace  time.Duration // from one message to the next; 0 for as fast as it goes
	held  bool          // the sink answers nobody until all are accepted
}

// The signed domain, and the sample whose signatures are checked.
const (
	signed   myodai.Name = "acme.example"
	verified             = 20
	longest              = 2 * time.Minute // a run
)

// measure starts a contestant, warms it up, and takes one round of it: as fast as it
// goes, below saturation, and with a backlog.
func (p contest) measure(c contestant, s *sink, size int) (r result, err error) {
	dir, err := os.MkdirTemp(p.dir, "contestant-")
	if err != nil {
		return r, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // #nosec G302 -- Postfix runs as others
		return r, err
	}
	with, err := c.start(p, dir, s)
	if err != nil {
		return r, err
	}
	defer with.stop()
	count := p.messages
	if size > 20_000 {
		count /= 2
	}
	if _, err := p.once(with, s, size, run{count: count / 10}); err != nil {
		return r, fmt.Errorf("warm-up: %w", err)
	}
	var before, after written
	if with.written != nil {
		if before, err = with.written(); err != nil {
			return r, err
		}
	}
	if r, err = p.once(with, s, size, run{count: count}); err != nil {
		return r, err
	}
	say := func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "bench: %s, %d KB: %s\n", c.name, size/1000, fmt.Sprintf(format, args...))
	}
	if with.written != nil {
		if after, err = with.written(); err != nil {
			return r, err
		}
		say("%s", after.per(count, before))
	}
	say("%.0f messages/s, %.2f CPU-s per 1,000", r.rate, r.cpu)
	quiet, err := p.once(with, s, size, run{count: 5 * p.quiet, pace: time.Second / time.Duration(p.quiet)})
	if err != nil {
		return r, fmt.Errorf("below saturation: %w", err)
	}
	held, err := p.once(with, s, size, run{count: 2 * count, held: true})
	if err != nil {
		return r, fmt.Errorf("with a backlog: %w", err)
	}
	r.quietP50, r.quietP99, r.backlog = quiet.p50, quiet.p99, held.accepts
	say("%.0f accepts/s with a backlog", r.backlog)
	return r, nil
}

// once submits messages and waits until the sink has every one.
func (p contest) once(to *peer, s *sink, size int, how run) (r result, err error) {
	count := how.count
	clients := make([]*client, p.sessions)
	for i := range clients {
		c, err := to.submission.open()
		if err != nil {
			return result{}, fmt.Errorf("open session: %w", err)
		}
		defer c.close()
		clients[i] = c
	}
	s.expect(count)
	if how.held {
		s.hold()
		defer s.release()
	}
	before, watch := cpuSeconds(to.processes), watchMemory(to.processes)
	began := time.Now()
	submitted := make([]time.Time, count)
	var next atomic.Int64
	var failed sync.Map
	var sessions sync.WaitGroup
	for i, c := range clients {
		sessions.Go(func() {
			var message []byte
			for n := next.Add(1) - 1; int(n) < count; n = next.Add(1) - 1 {
				time.Sleep(time.Until(began.Add(time.Duration(n) * how.pace)))
				submitted[n] = time.Now()
				message = letter(message[:0], int(n), size)
				if err := c.send(message); err != nil {
					failed.Store(i, err)
					return
				}
			}
		})
	}
	sessions.Wait()
	accepted := time.Since(began)
	s.release()
	for i := range clients {
		if err, ok := failed.Load(i); ok {
			return result{}, fmt.Errorf("session %d: %w", i, err.(error))
		}
	}
	if err := s.wait(longest); err != nil {
		return result{}, err
	}
	arrived := s.times()
	r = result{
		rate: float64(count) / s.last().Sub(began).Seconds(), accepts: float64(count) / accepted.Seconds(),
		cpu: (cpuSeconds(to.processes) - before) * 1000 / float64(count), memory: watch(),
	}
	took := make([]time.Duration, count)
	for n, at := range arrived {
		took[n] = at.Sub(submitted[n])
	}
	slices.Sort(took)
	r.p50, r.p99 = took[count/2], took[count*99/100]
	r.signatures, err = s.verify(to)
	return r, err
}

// medians of each figure by itself.
func medians(rounds []result) result {
	middle := func(of func(result) float64) float64 {
		var list []float64
		for _, r := range rounds {
			list = append(list, of(r))
		}
		slices.Sort(list)
		return list[len(list)/2]
	}
	span := func(of func(result) time.Duration) time.Duration {
		return time.Duration(middle(func(r result) float64 { return float64(of(r)) }))
	}
	r := result{
		rate:     middle(func(r result) float64 { return r.rate }),
		backlog:  middle(func(r result) float64 { return r.backlog }),
		cpu:      middle(func(r result) float64 { return r.cpu }),
		memory:   middle(func(r result) float64 { return r.memory }),
		p50:      span(func(r result) time.Duration { return r.p50 }),
		p99:      span(func(r result) time.Duration { return r.p99 }),
		quietP50: span(func(r result) time.Duration { return r.quietP50 }),
		quietP99: span(func(r result) time.Duration { return r.quietP99 }),
		slowest:  rounds[0].rate, best: rounds[0].rate, signatures: rounds[0].signatures,
	}
	for _, other := range rounds {
		r.slowest, r.best = min(r.slowest, other.rate), max(r.best, other.rate)
	}
	return r
}

// verify checks the signatures of the sample by which the tenant vouches, and
// says how many there are on each message.
func (s *sink) verify(of *peer) (signatures int, err error) {
	if of.unsigned {
		return 0, nil
	}
	for _, raw := range s.sample() {
		list := dkim.Verify(raw, of.key, time.Now())
		good := slices.ContainsFunc(list, func(v dkim.Verification) bool {
			return v.Domain == signed && v.Result == dkim.Pass && v.Algorithm == "rsa-sha256" && v.KeyBits == 2048
		})
		if !good {
			return 0, errors.New("a message arrived without a good RSA-2048 signature of " + string(signed))
		}
		signatures = len(list)
	}
	return signatures, nil
}
