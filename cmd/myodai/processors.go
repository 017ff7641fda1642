package main

import (
	"os"
	"runtime"
)

// addProcessor lets one thread more run Go than there are processors, unless an
// operator says GOMAXPROCS. One is often in the disk's hands: a thread that waits
// for an fsync keeps its right to run Go until the runtime notices, and the others
// would leave a processor idle meanwhile.
func addProcessor() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}
