package dkim

import (
	"bytes"
	"errors"
	"fmt"
)

// field is one header field as it stands in the message.
type field struct {
	raw   []byte // with its final CRLF, when it has one
	name  []byte // without white space before the colon; empty when there is no colon
	colon int    // place of the colon in raw
}

// value is what follows the colon, folds included, without the final CRLF.
func (f field) value() []byte {
	return bytes.TrimSuffix(f.raw[f.colon+1:], crlf)
}

func (f field) is(name string) bool {
	return len(f.name) == len(name) && bytes.EqualFold(f.name, []byte(name))
}

// splitMessage adds the header fields of a message to those given, and tells them
// from the body. A message without the empty line between them has no body.
func splitMessage(header []field, message []byte) (_ []field, body []byte) {
	for len(message) > 0 {
		if bytes.HasPrefix(message, crlf) {
			return header, message[len(crlf):]
		}
		end := 0
		for {
			n := bytes.Index(message[end:], crlf)
			if n < 0 {
				end = len(message)
				break
			}
			end += n + len(crlf)
			if end == len(message) || !isWSP(message[end]) {
				break
			}
		}
		header = append(header, parseField(message[:end]))
		message = message[end:]
	}
	return header, nil
}

func parseField(raw []byte) field {
	colon := bytes.IndexByte(raw, ':')
	if colon < 0 {
		// Not a header field; with an empty name nothing ever refers to it.
		return field{raw: raw, colon: len(raw) - 1}
	}
	return field{raw: raw, name: trimRight(raw[:colon]), colon: colon}
}

// wellFormed says what keeps a message from being signed: one that two readers
// could read in two ways must not carry our word for it (T22, P24).
func wellFormed(message []byte, header []field) error {
	if !onlyCRLF(message) {
		return errors.New("the message has a CR or LF that is not part of a CRLF")
	}
	from := 0
	for _, f := range header {
		if !isFieldName(f) {
			return fmt.Errorf("the line %s is not a header field", shorten(string(bytes.TrimSuffix(f.raw, crlf))))
		}
		if f.is("From") {
			from++
		}
	}
	if from != 1 {
		return fmt.Errorf("the message has %d From fields; it must have one", from)
	}
	return nil
}

// onlyCRLF reports whether every CR is followed by LF and every LF follows CR.
func onlyCRLF(message []byte) bool {
	for {
		n := bytes.IndexByte(message, '\n')
		if n < 0 {
			return bytes.IndexByte(message, '\r') < 0
		}
		if n == 0 || bytes.IndexByte(message[:n], '\r') != n-1 {
			return false
		}
		message = message[n+1:]
	}
}

// isFieldName reports whether the field starts with a name of printable ASCII
// directly followed by the colon (RFC 5322 §2.2).
func isFieldName(f field) bool {
	if len(f.name) == 0 || len(f.name) != f.colon {
		return false
	}
	for _, c := range f.name {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}
