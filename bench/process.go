package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is what /proc says of one.
type process struct {
	id, parent int
	ticks      float64 // CPU, its own and that of children that have ended
}

// tree lists the processes with the given ids and all below them.
func tree(roots []int) []process {
	all := map[int]process{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path) // #nosec G304 -- /proc
		if err != nil {
			continue // it has ended
		}
		if p, ok := parseStat(text); ok {
			all[p.id] = p
		}
	}
	var list []process
	for id := range all {
		for at, steps := id, 0; at != 0 && steps < 50; at, steps = all[at].parent, steps+1 {
			if slices.Contains(roots, at) {
				list = append(list, all[id])
				break
			}
		}
	}
	return list
}

// parseStat reads proc_pid_stat(5).
func parseStat(text []byte) (p process, ok bool) {
	id, rest, found := bytes.Cut(text, []byte(" ("))
	end := bytes.LastIndexByte(rest, ')')
	if !found || end < 0 {
		return p, false
	}
	fields := strings.Fields(string(rest[end+1:]))
	if len(fields) < 15 {
		return p, false
	}
	number := func(i int) float64 { n, _ := strconv.ParseFloat(fields[i], 64); return n }
	p.id, _ = strconv.Atoi(string(id))
	p.parent = int(number(1))
	p.ticks = number(11) + number(12) + number(13) + number(14)
	return p, true
}

// kilobytes is the memory of a process, where what several share counts once
// (PSS).
func (p process) kilobytes() (n float64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.id)) // #nosec G304 -- /proc
	if err != nil {
		return 0 // it has ended
	}
	for line := range strings.Lines(string(text)) {
		if _, err := fmt.Sscanf(line, "Pss: %f kB", &n); err == nil {
			return n
		}
	}
	return 0
}

// cpuSeconds is what the processes have used since they began.
func cpuSeconds(roots []int) float64 {
	const perSecond = 100 // USER_HZ, on every Linux
	sum := 0.0
	for _, p := range tree(roots) {
		sum += p.ticks
	}
	return sum / perSecond
}

// watchMemory looks every second until the returned function is called,
// which says how many MiB it were at the most.
func watchMemory(roots []int) (stop func() float64) {
	ended, peak := make(chan struct{}), make(chan float64)
	go func() {
		most := 0.0
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			sum := 0.0
			for _, p := range tree(roots) {
				sum += p.kilobytes() / 1024
			}
			most = max(most, sum)
			select {
			case <-ended:
				peak <- most
				return
			case <-tick.C:
			}
		}
	}()
	return func() float64 { close(ended); return <-peak }
}

// begin starts a program, its output in a file, that ends with us. environ is
// added to our own.
func begin(log string, environ []string, program string, args ...string) (*exec.Cmd, error) {
	out, err := os.Create(log) // #nosec G304 -- in our own directory
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()
	cmd := exec.Command(program, args...) // #nosec G204 G702 -- what is measured
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), environ...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd, cmd.Start()
}

// end asks a program to end, and makes it when it does not.
func end(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	_ = cmd.Wait() // how it ended says nothing here
}

// eventually waits until done, looking fifty times a second.
func eventually(what string, done func() bool) error {
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("waited in vain: %s", what)
		}
	}
	return nil
}
