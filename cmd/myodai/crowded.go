package main

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/myodai/myodai"
)

// crowded adds to a fault at the start what it may come from and does not say: the
// file system of the data directory has no room for another file. SQLite says of it
// no more than that it cannot open one, and the system that no space is left, while
// df shows plenty.
func crowded(dir string, err error) error {
	if _, refused := errors.AsType[*myodai.Error](err); refused {
		return err
	}
	var disk syscall.Statfs_t
	switch {
	case syscall.Statfs(dir, &disk) != nil:
	case disk.Files > 0 && disk.Ffree == 0:
		return fmt.Errorf("the file system of %s has no inode left for another file (df -i shows it); remove files: %w", dir, err)
	case disk.Bavail == 0:
		return fmt.Errorf("the file system of %s is full; make room: %w", dir, err)
	}
	return err
}
