package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/myodai/myodai"
)

// transient and permanent are outcomes in our own words, with no reply behind them.
func transient(enhanced, format string, args ...any) *myodai.Outcome {
	return &myodai.Outcome{Kind: myodai.OutcomeTransient, Enhanced: enhanced, Text: fmt.Sprintf(format, args...)}
}

func permanent(enhanced, format string, args ...any) *myodai.Outcome {
	return &myodai.Outcome{Kind: myodai.OutcomePermanent, Enhanced: enhanced, Text: fmt.Sprintf(format, args...)}
}

// judge is the outcome a reply stands for where success would have been another.
// A reply that fits nowhere, such as 250 to DATA, settles nothing for good.
func judge(r reply) *myodai.Outcome {
	o := &myodai.Outcome{Kind: myodai.OutcomeTransient, Code: r.code, Enhanced: r.enhanced(), Text: r.text()}
	if r.code/100 == 5 {
		o.Kind = myodai.OutcomePermanent
	}
	return o
}

// judgeData is the outcome of a reply to the message itself. The words after it
// are Postfix's: what "unknown user" means depends on when it is said, and
// package bounce can only see the text.
func judgeData(r reply) *myodai.Outcome {
	o := judge(r)
	o.Text = strings.TrimSpace(o.Text + " (in reply to end of DATA command)")
	return o
}

// worse chooses between what two servers came to: as long as one of them leaves
// hope, there is hope; otherwise the newer counts.
func worse(older, newer *myodai.Outcome) *myodai.Outcome {
	if older != nil && older.Kind == myodai.OutcomeTransient && newer.Kind == myodai.OutcomePermanent {
		return older
	}
	return newer
}

// endedThere reports whether the server's side ended the connection, in whatever
// way, and not time or we.
func endedThere(err error) bool { return isReset(err) || isEnd(err) }

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// plainly says in a few words what went wrong with a connection, without the
// addresses and operations that Go's errors repeat.
func plainly(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, net.ErrClosed):
		return "we hung up"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return "timed out"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case isReset(err):
		return "the server reset the connection"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH),
		errors.Is(err, syscall.EADDRNOTAVAIL):
		return "no route to it"
	case isEnd(err):
		return "the server closed the connection"
	case errors.Is(err, errReplyTooLong), errors.Is(err, errReplyMalformed):
		return err.Error()
	}
	return "the connection failed"
}
