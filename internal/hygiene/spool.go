package hygiene

import (
	"bufio"
	"container/heap"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"

	"github.com/myodai/myodai"
)

// runSize is how many octets of records are held in memory before they are
// sorted and written as a run.
const runSize = 8 << 20

// noSpace marks the error of a full disk as one that is.
func noSpace(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", myodai.ErrNoSpace, err)
	}
	return err
}

// spool keeps records on disk in sorted runs, so that any number of them can be
// read in order with little memory. It is written once and then read any number
// of times.
type spool struct {
	file   *os.File
	end    int64
	runs   [][2]int64 // from, to
	held   []record
	octets int
}

// newSpool makes a file in dir that nobody else can read and that is gone when
// the process is: it holds the addresses of somebody's customers.
func newSpool(dir string) (*spool, error) {
	file, err := os.CreateTemp(dir, "audit-*")
	if err != nil {
		return nil, fmt.Errorf("make a spool file: %w", noSpace(err))
	}
	if err := os.Remove(file.Name()); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("hide a spool file: %w", err)
	}
	return &spool{file: file}, nil
}

func (s *spool) close() { _ = s.file.Close() } // nothing in it is wanted any more

func (s *spool) add(r record) error {
	s.held, s.octets = append(s.held, r), s.octets+r.size()
	if s.octets < runSize {
		return nil
	}
	return s.flush()
}

// flush writes what is held as one more run.
func (s *spool) flush() error {
	if len(s.held) == 0 {
		return nil
	}
	slices.SortStableFunc(s.held, record.compare)
	w := bufio.NewWriterSize(s.file, 64<<10)
	from := s.end
	var line []byte
	for _, r := range s.held {
		line = r.append(line[:0])
		n, err := w.Write(line)
		if s.end += int64(n); err != nil {
			return fmt.Errorf("write spool: %w", noSpace(err))
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write spool: %w", noSpace(err))
	}
	s.runs = append(s.runs, [2]int64{from, s.end})
	clear(s.held)
	s.held, s.octets = s.held[:0], 0
	return nil
}

// done gives back the memory that writing needed.
func (s *spool) done() error {
	err := s.flush()
	s.held = nil
	return err
}

// reader reads all records in order. Several may read at the same time.
func (s *spool) reader() (*merger, error) {
	m := &merger{}
	for _, run := range s.runs {
		from := bufio.NewReaderSize(io.NewSectionReader(s.file, run[0], run[1]-run[0]), 16<<10)
		first, err := readRecord(from)
		if err != nil {
			return nil, fmt.Errorf("read spool: %w", err)
		}
		m.heads = append(m.heads, head{first, from})
	}
	heap.Init(&m.heads)
	return m, nil
}

// merger is the runs of a spool, merged.
type merger struct{ heads heads }

// next returns io.EOF at the end.
func (m *merger) next() (record, error) {
	if len(m.heads) == 0 {
		return record{}, io.EOF
	}
	r := m.heads[0].next
	following, err := readRecord(m.heads[0].from)
	switch {
	case err == io.EOF:
		heap.Pop(&m.heads)
	case err != nil:
		return record{}, fmt.Errorf("read spool: %w", err)
	default:
		m.heads[0].next = following
		heap.Fix(&m.heads, 0)
	}
	return r, nil
}

// head is a run and its next record.
type head struct {
	next record
	from *bufio.Reader
}

// heads is a heap of runs by their next record.
type heads []head

func (h heads) Len() int           { return len(h) }
func (h heads) Less(i, j int) bool { return h[i].next.compare(h[j].next) < 0 }
func (h heads) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)        { *h = append(*h, x.(head)) }
func (h *heads) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
