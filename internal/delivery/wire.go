package delivery

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/crash"
)

// checkWire asserts that msg is in wire form: lines end in CRLF and nothing else
// does, none is longer than 998 octets, there is no NUL, and the last one is
// complete (RFC 5321 §2.3.8, RFC 5322 §2.1.1).
//
// Whoever made the message made it so. It is asserted here nevertheless, on
// every message, because a line end that only some receivers see lets a sender
// smuggle a second message past us (P24, T29).
func checkWire(msg []byte) error {
	switch {
	case len(msg) == 0:
		return errors.New("it is empty")
	case bytes.HasSuffix(msg, []byte("\r\n")) && myodai.IsWireForm(msg, maxWireLine):
		return nil
	}
	for rest := msg; ; {
		end := bytes.IndexAny(rest, "\r\n\x00")
		if end < 0 {
			return errors.New("its last line does not end")
		}
		if !bytes.HasPrefix(rest[end:], []byte("\r\n")) {
			return fmt.Errorf("octet %d is a lone %q", len(msg)-len(rest)+end+1, rest[end])
		}
		if end > maxWireLine {
			return fmt.Errorf("the line at octet %d has %d octets; %d are allowed", len(msg)-len(rest)+1, end, maxWireLine)
		}
		rest = rest[end+2:]
	}
}

// writeMessage writes msg, which is in wire form, with its dots doubled at the
// beginnings of lines (RFC 5321 §4.5.2), and the dot that ends it. What needs no
// dot is written in one piece, which a large one passes w's buffer in.
func writeMessage(w *bufio.Writer, msg []byte) error {
	for len(msg) > 0 {
		if msg[0] == '.' {
			if err := w.WriteByte('.'); err != nil {
				return err
			}
		}
		end := len(msg)
		if next := bytes.Index(msg, []byte("\n.")); next >= 0 {
			end = next + 1
		}
		if _, err := w.Write(msg[:end]); err != nil {
			return err
		}
		msg = msg[end:]
	}
	crash.Point("attempt", "before the final dot")
	if _, err := w.WriteString(".\r\n"); err != nil {
		return err
	}
	return w.Flush()
}

// paced gives every block its own time to leave.
type paced struct{ s *session }

func (p paced) Write(b []byte) (int, error) {
	_ = p.s.conn.SetWriteDeadline(time.Now().Add(p.s.agent.with.Timeouts.Block)) // Write tells when it did not work
	return p.s.conn.Write(b)
}

// needs is what a message asks of a server.
type needs struct {
	eightBit bool // octets past ASCII in the body (RFC 6152)
	utf8     bool // or in the header (RFC 6532)
}

func needsOf(msg []byte) needs {
	header := msg
	if end := bytes.Index(msg, []byte("\r\n\r\n")); end >= 0 {
		header = msg[:end]
	}
	return needs{
		eightBit: !ascii(msg),
		utf8:     !ascii(header),
	}
}

func ascii(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] { // eight at a time, as this looks at every octet we send
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// path writes an address for MAIL FROM and RCPT TO, in angle brackets. ok is
// false when it cannot be written without changing the command around it: then
// it did not come from a parser (T30).
func path(a myodai.Address) (text string, ok bool) {
	if a.Local == "" || a.Domain == "" || len(a.Local) > 64 || !utf8.ValidString(a.Local) {
		return "", false
	}
	if strings.ContainsFunc(a.Local, unicode.IsControl) || strings.ContainsFunc(string(a.Domain), foreignToHosts) {
		return "", false
	}
	return "<" + a.String() + ">", true
}

// foreignToHosts reports whether c stands in no host name as we write them.
func foreignToHosts(c rune) bool {
	return c != '.' && c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z')
}
