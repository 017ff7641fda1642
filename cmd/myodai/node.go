package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// node is this machine's part in the service: its data directory, which no other
// process serves from at the same time, and the name it has whenever it is
// started from there.
type node struct {
	name  string
	owner string // what this run is called in leases
	file  *os.File
}

// openNode takes the data directory, which is made if need be. A process that
// dies gives it back, however it dies.
func openNode(dir string) (*node, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "node"), os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- in our own directory
	if err != nil {
		return nil, fmt.Errorf("open the data directory: %w", err)
	}
	n := &node{file: file}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { // #nosec G115 -- a small number
		n.close()
		return nil, usage("data: another process serves from %s; give each its own", dir)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		n.close()
		return nil, fmt.Errorf("read the name of this node: %w", err)
	}
	n.name, n.owner = strings.TrimSpace(string(text)), "."+rand.Text()
	if len(n.name) == len(rand.Text()) {
		n.owner = n.name + n.owner
		return n, nil
	}
	// None yet, or half of one: a new name costs half a minute at the next start.
	n.name = rand.Text()
	n.owner = n.name + n.owner
	if _, err := file.WriteAt([]byte(n.name+"\n"), 0); err != nil {
		n.close()
		return nil, fmt.Errorf("write the name of this node: %w", err)
	}
	return n, nil
}

func (n *node) close() { _ = n.file.Close() } // nothing was written that anybody waits for
