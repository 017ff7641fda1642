package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// limits is what the machine can do at best.
type limits struct {
	signs   float64         // RSA-2048 operations per second, all cores
	signCPU float64         // the same by the CPU time it took, so that other work does not count
	fsyncs  float64         // 4 KiB appended and made durable, one after another
	direct  map[int]float64 // source straight into sink, messages per second, by size
}

// limits measures them, a second each.
func (p contest) limits(s *sink) (l limits, err error) {
	if l.signs, l.signCPU, err = signsPerSecond(); err != nil {
		return l, err
	}
	if l.fsyncs, err = p.fsyncsPerSecond(); err != nil {
		return l, err
	}
	l.direct = map[int]float64{}
	for _, size := range p.sizes {
		r, err := p.direct(s, size)
		if err != nil {
			return l, err
		}
		l.direct[size] = r
	}
	return l, nil
}

func signsPerSecond() (rate, byCPU float64, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return 0, 0, err
	}
	var done atomic.Int64
	var failed atomic.Value
	var all sync.WaitGroup
	began, cpu := time.Now(), ownCPU()
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			digest := make([]byte, 32)
			for time.Since(began) < time.Second {
				if _, err := key.Sign(nil, digest, crypto.SHA256); err != nil {
					failed.Store(err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	if err, ok := failed.Load().(error); ok {
		return 0, 0, err
	}
	n := float64(done.Load())
	return n / time.Since(began).Seconds(), n / (ownCPU() - cpu) * float64(runtime.GOMAXPROCS(0)), nil
}

// ownCPU is what this process has used, in seconds.
func ownCPU() float64 {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // cannot fail with these arguments
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

func (p contest) fsyncsPerSecond() (rate float64, err error) {
	f, err := os.Create(filepath.Join(p.dir, "fsync"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	block := make([]byte, 4<<10)
	began, n := time.Now(), 0
	for ; time.Since(began) < time.Second; n++ {
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

// direct sends from the source straight into the sink.
func (p contest) direct(s *sink, size int) (float64, error) {
	count := 4 * p.messages
	s.expect(count)
	var next atomic.Int64
	var failed atomic.Value
	var all sync.WaitGroup
	began := time.Now()
	for range p.sessions {
		c, err := door{address: s.address}.open()
		if err != nil {
			return 0, err
		}
		defer c.close()
		all.Go(func() {
			var message []byte
			for n := next.Add(1) - 1; int(n) < count; n = next.Add(1) - 1 {
				message = letter(message[:0], int(n), size)
				if err := c.send(message); err != nil {
					failed.Store(err)
					return
				}
			}
		})
	}
	all.Wait()
	if err, ok := failed.Load().(error); ok {
		return 0, err
	}
	if err := s.wait(longest); err != nil {
		return 0, err
	}
	return float64(count) / s.last().Sub(began).Seconds(), nil
}
