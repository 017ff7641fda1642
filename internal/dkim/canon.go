package dkim

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"
)

// Canonicalization is a form a header or a body is brought into before it is
// hashed (RFC 6376 §3.4).
type Canonicalization string

const (
	Simple  Canonicalization = "simple"
	Relaxed Canonicalization = "relaxed"
)

var crlf = []byte("\r\n")

// bodyHash is SHA-256 over a canonical body.
type bodyHash struct {
	sum    [sha256.Size]byte
	length int64 // of the whole canonical body, also past a limit
}

// hashBody hashes the canonical form of body, or its first limit octets when
// limit is not negative. It reads body once and keeps no copy of it.
func hashBody(body []byte, c Canonicalization, limit int64) bodyHash {
	s := sinks.Get().(*sink)
	defer sinks.Put(s)
	s.hash.Reset()
	s.limit, s.total = limit, 0
	if c == Simple {
		s.simple(body)
	} else {
		s.relaxed(body)
	}
	s.flush()
	var sum bodyHash
	s.hash.Sum(sum.sum[:0])
	sum.length = s.total
	return sum
}

// sinks are used again, as each is larger than all else that signing takes.
var sinks = sync.Pool{New: func() any { return &sink{hash: sha256.New()} }}

// sink gathers what is written to it into blocks worth hashing.
type sink struct {
	hash  hash.Hash
	limit int64 // octets to hash; negative for all
	total int64 // octets written
	n     int   // octets in buf
	buf   [4096]byte
}

func (s *sink) write(p []byte) {
	before := s.total
	s.total += int64(len(p))
	if s.limit >= 0 && s.total > s.limit {
		p = p[:max(s.limit-before, 0)]
	}
	if len(p) > len(s.buf)-s.n {
		s.flush()
		if len(p) >= len(s.buf) {
			s.hash.Write(p)
			return
		}
	}
	s.n += copy(s.buf[s.n:], p)
}

func (s *sink) flush() {
	s.hash.Write(s.buf[:s.n])
	s.n = 0
}

// simple drops empty lines at the end; an empty body becomes one CRLF
// (RFC 6376 §3.4.3).
func (s *sink) simple(body []byte) {
	for bytes.HasSuffix(body, crlf) {
		body = body[:len(body)-len(crlf)]
	}
	s.write(body)
	s.write(crlf)
}

// relaxed drops white space at the end of lines, shrinks it elsewhere to one
// space, and drops empty lines at the end; an empty body stays empty
// (RFC 6376 §3.4.4).
func (s *sink) relaxed(body []byte) {
	empty := 0 // lines not written yet, as they may be the last
	for len(body) > 0 {
		write, end := s.write, bytes.LastIndex(body[:plain(body)], crlf) // of many lines
		if end < 0 {
			write, end = s.relaxedLine, bytes.Index(body, crlf) // of one
		}
		text := body
		if end >= 0 {
			text, body = body[:end], body[end+len(crlf):]
		} else {
			body = nil
		}
		after := 0
		for bytes.HasSuffix(text, crlf) {
			text = text[:len(text)-len(crlf)]
			after++
		}
		if text = trimRight(text); len(text) == 0 {
			empty += after + 1
			continue
		}
		for ; empty > 0; empty-- {
			s.write(crlf)
		}
		write(text)
		s.write(crlf)
		empty = after
	}
}

// plain is how far body has no white space that the relaxed form changes, or a
// little less: no tab, and no space at the end of a line or before another. Most
// mail is so, and need not be taken apart. It looks at eight octets at a time.
func plain(body []byte) int {
	i := 0
	for ; i+9 <= len(body); i += 8 {
		these, next := binary.LittleEndian.Uint64(body[i:]), binary.LittleEndian.Uint64(body[i+1:])
		if equal(these, '\t')|equal(these, ' ')&(equal(next, ' ')|equal(next, '\r')) != 0 {
			return i
		}
	}
	for ; i < len(body); i++ {
		if isWSP(body[i]) && (body[i] == '\t' || i+1 == len(body) || body[i+1] == ' ' || body[i+1] == '\r') {
			return i
		}
	}
	return i
}

// equal sets the highest bit of those octets of x that are c, and no other bit.
func equal(x uint64, c byte) uint64 {
	const low = 0x7f7f7f7f7f7f7f7f // all bits but the highest of each octet
	x ^= 0x0101010101010101 * uint64(c)
	return ^(x&low + low | x | low)
}

// relaxedLine writes a line that does not end in white space. It writes from
// one run of white space that is not a single space to the next.
func (s *sink) relaxedLine(line []byte) {
	start := 0
	for i := 0; i < len(line); i++ {
		if !isWSP(line[i]) || line[i] == ' ' && !isWSP(line[i+1]) {
			continue
		}
		s.write(line[start:i])
		s.write([]byte{' '})
		for isWSP(line[i+1]) {
			i++
		}
		start = i + 1
	}
	s.write(line[start:])
}

// appendRelaxed appends the relaxed form of a header field with the final CRLF:
// name in lower case, value unfolded, white space shrunk and trimmed
// (RFC 6376 §3.4.2).
func appendRelaxed(dst []byte, f field) []byte {
	for _, c := range f.name {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	dst = append(dst, ':')
	start, space := len(dst), false
	value := f.value()
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c == '\r' && i+1 < len(value) && value[i+1] == '\n':
			i++
			continue
		case isWSP(c):
			space = true
			continue
		case space && len(dst) > start:
			dst = append(dst, ' ')
		}
		space = false
		dst = append(dst, c)
	}
	return append(dst, crlf...)
}

func isWSP(c byte) bool { return c == ' ' || c == '\t' }

func trimRight(line []byte) []byte {
	for len(line) > 0 && isWSP(line[len(line)-1]) {
		line = line[:len(line)-1]
	}
	return line
}
