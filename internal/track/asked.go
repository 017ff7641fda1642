package track

import (
	"bytes"
	"time"
)

// asked is a request for a link or a picture. Its octets belong to who read
// them.
type asked struct {
	kind     byte
	token    []byte
	host     []byte
	agent    []byte
	head     bool // asked with HEAD
	prefetch bool
	last     bool // nothing follows on the connection
	at       time.Time
}

// parse reads the head of a request, up to its blank line. It takes what is as
// nearly everybody writes it (RFC 9112 §3 and §5) and has no body; ok is false
// for all else, whether it is wrong or only rare. What it takes means the same
// to net/http; a fuzz test compares.
func parse(b []byte) (q asked, ok bool) {
	line, b, _ := bytes.Cut(b, crlf)
	if !q.parseLine(line) {
		return q, false
	}
	for len(b) > 0 {
		if line, b, ok = bytes.Cut(b, crlf); !ok || !q.parseField(line) {
			return q, false
		}
	}
	return q, q.host != nil
}

var crlf = []byte("\r\n")

// parseLine reads the first line. Whatever was appended to a link means nothing.
func (q *asked) parseLine(line []byte) bool {
	line, plain := bytes.CutSuffix(line, []byte(" HTTP/1.1"))
	if !plain {
		return false
	}
	var get bool
	if line, get = bytes.CutPrefix(line, []byte("GET ")); !get {
		line, q.head = bytes.CutPrefix(line, []byte("HEAD "))
	}
	path, query, _ := bytes.Cut(line, []byte("?"))
	if !get && !q.head || len(path) < 4 || path[0] != '/' || path[1] != kindClick && path[1] != kindOpen || path[2] != '/' {
		return false
	}
	for _, c := range query {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	q.kind, q.token = path[1], path[3:]
	return isToken(q.token)
}

// parseField reads one field of the header.
func (q *asked) parseField(line []byte) bool {
	name, value, found := bytes.Cut(line, []byte(":"))
	if !found || !isToken(name) {
		return false
	}
	value = bytes.Trim(value, " \t")
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	is := func(field string) bool { return len(name) == len(field) && bytes.EqualFold(name, []byte(field)) }
	switch {
	case is("Host"):
		if q.host != nil || len(value) == 0 {
			return false
		}
		q.host = value
	case is("User-Agent"):
		if q.agent == nil {
			q.agent = value
		}
	case is("Connection"):
		last := bytes.EqualFold(value, []byte("close"))
		q.last = q.last || last
		return last || bytes.EqualFold(value, []byte("keep-alive"))
	case is("Content-Length"), is("Transfer-Encoding"), is("Trailer"), is("Expect"), is("Upgrade"):
		return false // a body, or another protocol
	default:
		for _, field := range prefetchFields {
			q.prefetch = q.prefetch || is(field) && tellsPrefetch(string(value))
		}
	}
	return true
}

// isToken reports whether b is of letters, digits, hyphens and underscores, which
// tokens are made of, and the names of fields.
func isToken(b []byte) bool {
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return len(b) > 0
}
