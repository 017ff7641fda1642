package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/crash"
)

// postmaster keeps mail to postmaster and abuse as files in a directory, for
// the operator to read: RFC 5321 §4.5.1 wants such mail to be taken, and we send
// nothing on.
type postmaster struct{ dir string }

// maxPostmaster bounds the files. Once nobody has read a thousand, more would
// not be read either, and the sender hears so.
const maxPostmaster = 1000

// keep writes one mail durably.
func (p postmaster) keep(_ context.Context, recipient myodai.Address, remote string, raw []byte) error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return fmt.Errorf("keep mail to %s: %w", recipient.Local, noSpace(err))
	}
	files, err := os.ReadDir(p.dir)
	if err != nil {
		return fmt.Errorf("keep mail to %s: %w", recipient.Local, noSpace(err))
	}
	if len(files) >= maxPostmaster {
		return myodai.Refuse(myodai.CodeUnavailable, "", "the mailbox is full; try again later")
	}
	var unique [4]byte
	if _, err := rand.Read(unique[:]); err != nil {
		return fmt.Errorf("keep mail to %s: %w", recipient.Local, err)
	}
	name := filepath.Join(p.dir, time.Now().UTC().Format("20060102T150405")+"-"+hex.EncodeToString(unique[:])+".eml")
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- no part of the name comes with the mail
	if err != nil {
		return fmt.Errorf("keep mail to %s: %w", recipient.Local, noSpace(err))
	}
	_, err = fmt.Fprintf(f, "X-Received-From: %s\r\nX-Received-For: %s\r\n%s", remote, recipient, raw)
	crash.Point("postmaster", "before the fsync")
	if err == nil {
		err = f.Sync()
	}
	crash.Point("postmaster", "after the fsync")
	if err = errors.Join(err, f.Close()); err == nil {
		err = syncDirectory(p.dir)
	}
	if err != nil {
		_ = os.Remove(name) // it is refused, and comes again
		return fmt.Errorf("keep mail to %s: %w", recipient.Local, noSpace(err))
	}
	return nil
}

// noSpace marks the error of a full disk as one that is.
func noSpace(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", myodai.ErrNoSpace, err)
	}
	return err
}
