package smtptest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

func (c *sinkConn) data() bool {
	if c.state != "rcpt" {
		return c.say("554 5.5.1 no valid recipients")
	}
	if !c.say("354 go ahead") {
		return false
	}
	msg, err := readMessage(c.r)
	if err != nil {
		c.sink.t.Errorf("message: %v", err)
		return false
	}
	return c.take(msg)
}

// maxChunk bounds what a sink reads at a time.
const maxChunk = 64 << 20

// chunk is BDAT (RFC 3030 §2): the octets come whatever is answered.
func (c *sinkConn) chunk(argument string) bool {
	text, last := strings.CutSuffix(argument, " LAST")
	size, err := strconv.Atoi(text)
	if err != nil || size < 0 || size > maxChunk || text != strconv.Itoa(size) {
		c.sink.t.Errorf("the client says BDAT %q", argument)
		return false
	}
	octets, err := readChunk(c.r, size)
	if err != nil {
		return false // it may hang up at any time
	}
	if c.state != "rcpt" && c.state != "chunk" {
		return c.say("503 5.5.1 no valid recipients")
	}
	c.mail.Data, c.state = append(c.mail.Data, octets...), "chunk"
	if !last {
		return c.say("250 2.0.0 go on")
	}
	if !myodai.IsWireForm(c.mail.Data, 998) {
		c.sink.t.Errorf("a message that is not in wire form: %.200q", c.mail.Data)
	}
	return c.take(c.mail.Data)
}

// take keeps a message that came whole.
func (c *sinkConn) take(msg []byte) bool {
	c.mail.Data = msg
	c.state = ""
	c.taken++
	c.sink.mu.Lock()
	c.sink.mails = append(c.sink.mails, c.mail)
	n := len(c.sink.mails)
	close(c.sink.arrived)
	c.sink.arrived = make(chan struct{})
	c.sink.mu.Unlock()
	return c.say(fmt.Sprintf("250 2.0.0 taken as %d", n))
}
