package submission

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/myodai/myodai"
)

const (
	// maxLine is the longest line of a message without its CRLF (RFC 5322 §2.1.1).
	maxLine = 998
	// maxHeader bounds the header section. RFC 5322 sets no limit; Postfix cuts
	// at 100 KiB, large providers refuse well below that, and honest mail needs
	// a tenth of ours.
	maxHeader = 64 << 10
	// maxHops is how many Received fields make a loop of a message (T39;
	// RFC 5321 §6.3 wants at least 100 as the limit of a relay that only counts,
	// and what is submitted to us has hardly traveled).
	maxHops = 50
)

var crlf = []byte("\r\n")

// field is one header field as it stands in a message.
type field struct {
	name string
	raw  []byte // all of it, folding and final CRLF included
}

// is reports whether the field has the given name; case does not matter
// (RFC 5322 §1.2.2).
func (f field) is(name string) bool {
	return len(f.name) == len(name) && strings.EqualFold(f.name, name) // both are ASCII
}

// value is the field body on one line, without the white space around it
// (RFC 5322 §2.2.3).
func (f field) value() string {
	body := f.raw[len(f.name)+1:]
	return strings.Trim(string(bytes.ReplaceAll(body, crlf, nil)), " \t")
}

// header is the fields of a message in order.
type header []field

// first is the value of the first field with the given name, "" for none.
func (h header) first(name string) string {
	for _, f := range h {
		if f.is(name) {
			return f.value()
		}
	}
	return ""
}

// count is how many fields with the given name there are.
func (h header) count(name string) (n int) {
	for _, f := range h {
		if f.is(name) {
			n++
		}
	}
	return n
}

// has reports whether there is a field with the given name.
func (h header) has(name string) bool {
	return slices.ContainsFunc(h, func(f field) bool { return f.is(name) })
}

// size is how many octets the fields have.
func (h header) size() (n int) {
	for _, f := range h {
		n += len(f.raw)
	}
	return n
}

// once are the fields that may be there only once: by RFC 5322 §3.6, RFC 2045
// and RFC 2369, and because two readers that take one each see two different
// messages (T22).
var once = []string{
	"Date", "From", "Sender", "Reply-To", "To", "Cc", "Message-ID", "In-Reply-To", "References", "Subject",
	"MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID",
	"Content-Description", "List-Unsubscribe", "List-Unsubscribe-Post", "List-ID", "Feedback-ID", classField, trackField,
}

// parseMessage splits a message into its header fields and the body, which
// share raw's memory.
//
// It is strict on purpose: net/mail keeps "From :" as a field of another name
// and takes the first of two From fields, while other readers take the last
// (F7). What can be read in two ways is refused here.
func parseMessage(raw []byte) (h header, body []byte, err error) {
	if err := checkLines(raw); err != nil {
		return nil, nil, err
	}
	section, body := splitMessage(raw)
	if len(section) > maxHeader {
		return nil, nil, myodai.Refuse(myodai.CodeTooLarge, "", "the header is %d octets long; %d are allowed", len(section), maxHeader)
	}
	for start := 0; start < len(section); {
		end := start + bytes.IndexByte(section[start:], '\n') + 1
		if line := section[start:end]; line[0] == ' ' || line[0] == '\t' {
			err = h.fold(line)
		} else {
			err = h.add(line)
		}
		if err != nil {
			return nil, nil, err
		}
		start = end
	}
	return h, body, h.check()
}

// splitMessage cuts a message at its first empty line. Every line of the header
// ends in CRLF, the last line of a message without a body too.
func splitMessage(raw []byte) (section, body []byte) {
	if bytes.HasPrefix(raw, crlf) {
		return nil, raw[len(crlf):]
	}
	if i := bytes.Index(raw, []byte("\r\n\r\n")); i >= 0 {
		return raw[:i+2], raw[i+4:]
	}
	if bytes.HasSuffix(raw, crlf) {
		return raw, nil
	}
	return append(raw[:len(raw):len(raw)], crlf...), nil
}

