package track

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"

	"github.com/myodai/myodai/internal/crash"
)

// segment is one file, and how much of it is durable.
type segment struct {
	path string
	size int64
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
