package resolver

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/miekg/dns"
)

// conversation is one server being asked several things over one socket.
type conversation struct {
	*socket
	list      []*dns.Msg
	exactCase bool
	timeout   time.Duration // from the last query on
	end       time.Time     // of it all; zero for none

	sent int
	open []int // places in list of those that wait for their answers
}

// hold sends the messages, at most window before their answers, until all are
// answered or one is not in time.
func (c *conversation) hold(ctx context.Context, window int, got func(i int, reply *dns.Msg, size int)) error {
	for mismatches := 0; c.sent < len(c.list) || len(c.open) > 0; {
		if err := c.send(ctx, window); err != nil {
			return err
		}
		n, err := c.conn.Read(c.in[:])
		if err != nil {
			return err
		}
		at, reply := c.match(c.in[:n])
		if at < 0 {
			if mismatches++; mismatches == maxMismatches {
				return errForged
			}
			continue
		}
		i := c.open[at]
		c.open = slices.Delete(c.open, at, at+1)
		got(i, reply, n)
	}
	return nil
}

// send writes as many messages as may be open.
func (c *conversation) send(ctx context.Context, window int) error {
	if c.sent == len(c.list) || len(c.open) == window {
		return nil
	}
	deadline := time.Now().Add(c.timeout)
	if !c.end.IsZero() && c.end.Before(deadline) {
		deadline = c.end
	}
	_ = c.conn.SetDeadline(deadline) // shows in the next read
	if ctx.Err() != nil {
		return ctx.Err() // that may have set another one before
	}
	for ; c.sent < len(c.list) && len(c.open) < window; c.sent++ {
		m := c.list[c.sent]
		for slices.ContainsFunc(c.open, func(i int) bool { return c.list[i].Id == m.Id }) {
			m.Id = randomID()
		}
		wire, err := m.PackBuffer(c.out[:])
		if err != nil {
			return err
		}
		if _, err := c.conn.Write(wire); err != nil {
			return err
		}
		c.open = append(c.open, c.sent)
	}
	return nil
}

// match finds the open message that was answered, as its place in open; -1 for
// none.
func (c *conversation) match(wire []byte) (at int, reply *dns.Msg) {
	if len(wire) < 12 {
		return -1, nil
	}
	id := binary.BigEndian.Uint16(wire)
	at = slices.IndexFunc(c.open, func(i int) bool { return c.list[i].Id == id })
	if at < 0 {
		return -1, nil
	}
	reply = new(dns.Msg)
	if err := reply.Unpack(wire); err != nil && !reply.Truncated {
		// It may be cut off by a middlebox or by our buffer.
		if len(reply.Question) == 0 {
			return -1, nil
		}
		reply.Truncated = true
	}
	if !matches(reply, c.list[c.open[at]], c.exactCase) {
		return -1, nil
	}
	return at, reply
}
