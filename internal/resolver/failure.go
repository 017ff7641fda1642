package resolver

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/myodai/myodai"
)

var (
	errBudget = errors.New("not asked: the budget of queries is used up")
	errVolume = errors.New("not kept: the answers together are too large")
	errRepeat = errors.New("timeout; not asked again")
)

// reason is an error as an answer carries it.
func reason(err error) string {
	var timeout net.Error
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "connection closed"
	}
	if refusal, ok := errors.AsType[*myodai.Error](err); ok {
		return refusal.Message
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	return err.Error()
}

// isOurs reports whether the error says that this machine has no way to the
// address, which says nothing about the server.
func isOurs(err error) bool {
	for _, errno := range []syscall.Errno{syscall.ENETUNREACH, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

func isTimeout(err error) bool { return reason(err) == "timeout" }
