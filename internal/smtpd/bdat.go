package smtpd

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// bdat is BDAT (RFC 3030 §2): a piece of the message whose length is said before,
// so that nothing in it can be taken for its end. The octets are read whatever
// the answer is, or they would be taken for commands (T28).
func (s *session) bdat(ctx context.Context, c command) {
	_ = s.conn.SetReadDeadline(s.within(s.server.o.Limits.Data))
	t := s.mail
	switch {
	case t == nil, t.failed:
		s.discard(c, replySequence)
		return
	case len(t.envelope.Recipients) == 0:
		s.discard(c, replyNoRcpt)
		return
	case int64(len(t.chunks))+c.size > s.server.o.Limits.MaxSize:
		t.failed = true
		s.discard(c, replyTooLarge)
		return
	case !s.takeRoom(c.size):
		t.failed = true
		s.discard(c, replyNoRoom)
		return
	}
	t.chunked = true
	start := len(t.chunks)
	t.chunks = append(t.chunks, make([]byte, c.size)...)
	if _, err := io.ReadFull(s.r, t.chunks[start:]); err != nil {
		s.failed(err)
		return
	}
	if !c.last {
		s.junk = 0 // a long message in small pieces is not junk
		s.reply(replyChunk)
		return
	}
	if !myodai.IsWireForm(t.chunks, len(t.chunks)) {
		s.finish(replyBare)
		return
	}
	s.finish(s.handOn(ctx, t, t.chunks, nil))
}

// discard reads a piece that nobody wants, and answers it. One that is larger
// than any message is not worth reading.
func (s *session) discard(c command, r reply) {
	if c.size > s.server.o.Limits.MaxSize {
		s.end(r)
		return
	}
	if _, err := io.CopyN(io.Discard, s.r, c.size); err != nil {
		s.failed(err)
		return
	}
	if c.last {
		s.forget()
	}
	s.reply(r)
}

// takeRoom takes memory for the transaction; forget gives it back.
func (s *session) takeRoom(octets int64) bool {
	if !s.server.memory.take(octets) {
		return false
	}
	s.mail.taken += octets
	return true
}

// forget ends the transaction.
func (s *session) forget() {
	if s.mail != nil {
		s.server.memory.give(s.mail.taken)
		s.mail = nil
	}
}

// parseChunk reads the argument of BDAT: a length of at most 20 digits, and
// whether it is the last piece.
func (c *command) parseChunk(arg string) *reply {
	digits, last, _ := strings.Cut(arg, " ")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || digits[0] == '+' || len(digits) > 20 || last != "" && !strings.EqualFold(last, "LAST") {
		return &replyChunkSyntax
	}
	c.size, c.last = n, last != ""
	return nil
}
