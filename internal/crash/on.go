//go:build crash

package crash

import (
	"bytes"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
)

var (
	deadly  = os.Getenv(PointVariable)
	passage = firstOr(os.Getenv(PassageVariable))
	poison  = []byte(os.Getenv(PoisonVariable))
	passed  atomic.Int64
)

func firstOr(s string) int64 {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	return 1
}

// Point kills the process when the environment names this moment, at the passage
// it names.
func Point(what, when string) {
	if deadly != "" && what+": "+when == deadly && passed.Add(1) == passage {
		die()
	}
}

// Poison kills the process when the message has the octets in it that the
// environment names.
func Poison(message []byte) {
	if len(poison) > 0 && bytes.Contains(message, poison) {
		die()
	}
}

// die does not return: nothing goes on while the signal is on its way.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}
