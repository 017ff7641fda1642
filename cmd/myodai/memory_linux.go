package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// forgetStart gives back the pages of the program itself that only the start
// needed. Those that are wanted again come from the system's cache of the file.
func forgetStart() {
	program, err := os.Executable()
	if err != nil {
		return
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(maps)) {
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[5] != program || fields[1][1] != '-' {
			continue // not of the program, or written to
		}
		var start, end uint64
		from, to, _ := strings.Cut(fields[0], "-")
		if start, err = strconv.ParseUint(from, 16, 64); err != nil {
			continue
		}
		if end, err = strconv.ParseUint(to, 16, 64); err != nil {
			continue
		}
		// What cannot be given back stays, which harms nobody.
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(start), uintptr(end-start), syscall.MADV_DONTNEED)
	}
}
