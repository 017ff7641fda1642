package hygiene

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

// The bounds of what is unpacked (T45): archives within archives are not opened,
// and nothing unpacks to more than maxRatio times what was uploaded.
const (
	maxDepth   = 3 // gzip, tar, mail
	maxRatio   = 200
	freeOctets = 64 << 20 // that are never too many
	maxMembers = 5_000_000
)

// form is what a file is, by how it begins: names lie.
type form string

const (
	formZip   form = "zip"
	formGzip  form = "gzip"
	formTar   form = "tar"
	formMbox  form = "mbox"
	formMail  form = "mail"
	formTable form = "table"
)

var headerLine = regexp.MustCompile(`^(?i:return-path|received|from|to|date|subject|message-id|delivered-to|x-[a-z-]+|mime-version|content-type|auto-submitted|dkim-signature|authentication-results):`)

func formOf(start []byte) form {
	const ustarAt = 257
	switch {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")), bytes.HasPrefix(start, []byte("PK\x05\x06")):
		return formZip
	case bytes.HasPrefix(start, []byte("\x1f\x8b")):
		return formGzip
	case len(start) > ustarAt+5 && string(start[ustarAt:ustarAt+5]) == "ustar":
		return formTar
	case bytes.HasPrefix(start, []byte("From ")):
		return formMbox
	case headerLine.Match(start):
		return formMail
	}
	return formTable
}

// sink takes what a file holds.
type sink interface {
	record(r record) error                                 // an address
	invalid(file string, line int, text, why string) error // a cell that should be one
	problem(file string, line int, detail string)
	row()           // a row was read
	mail(read bool) // a mail was read; of use or not
	file()          // a file was read to its end
}

// errTooMuch ends the reading of a file.
var errTooMuch = errors.New("the file unpacks to far more than it is long; unpack it and upload what is in it")

// readFile reads a file of any form. Only faults of the sink or of the
// connection it comes through are errors; what is wrong with the file is told as
// a problem.
func readFile(name string, from io.Reader, dir string, to sink, depth int) error {
	b := bufio.NewReaderSize(from, 64<<10)
	start, err := b.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %q: %w", name, err)
	}
	if len(start) == 0 {
		return nil
	}
	switch f := formOf(start); {
	case (f == formZip || f == formGzip || f == formTar) && depth >= maxDepth:
		to.problem(name, 0, "archives within archives are not opened")
		return nil
	case f == formZip:
		err = readZip(name, b, dir, to, depth)
	case f == formGzip:
		err = readGzip(name, b, dir, to, depth)
	case f == formTar:
		err = readTar(name, b, dir, to, depth)
	case f == formMbox:
		err = readMbox(b, to)
	case f == formMail:
		err = readOneMail(b, to)
	default:
		err = readList(name, b, to)
	}
	return err
}

// bounded ends with errTooMuch when more is read than left allows; count grows
// by what goes in.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooMuch
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// counted counts what went in, and notes whether it came to its end.
type counted struct {
	r     io.Reader
	n     int64
	ended bool
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.ended = errors.Is(err, io.EOF)
	return n, err
}

// growing is bounded by what went into its packed source.
type growing struct {
	r      io.Reader
	packed *counted
	out    int64
}

func (g *growing) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if g.out += int64(n); g.out > freeOctets && g.out/maxRatio > g.packed.n {
		return n, errTooMuch
	}
	return n, err
}

// isDamage tells what is wrong with a file from what is wrong with us.
func isDamage(err error) bool {
	return errors.Is(err, errTooMuch) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) ||
		errors.Is(err, tar.ErrHeader) || errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrAlgorithm) ||
		errors.Is(err, zip.ErrChecksum) || strings.HasPrefix(err.Error(), "flate: ")
}

func damaged(name string, err error, to sink) error {
	if err == nil || !isDamage(err) {
		return err
	}
	to.problem(name, 0, err.Error())
	return nil
}

func readGzip(name string, from io.Reader, dir string, to sink, depth int) error {
	packed := &counted{r: from}
	z, err := gzip.NewReader(packed)
	if err != nil {
		return damaged(name, err, to)
	}
	return damaged(name, readFile(strings.TrimSuffix(name, ".gz"), &growing{r: z, packed: packed}, dir, to, depth+1), to)
}

