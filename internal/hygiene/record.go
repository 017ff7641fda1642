package hygiene

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/myodai/myodai/internal/bounce"
)

// kind is where a record comes from, in the order in which records of one
// address are judged.
type kind byte

const (
	kindListed    kind = iota // a line of a list
	kindBounced               // a past mail that came back
	kindComplaint             // a past mail that its recipient called spam
)

// record is one address as one file has it. Records are ordered by domain, the
// mailbox that variants of an address lead to, and the local part.
type record struct {
	domain  string // in its one form
	mailbox string // local part in lower case, without tag, and without dots where they mean nothing
	local   string // as written, in lower case
	kind    kind
	at      int64        // seconds since 1970 when it was registered or came back; 0 when not told
	class   bounce.Class // of a bounce
	text    string       // of a bounce: the reply
}

// maxText is how much of a reply is kept, in octets.
const maxText = 300

// mailbox folds the local parts that lead to one mailbox: tags after a plus, and
// at Gmail dots. It is used to find what was registered many times over, never to
// say that two addresses are the same.
func mailbox(local, domain string) string {
	base, _, tagged := strings.Cut(local, "+")
	if !tagged || base == "" {
		base = local
	}
	if domain == "gmail.com" || domain == "googlemail.com" {
		base = strings.ReplaceAll(base, ".", "")
	}
	return base
}

func (r record) compare(o record) int {
	if c := strings.Compare(r.domain, o.domain); c != 0 {
		return c
	}
	if c := strings.Compare(r.mailbox, o.mailbox); c != 0 {
		return c
	}
	if c := strings.Compare(r.local, o.local); c != 0 {
		return c
	}
	return int(r.kind) - int(o.kind)
}

// size is about how many octets the record takes up in memory.
func (r record) size() int {
	return 160 + len(r.domain) + 2*len(r.local) + len(r.text)
}

// append writes the record to b; readRecord reads it. The mailbox follows from
// the rest.
func (r record) append(b []byte) []byte {
	for _, s := range []string{r.domain, r.local, string(r.class), r.text} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = append(b, byte(r.kind))
	return binary.AppendVarint(b, r.at)
}

// maxField is more than any part of a spooled record has.
const maxField = 4 << 10

var errSpool = errors.New("the spool file is damaged")

// source is what spooled records are read from.
type source interface {
	io.Reader
	io.ByteReader
}

// readRecord returns io.EOF at the end.
func readRecord(from source) (r record, err error) {
	var parts [4]string
	for i := range parts {
		n, err := binary.ReadUvarint(from)
		if err != nil {
			return r, err // io.EOF only before the first octet of the first part
		}
		if n > maxField {
			return r, errSpool
		}
		text := make([]byte, n)
		if _, err := io.ReadFull(from, text); err != nil {
			return r, errors.Join(errSpool, err)
		}
		parts[i] = string(text)
	}
	k, err := from.ReadByte()
	if err != nil {
		return r, errors.Join(errSpool, err)
	}
	at, err := binary.ReadVarint(from)
	if err != nil {
		return r, errors.Join(errSpool, err)
	}
	r = record{domain: parts[0], local: parts[1], kind: kind(k), at: at, class: bounce.Class(parts[2]), text: parts[3]}
	r.mailbox = mailbox(r.local, r.domain)
	return r, nil
}
