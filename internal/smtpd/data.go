package smtpd

import (
	"bufio"
	"bytes"
	"errors"
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
	var message []byte
	var failed error
	atStart := true // of a line
	for {
		part, err := r.ReadSlice('\n')
		whole := err == nil
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		text := part
		if whole {
			text = bytes.TrimSuffix(part, crlf)
			if len(text) == len(part) {
				return nil, errBare // LF without CR
			}
		} else if n := len(part) - 1; part[n] == '\r' {
			// Whether it is bare shows with the next octet.
			part, text = part[:n], part[:n]
			if err := r.UnreadByte(); err != nil {
				return nil, err
			}
		}
		if bytes.IndexByte(text, '\r') >= 0 || bytes.IndexByte(text, 0) >= 0 {
			return nil, errBare
		}
		if atStart && len(text) > 0 && text[0] == '.' {
			if whole && len(text) == 1 {
				return message, failed
			}
			part = part[1:]
		}
		atStart = whole
		switch {
		case failed != nil:
		case int64(len(message)+len(part)) > limit:
			message, failed = nil, errTooLarge
		default:
			if message = appendRoom(message, part, room); message == nil {
				failed = errNoRoom
			}
		}
	}
}

// appendRoom appends part, or returns nil when there is no room to grow.
func appendRoom(message, part []byte, room func(octets int64) bool) []byte {
	const least = 16 << 10
	if need := len(message) + len(part); message == nil || need > cap(message) {
		size := max(need, 2*cap(message), least)
		if !room(int64(size - cap(message))) {
			return nil
		}
		grown := make([]byte, len(message), size)
		copy(grown, message)
		message = grown
	}
	return append(message, part...)
}
