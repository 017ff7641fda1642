package track

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	segmentSize = 8 << 20 // octets after which the next file is begun
	frameSize   = 8       // octets before each record: its length and its checksum
	maxRecord   = 16 << 10
)

// errFull is a spool that takes no more: the store has been away for too long.
// What is in it stays, and what is newer is lost.
var errFull = errors.New("the spool is full")

var errShut = errors.New("the spool is closed")

// errSlow is a disk that takes its time. What was kept becomes durable, or is
// lost, later.
var errSlow = errors.New("the disk takes its time")

// spool is a queue of records in files of a directory. A record that was kept is
// durable, and is read until it is taken away. Records that come at the same
// time share a write, an fsync, and the wait for it.
//
// Each file is a sequence of records, framed by length and checksum. A crash can
// only cut off the end of a file, and reading stops there; every start begins a
// new file. Where reading stands is not kept: after a crash the oldest file is
// read once more, and whoever takes records in knows them by their ids.
type spool struct {
	dir      string
	most     int64         // octets of all files
	patience time.Duration // how long those wait who keep something

	mu      sync.Mutex
	open    *batch // what waits to be written; nil for nothing
	spare   []byte // room of a batch that is over
	size    int64  // octets of all files, and of what waits
	closed  bool
	writing sync.WaitGroup
	wake    chan struct{} // has room for one

	files    sync.Mutex // held while files are written or removed
	segments []segment  // oldest first
	current  *os.File   // the last of segments, while it is written to; nil before
	number   int        // of the newest segment there has been
	offset   int64      // how much of the first segment was taken away
}

// batch is what is made durable together.
type batch struct {
	octets []byte
	late   *time.Timer   // tells those who wait that it takes too long
	once   sync.Once     // closes told
	told   chan struct{} // err may be read
	err    error
}

// tell says to those who wait what became of the batch, unless they know.
func (b *batch) tell(err error) {
	b.once.Do(func() {
		b.err = err
		close(b.told)
	})
}

// openSpool opens a directory, which is made if need be, with what is left in it.
func openSpool(dir string, most int64, patience time.Duration) (*spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the spool: %w", err)
	}
	entries, err := os.ReadDir(dir) // in the order of their names
	if err != nil {
		return nil, fmt.Errorf("open the spool: %w", err)
	}
	s := &spool{dir: dir, most: most, patience: patience, wake: make(chan struct{}, 1)}
	for _, e := range entries {
		number, err := strconv.Atoi(strings.TrimSuffix(e.Name(), ".spool"))
		info, infoErr := e.Info()
		if err != nil || infoErr != nil || !info.Mode().IsRegular() {
			continue
		}
		s.segments = append(s.segments, segment{filepath.Join(dir, e.Name()), info.Size()})
		s.size += info.Size()
		s.number = number
	}
	s.writing.Go(s.write)
	return s, nil
}

// keep appends a record and returns when it is durable, or will not be, or when
// that takes too long (errSlow).
func (s *spool) keep(data []byte) error {
	b, err := s.append(data)
	if err != nil {
		return err
	}
	<-b.told
	return b.err
}

func (s *spool) append(data []byte) (*batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := int64(frameSize + len(data))
	switch {
	case s.closed:
		return nil, errShut
	case len(data) > maxRecord:
		return nil, fmt.Errorf("a record of %d octets is too long for the spool", len(data))
	case s.size+n > s.most:
		return nil, errFull
	}
	if s.open == nil {
		b := &batch{octets: s.spare, told: make(chan struct{})}
		b.late = time.AfterFunc(s.patience, func() { b.tell(errSlow) })
		s.open, s.spare = b, nil
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	b := s.open
	b.octets = append(append(b.octets, make([]byte, frameSize)...), data...)
	frame := b.octets[len(b.octets)-int(n):]
	binary.BigEndian.PutUint32(frame, uint32(len(data))) // #nosec G115 -- at most maxRecord
	binary.BigEndian.PutUint32(frame[4:], crc32.Checksum(frame[frameSize:], castagnoli))
	s.size += n
	return b, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// write makes batches durable, one after the other, until the spool is closed.
func (s *spool) write() {
	for range s.wake {
		for {
			runtime.Gosched() // whoever is about to keep something comes along
			s.mu.Lock()
			b, closed := s.open, s.closed
			s.open = nil
			s.mu.Unlock()
			if b == nil {
				if closed {
					return
				}
				break
			}
			err := s.store(b.octets)
			b.late.Stop()
			b.tell(err)
			s.mu.Lock()
			if err != nil {
				s.size -= int64(len(b.octets))
			}
			if cap(b.octets) <= maxSpare {
				s.spare = b.octets[:0]
			}
			s.mu.Unlock()
		}
	}
}

// maxSpare bounds the room that is kept for the next batch, in octets.
const maxSpare = 256 << 10

// held is how many octets the spool has in it.
func (s *spool) held() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// close makes durable what waits, and takes nothing more.
func (s *spool) close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	close(s.wake)
	s.writing.Wait()
	s.files.Lock()
	defer s.files.Unlock()
	if s.current == nil {
		return nil
	}
	err := s.current.Close()
	s.current = nil
	return err
}
