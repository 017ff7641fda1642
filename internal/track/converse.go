package track

import (
	"bytes"
	"net"
	"time"
)

// headSize is room for what a browser asks with, if it has no cookies of the
// tenant's other hosts. Who has needs net/http.
const headSize = 4 << 10

// slack is by how much a limit of time may be missed. Deadlines are not set anew
// for each of the many requests on a connection.
const slack = 5 * time.Second

// converse answers on a connection as long as it understands what is asked. It
// returns true when the connection is to be handed over, with what was read and
// not answered.
//
// A request is understood when it comes whole, in one piece, so there is nobody
// slow to wait for here, only for who asks nothing at all.
func (f *front) converse(conn net.Conn) (read []byte, over bool) {
	h2, err := handshake(conn)
	if err != nil || h2 {
		if err != nil {
			f.log.Debug("handshake", "err", err) // strangers cause them
		}
		return nil, h2
	}
	in := make([]byte, 0, headSize)
	var out []byte
	limits := deadlines{conn: conn}
	limits.untilRead(time.Now(), headTime)
	for !f.closing.Load() {
		if len(in) == 0 {
			n, err := conn.Read(in[:cap(in)])
			if n == 0 && err != nil {
				return nil, false
			}
			in = in[:n]
		}
		end := bytes.Index(in, []byte("\r\n\r\n"))
		if end < 0 {
			return in, true
		}
		q, ok := parse(in[:end+2])
		if !ok {
			return in, true
		}
		q.at = time.Now()
		q.last = q.last || f.closing.Load()
		if out, ok = f.reply(out[:0], q); !ok {
			return in, true
		}
		limits.untilWritten(q.at)
		if _, err := conn.Write(out); err != nil || q.last {
			return nil, false
		}
		in = in[:copy(in, in[end+4:])]
		limits.untilRead(q.at, idleTime)
	}
	return nil, false
}

// deadlines are those of a connection, as they were set last.
type deadlines struct {
	conn        net.Conn
	read, write time.Time
}

// untilRead bounds the wait for a request.
func (d *deadlines) untilRead(now time.Time, most time.Duration) {
	if at := now.Add(most); at.Sub(d.read) > slack || d.read.After(at) {
		d.read = at
		_ = d.conn.SetReadDeadline(at) // reading fails, too, then
	}
}

// untilWritten bounds the writing of an answer.
func (d *deadlines) untilWritten(now time.Time) {
	if at := now.Add(answerTime); d.write.Before(at) {
		d.write = at.Add(slack)
		_ = d.conn.SetWriteDeadline(d.write) // writing fails, too, then
	}
}
