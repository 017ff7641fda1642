package smtpd

import (
	"bufio"
	"bytes"
	"errors"
	"sync"

	"github.com/myodai/myodai"
)

// What readData says of a message. After errTooLarge and errNoRoom all of it has
// been read, and the next command follows; after errBare it has not.
var (
	errBare     = errors.New("bare CR, bare LF or NUL in DATA")
	errTooLarge = errors.New("message too large")
	errNoRoom   = errors.New("no memory for the message")
)

var crlf = []byte("\r\n")

// readData reads a message up to the line with a single dot, and undoes
// dot-stuffing (RFC 5321 §4.5.2).
//
// Only CRLF ends a line. net/textproto ends a message at LF.LF too, and others
// keep a bare CR or LF as content, which the next server may take for a line end:
// so a message can be one for us and two for somebody else (T28, F5). Here a bare
// CR, a bare LF or a NUL is an error, and the caller must close the connection,
// because where such a message ends is a matter of opinion.
//
// room is asked before memory is taken, in octets; when it says no, the rest of
// the message is read and forgotten.
func readData(r *bufio.Reader, limit int64, room func(octets int64) bool) ([]byte, error) {
	m := incoming{limit: limit, room: room}
	for atStart := true; ; { // of a line
		part, whole, err := readPart(r)
		if err != nil {
			return nil, err
		}
		n, ended := m.take(part, atStart)
		if !myodai.IsWireForm(part[:n], n) {
			return nil, errBare
		}
		if _, err := r.Discard(n); err != nil {
			return nil, err
		}
		if ended {
			return m.octets, m.failed
		}
		atStart = whole
	}
}

// readPart waits for whole lines, and shows as many as have come; or part of one
// that does not end within r's buffer.
func readPart(r *bufio.Reader) (part []byte, whole bool, err error) {
	for want := 1; ; {
		if _, err := r.Peek(want); err != nil {
			return nil, false, err
		}
		there, err := r.Peek(r.Buffered())
		if n := bytes.LastIndexByte(there, '\n') + 1; n > 0 || err != nil {
			return there[:n], true, err
		}
		if len(there) == r.Size() {
			return bytes.TrimSuffix(there, crlf[:1]), false, nil // whether a CR is bare shows with the next octet
		}
		want = len(there) + 1
	}
}

// incoming is a message as far as it has been read.
type incoming struct {
	octets []byte
	failed error // errTooLarge or errNoRoom, and then there are no octets
	limit  int64
	room   func(octets int64) bool
}

// take appends lines, dot-stuffing undone, up to the one with a single dot, and
// says how many octets they were with that one, and whether it has come.
func (m *incoming) take(part []byte, atStart bool) (n int, ended bool) {
	for n < len(part) {
		if atStart && part[n] == '.' {
			if bytes.HasPrefix(part[n:], []byte(".\r\n")) {
				return n + 3, true
			}
			n++
		}
		end := len(part)
		if next := bytes.Index(part[n:], []byte("\n.")); next >= 0 {
			end = n + next + 1
		}
		m.append(part[n:end])
		n, atStart = end, true
	}
	return n, false
}

func (m *incoming) append(part []byte) {
	switch {
	case m.failed != nil:
	case int64(len(m.octets)+len(part)) > m.limit:
		m.octets, m.failed = nil, errTooLarge
	default:
		if m.octets = appendRoom(m.octets, part, m.room); m.octets == nil {
			m.failed = errNoRoom
		}
	}
}

// What a message is read into is used again, as far as it is of a usual size:
// most garbage would be of it.
const leastBuffer, mostBuffer = 16 << 10, 64 << 10

var buffers = sync.Pool{New: func() any { return new(make([]byte, 0, leastBuffer)) }}

// appendRoom appends part, or returns nil when there is no room to grow.
func appendRoom(message, part []byte, room func(octets int64) bool) []byte {
	accounted := cap(message)
	if message == nil {
		message = (*buffers.Get().(*[]byte))[:0]
	}
	size := cap(message)
	if need := len(message) + len(part); need > size {
		size = max(need, 2*size)
	}
	if size > accounted && !room(int64(size-accounted)) {
		return nil
	}
	if size > cap(message) {
		message = append(make([]byte, 0, size), message...)
	}
	return append(message, part...)
}

// forgetMessage gives back what readData returned, which nobody may look at from
// then on.
func forgetMessage(message []byte) {
	if n := cap(message); n >= leastBuffer && n <= mostBuffer {
		buffers.Put(&message)
	}
}
