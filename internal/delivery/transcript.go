package delivery

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// transcript keeps what was said on a connection: the opening once, and the
// newest transaction. "S: " is the server, "C: " are we, "# " is a remark.
type transcript struct {
	opening     part
	transaction part
	opened      bool
}

// part is half a dialogue.
type part struct {
	text strings.Builder
	cut  bool
}

func (p *part) add(who, line string) {
	const mark = "# the rest was not kept\n"
	if p.cut {
		return
	}
	line = who + printable(line) + "\n"
	if p.text.Len()+len(line)+len(mark) > maxDialogue/2 {
		p.cut = true
		line = mark
	}
	p.text.WriteString(line)
}

func (t *transcript) add(who, line string) {
	if t.opened {
		t.transaction.add(who, line)
		return
	}
	t.opening.add(who, line)
}

func (t *transcript) server(line string)                { t.add("S: ", line) }
func (t *transcript) client(line string)                { t.add("C: ", line) }
func (t *transcript) remark(format string, args ...any) { t.add("# ", fmt.Sprintf(format, args...)) }

// begin starts a transaction and forgets the one before.
func (t *transcript) begin() {
	t.opened, t.transaction = true, part{}
}

// String is the dialogue so far.
func (t *transcript) String() string {
	return t.opening.text.String() + t.transaction.text.String()
}

// printable writes what cannot be seen as \xNN or \u{NNNN}, so that a kept line
// shows every octet and does nothing to a terminal (T37).
func printable(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r < 0x80 && unicode.IsControl(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			fmt.Fprintf(&b, `\u{%04x}`, r)
		default:
			b.WriteRune(r)
		}
		s = s[size:]
	}
	return b.String()
}