// add begins a new field with its first line.
func (h *header) add(line []byte) error {
	name, _, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return myodai.Invalidf("header line %q has no colon; put an empty line between header and body", shorten(line))
	}
	// RFC 5322 §2.2: printable ASCII but the colon. A space before the colon is
	// obsolete syntax, which readers treat differently (T22).
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return myodai.Invalidf("header field name %q has a character other than printable ASCII; "+
				"write the name directly before the colon", shorten(name))
		}
	}
	if len(name) == 0 {
		return myodai.Invalidf("a header line begins with a colon; write the field's name before it")
	}
	*h = append(*h, field{name: string(name), raw: line})
	return checkText(string(name), line)
}

// fold adds a continuation line to the last field.
func (h *header) fold(line []byte) error {
	if len(*h) == 0 {
		return myodai.Invalidf("the message begins with white space; begin it with a header field")
	}
	// A folded line of nothing but white space looks to some readers like the
	// end of the header, and is obsolete (RFC 5322 §4.2).
	if len(bytes.Trim(line, " \t\r\n")) == 0 {
		return myodai.Invalidf("a header line has nothing but white space; leave it out")
	}
	last := &(*h)[len(*h)-1]
	last.raw = last.raw[:len(last.raw)+len(line)] // lines of a header follow each other in memory
	return checkText(last.name, line)
}

// check holds the header as a whole against RFC 5322 §3.6.
func (h header) check() error {
	if len(h) == 0 {
		return myodai.Invalidf("the message has no header; it needs at least a From field")
	}
	for _, name := range once {
		if n := h.count(name); n > 1 {
			return myodai.Invalidf("the message has %d %s fields; one is allowed", n, name)
		}
	}
	if !h.has("From") {
		return myodai.Refuse(myodai.CodeInvalid, "from", "the message has no From field; write who sends it")
	}
	if hops := h.count("Received"); hops > maxHops {
		return myodai.Invalidf("the message has %d Received fields and seems to go round in circles; %d are allowed", hops, maxHops)
	}
	return nil
}

// checkText refuses control characters, and octets that are not UTF-8
// (RFC 6532 §3.1), in a line of the named field.
func checkText(name string, line []byte) error {
	text := bytes.TrimSuffix(line, crlf)
	if !utf8.Valid(text) {
		return myodai.Invalidf("the %s field has 8-bit characters that are not UTF-8; encode it as RFC 2047 says", name)
	}
	for _, c := range string(text) {
		if isControl(c) && c != '\t' {
			return myodai.Invalidf("the %s field has the control character %U; leave it out", name, c)
		}
	}
	return nil
}

// isControl reports whether c is a control character of ASCII or Latin-1, or
// one of the two line ends that only Unicode has.
func isControl(c rune) bool {
	return c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029
}

// checkLines refuses what must not be on the wire (P24, T28): a CR or LF that
// is not part of CRLF, a NUL, a line longer than maxLine. The last line may lack
// its CRLF.
func checkLines(raw []byte) error {
	if len(raw) == 0 {
		return myodai.Invalidf("the message is empty")
	}
	if myodai.IsWireForm(raw, maxLine) {
		return nil
	}
	for n := 1; len(raw) > 0; n++ {
		line := raw
		if i := bytes.IndexByte(raw, '\n'); i >= 0 {
			line, raw = raw[:i], raw[i+1:]
			if i == 0 || line[i-1] != '\r' {
				return myodai.Invalidf("line %d ends in LF alone; end lines in CRLF", n)
			}
			line = line[:i-1]
		} else {
			raw = nil
		}
		switch {
		case bytes.IndexByte(line, '\r') >= 0:
			return myodai.Invalidf("line %d has a CR that no LF follows; end lines in CRLF", n)
		case bytes.IndexByte(line, 0) >= 0:
			return myodai.Invalidf("line %d has a NUL character; encode the content as base64", n)
		case len(line) > maxLine:
			return myodai.Invalidf("line %d is %d octets long; %d are allowed: encode the content as "+
				"quoted-printable or base64", n, len(line), maxLine)
		}
	}
	return nil
}

// shorten makes text fit to be quoted in a sentence.
func shorten(text []byte) string {
	const most = 40
	if text = bytes.TrimSuffix(text, crlf); len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}
