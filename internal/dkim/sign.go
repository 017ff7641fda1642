package dkim

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// Life is how long a signature is good for (x=). It bounds how long a signed
// mail can be sent again by somebody else (T21), and is longer than mail stays
// in our queue.
const Life = 7 * 24 * time.Hour

// oversigned are the header fields that are signed once more than they are
// there, so that none can be added to a signed mail (T21): not those of the
// mail's meaning, nor those that a mailbox shows or acts on.
var oversigned = []string{
	"From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To", "Sender",
	"In-Reply-To", "References",
	"MIME-Version", "Content-Type", "Content-Transfer-Encoding",
	"List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID",
}

// Signer is a key and the name under which its public half is published.
type Signer struct {
	Domain   myodai.Name // d=
	Selector string      // s=
	Key      crypto.Signer
}

// Sign returns one DKIM-Signature header field per signer, each ended by CRLF
// and in their order, to be put before message. A signature is made at the
// instant at, covers the whole body (no l=, T20), uses relaxed canonicalization
// and SHA-256, and expires after Life.
//
// The message must have only CRLF line ends, a proper header and exactly one
// From field; otherwise, and for keys that are neither RSA nor Ed25519, there
// is an error and no header.
func Sign(message []byte, signers []Signer, at time.Time) (header []byte, err error) {
	c := coverings.Get().(*covering)
	defer c.forget()
	fields, body := splitMessage(c.fields, message)
	c.fields = fields
	if err := wellFormed(message, fields); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	sum := hashBody(body, Relaxed, -1).sum
	c.cover()
	header = make([]byte, 0, len(signers)*usualLength)
	for _, s := range signers {
		algorithm, hash, err := s.algorithm()
		if err != nil {
			return nil, fmt.Errorf("sign as %s: %w", s.Domain, err)
		}
		start := len(header)
		header = s.appendUnsigned(header, algorithm, c.names, sum[:], at)
		covered := appendRelaxed(c.signed, parseField(header[start:]))
		digest := sha256.Sum256(covered[:len(covered)-len(crlf)])
		// Neither kind of signature has randomness in it.
		signature, err := s.Key.Sign(nil, digest[:], hash)
		if err != nil {
			return nil, fmt.Errorf("sign as %s with %s: %w", s.Domain, s.Selector, err)
		}
		header = foldBase64(header, signature)
		header = append(header, crlf...)
	}
	return header, nil
}

// algorithm is a= and what the key is told about the digest: RFC 8463 §3 signs
// the digest itself as the message of PureEdDSA.
func (s Signer) algorithm() (string, crypto.Hash, error) {
	for _, part := range []string{string(s.Domain), s.Selector} {
		if name, err := myodai.ParseOwner(part); err != nil || name == "" {
			return "", 0, fmt.Errorf("%q is not a name", part)
		}
	}
	switch key := s.Key.Public().(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < MinRSABits {
			return "", 0, fmt.Errorf("the RSA key has only %d bits", bits)
		}
		return "rsa-sha256", crypto.SHA256, nil
	case ed25519.PublicKey:
		return "ed25519-sha256", crypto.Hash(0), nil
	}
	return "", 0, fmt.Errorf("keys of type %T cannot sign mail", s.Key.Public())
}

// covering is what one message is taken apart into.
type covering struct {
	fields []field
	names  []string // for h=
	signed []byte   // the relaxed form of the fields they stand for, with room for our own
}

// coverings are used again.
var coverings = sync.Pool{New: func() any {
	return &covering{signed: make([]byte, 0, 4*usualLength)}
}}

// cover lists each name once per field, the lowest field first, and once more for
// the field that must not be added (RFC 6376 §5.4.2 and §8.15).
func (c *covering) cover() {
	for _, name := range oversigned {
		for i := len(c.fields) - 1; i >= 0; i-- {
			if c.fields[i].is(name) {
				c.names = append(c.names, name)
				c.signed = appendRelaxed(c.signed, c.fields[i])
			}
		}
		c.names = append(c.names, name)
	}
}

// forget leaves nothing of the message, and keeps no more room than is usual.
func (c *covering) forget() {
	clear(c.fields)
	if c.fields, c.names, c.signed = c.fields[:0], c.names[:0], c.signed[:0]; cap(c.signed) <= 64*usualLength && cap(c.fields) <= usualLength {
		coverings.Put(c)
	}
}

// appendUnsigned appends the header field up to and including "b=".
func (s Signer) appendUnsigned(dst []byte, algorithm string, names []string, sum []byte, at time.Time) []byte {
	f := folder{dst: append(dst, "DKIM-Signature:"...), column: len("DKIM-Signature:")}
	f.tag("v=1;")
	f.tag("a=" + algorithm + ";")
	f.tag("c=relaxed/relaxed;")
	f.tag("d=" + string(s.Domain) + ";")
	f.tag("s=" + s.Selector + ";")
	f.tag("t=" + strconv.FormatInt(at.Unix(), 10) + ";")
	f.tag("x=" + strconv.FormatInt(at.Add(Life).Unix(), 10) + ";")
	for i, name := range names {
		if i < len(names)-1 {
			name += ":"
		} else {
			name += ";"
		}
		if i == 0 {
			f.tag("h=" + name)
		} else {
			f.word(name)
		}
	}
	f.tag("bh=" + base64.StdEncoding.EncodeToString(sum) + ";")
	f.fold()
	f.word("b=")
	return f.dst
}

// usualLength is room for one signature.
const usualLength = 1 << 10

// maxLine is the length lines should not exceed (RFC 5322 §2.1.1). Only a name
// that is longer by itself makes a longer line.
const maxLine = 78

// folder writes a header field and breaks it into lines where that is allowed.
type folder struct {
	dst    []byte
	column int
}

// tag writes s after white space.
func (f *folder) tag(s string) {
	if f.column+1+len(s) > maxLine {
		f.fold()
	} else {
		f.word(" ")
	}
	f.word(s)
}

// word writes s directly after what is there, or on the next line.
func (f *folder) word(s string) {
	if f.column+len(s) > maxLine {
		f.fold()
	}
	f.dst = append(f.dst, s...)
	f.column += len(s)
}

func (f *folder) fold() {
	f.dst = append(f.dst, "\r\n\t"...)
	f.column = 1
}

// foldBase64 appends data after "\tb=" in lines that stay below maxLine.
func foldBase64(dst, data []byte) []byte {
	text := base64.StdEncoding.AppendEncode(nil, data)
	const width = 72
	for len(text) > width {
		dst = append(dst, text[:width]...)
		dst = append(dst, "\r\n\t"...)
		text = text[width:]
	}
	return append(dst, text...)
}
