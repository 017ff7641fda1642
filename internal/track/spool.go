package track

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/myodai/myodai/internal/crash"
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

// spool is a queue of records in files of a directory. A record is durable once
// its batch is done, and is read until it is taken away. Records that come at
// the same time share a write and an fsync.
//
// Each file is a sequence of records, framed by length and checksum. A crash can
// only cut off the end of a file, and reading stops there; every start begins a
// new file. Where reading stands is not kept: after a crash the oldest file is
// read once more, and whoever takes records in knows them by their ids.
type spool struct {
	dir  string
	most int64 // octets of all files

	mu      sync.Mutex
	open    *batch // what waits to be written; nil for nothing
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

// segment is one file, and how much of it is durable.
type segment struct {
	path string
	size int64
}

// batch is what is made durable together. Err may be read once done is closed.
type batch struct {
	octets []byte
	done   chan struct{}
	err    error
}

// openSpool opens a directory, which is made if need be, with what is left in it.
func openSpool(dir string, most int64) (*spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the spool: %w", err)
	}
	entries, err := os.ReadDir(dir) // in the order of their names
	if err != nil {
		return nil, fmt.Errorf("open the spool: %w", err)
	}
	s := &spool{dir: dir, most: most, wake: make(chan struct{}, 1)}
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

// append takes a record; it is durable when the batch is done without an error.
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
		s.open = &batch{done: make(chan struct{})}
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	b := s.open
	b.octets = binary.BigEndian.AppendUint32(b.octets, uint32(len(data))) // #nosec G115 -- at most maxRecord
	b.octets = binary.BigEndian.AppendUint32(b.octets, crc32.Checksum(data, castagnoli))
	b.octets = append(b.octets, data...)
	s.size += n
	return b, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// write makes batches durable, one after the other, until the spool is closed.
func (s *spool) write() {
	for range s.wake {
		for {
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
			if b.err = s.store(b.octets); b.err != nil {
				s.mu.Lock()
				s.size -= int64(len(b.octets))
				s.mu.Unlock()
			}
			close(b.done)
		}
	}
}

// store appends octets to the current file and waits for the disk. After an
// error nobody knows what is in the file behind what was durable before, so it
// is not written to again.
func (s *spool) store(octets []byte) (err error) {
	s.files.Lock()
	defer s.files.Unlock()
	if s.current != nil && s.segments[len(s.segments)-1].size >= segmentSize {
		err = s.current.Close()
		s.current = nil
	}
	if s.current == nil && err == nil {
		err = s.begin()
	}
	if err == nil {
		crash.Point("spool", "before the write")
		_, err = s.current.Write(octets)
	}
	if err == nil {
		crash.Point("spool", "before the fsync")
		err = s.current.Sync()
		crash.Point("spool", "after the fsync")
	}
	if err != nil {
		if s.current != nil {
			_ = s.current.Close() // the first error says more
			s.current = nil
		}
		return fmt.Errorf("write the spool: %w", err)
	}
	s.segments[len(s.segments)-1].size += int64(len(octets))
	return nil
}

// begin makes the next file, whose name has to be durable as well.
func (s *spool) begin() error {
	s.number++
	path := filepath.Join(s.dir, fmt.Sprintf("%012d.spool", s.number))
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600) // #nosec G304 -- in our own directory
	if err != nil {
		return err
	}
	crash.Point("spool", "new file")
	if err := syncDir(s.dir); err != nil {
		return errors.Join(err, file.Close())
	}
	s.current, s.segments = file, append(s.segments, segment{path: path})
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir) // #nosec G304 -- in our own directory
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// position is how far the oldest file was read.
type position struct {
	path   string
	offset int64
}

// read returns the oldest durable records, at most n of them and all of one
// file, and where they end.
func (s *spool) read(n int) (list [][]byte, to position, err error) {
	s.files.Lock()
	defer s.files.Unlock()
	for len(s.segments) > 0 {
		first := s.segments[0]
		list, end, err := readFrames(first, s.offset, n)
		if err != nil {
			return nil, position{}, fmt.Errorf("read the spool: %w", err)
		}
		if len(list) > 0 {
			return list, position{first.path, end}, nil
		}
		if s.current != nil && len(s.segments) == 1 {
			return nil, position{}, nil
		}
		if err := s.drop(); err != nil {
			return nil, position{}, err
		}
	}
	return nil, position{}, nil
}

// readFrames reads records from offset on. It ends without an error at a record
// that a crash cut off.
func readFrames(from segment, offset int64, n int) (list [][]byte, end int64, err error) {
	file, err := os.Open(from.path)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = file.Close() }()
	octets := make([]byte, min(from.size-offset, int64(n)*1024+maxRecord+frameSize))
	got, err := file.ReadAt(octets, offset)
	if got < len(octets) {
		octets = octets[:got] // cut off; what is there counts
	} else if err != nil {
		return nil, 0, err
	}
	end = offset
	for len(list) < n && len(octets) >= frameSize {
		length := int(binary.BigEndian.Uint32(octets))
		if length > maxRecord || len(octets) < frameSize+length {
			break
		}
		data := octets[frameSize : frameSize+length]
		if crc32.Checksum(data, castagnoli) != binary.BigEndian.Uint32(octets[4:]) {
			break
		}
		list = append(list, data)
		octets = octets[frameSize+length:]
		end += int64(frameSize + length)
	}
	return list, end, nil
}

// take takes away the records up to a position that read returned, in the order
// in which it returned them.
func (s *spool) take(to position) error {
	s.files.Lock()
	defer s.files.Unlock()
	if len(s.segments) == 0 || s.segments[0].path != to.path {
		return nil
	}
	s.offset = to.offset
	if len(s.segments) > 1 || s.current == nil || s.offset < s.segments[0].size {
		return nil
	}
	// All there is has been read; a new file is begun when there is more.
	err := s.current.Close()
	s.current = nil
	return errors.Join(err, s.drop())
}

// drop removes the oldest file.
func (s *spool) drop() error {
	first := s.segments[0]
	crash.Point("spool", "before it is taken away")
	if err := os.Remove(first.path); err != nil {
		return fmt.Errorf("remove from the spool: %w", err)
	}
	s.segments, s.offset = slices.Delete(s.segments, 0, 1), 0
	s.mu.Lock()
	s.size -= first.size
	s.mu.Unlock()
	return nil
}

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