func readTar(name string, from io.Reader, dir string, to sink, depth int) error {
	t := tar.NewReader(from)
	for range maxMembers {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return damaged(name, fmt.Errorf("read %q: %w", name, err), to)
		}
		if h.Typeflag != tar.TypeReg || ignored(h.Name) {
			continue
		}
		if err := readFile(h.Name, t, dir, to, maxDepth); err != nil {
			return err
		}
	}
	to.problem(name, 0, "the archive has too many files")
	return nil
}

// ignored are the files of a Maildir that are no mails, and what systems leave in
// archives.
func ignored(name string) bool {
	base := name[strings.LastIndexByte(name, '/')+1:]
	return base == "" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "dovecot") || strings.HasPrefix(base, "maildir") ||
		base == "subscriptions" || strings.HasPrefix(name, "__MACOSX/")
}

// readZip needs the whole file first: its directory is at the end.
func readZip(name string, from io.Reader, dir string, to sink, depth int) error {
	f, err := os.CreateTemp(dir, "zip-*")
	if err != nil {
		return fmt.Errorf("make a file for a zip: %w", noSpace(err))
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return fmt.Errorf("hide a file for a zip: %w", err)
	}
	size, err := io.Copy(f, from)
	if err != nil {
		return fmt.Errorf("read %q: %w", name, noSpace(err))
	}
	z, err := zip.NewReader(f, size)
	if err != nil {
		return damaged(name, err, to)
	}
	left := &bounded{left: max(freeOctets, size*maxRatio)}
	for i, member := range z.File {
		if i == maxMembers {
			to.problem(name, 0, "the archive has too many files")
			return nil
		}
		if member.FileInfo().IsDir() || ignored(member.Name) {
			continue
		}
		r, err := member.Open()
		if err != nil {
			to.problem(member.Name, 0, err.Error())
			continue
		}
		left.r = r
		err = damaged(member.Name, readFile(member.Name, left, dir, to, maxDepth), to)
		_ = r.Close() // what it may say of the checksum the last read has said
		if err != nil {
			return err
		}
	}
	return nil
}

func readMbox(from *bufio.Reader, to sink) error {
	m := mbox{from}
	for {
		raw, err := m.next()
		if errors.Is(err, io.EOF) {
			to.file()
			return nil
		}
		if err != nil {
			return err
		}
		if err := takeMail(raw, to); err != nil {
			return err
		}
	}
}

func readOneMail(from io.Reader, to sink) error {
	raw, err := io.ReadAll(io.LimitReader(from, maxMail))
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, from); err != nil {
		return err
	}
	to.file()
	return takeMail(raw, to)
}

func takeMail(raw []byte, to sink) error {
	s := readMail(raw)
	to.mail(s.read)
	for _, r := range s.records {
		if err := to.record(r); err != nil {
			return err
		}
	}
	return nil
}

// readList reads a table of addresses.
func readList(name string, from io.Reader, to sink) error {
	t := newTable(from)
	var c columns
	for first := true; ; first = false {
		row, err := t.next()
		switch {
		case errors.Is(err, io.EOF):
			to.file()
			return nil
		case errors.Is(err, errLongRow):
			to.problem(name, t.line, errLongRow.Error())
			continue
		case err != nil:
			return err
		}
		if first {
			if c = columnsOf(row); c.header {
				continue
			}
		}
		text := cell(row, c.address)
		if text == "" {
			continue
		}
		to.row()
		a, err := parseListed(text)
		if err != nil {
			if err := to.invalid(name, t.line, text, err.Error()); err != nil {
				return err
			}
			continue
		}
		var at int64
		if instant, ok := parseTime(cell(row, c.at)); ok {
			at = instant.Unix()
		}
		if err := to.record(newRecord(a, kindListed, at, "", "")); err != nil {
			return err
		}
	}
}

// parseListed reads an address as lists have it: bare, or as "Name <address>".
func parseListed(text string) (myodai.Address, error) {
	if i, j := strings.LastIndexByte(text, '<'), strings.LastIndexByte(text, '>'); i >= 0 && i < j {
		text = text[i+1 : j]
	}
	text = strings.TrimPrefix(text, "mailto:")
	return myodai.ParseAddress(strings.TrimSpace(text))
}

func newRecord(a myodai.Address, k kind, at int64, class bounce.Class, text string) record {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	r := record{domain: string(a.Domain), local: strings.ToLower(a.Local), kind: k, at: at, class: class, text: text}
	r.mailbox = mailbox(r.local, r.domain)
	return r
}
