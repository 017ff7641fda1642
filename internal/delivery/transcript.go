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
	opening part
	// transaction has in its first part what was said about all recipients, and
	// after it a part for each of them.
	transaction []part
	about       int // index of the part that is spoken of now
	opened      bool
	turn        int // of the next line of the transaction
}

// part is some lines of a dialogue.
type part struct {
	lines []line
	size  int
	most  int // octets
	cut   bool
}

// line is one line, and its place among those of all parts.
type line struct {
	turn int
	text string
}

func (p *part) add(turn int, who, text string) {
	const mark = "# the rest was not kept\n"
	if p.cut {
		return
	}
	text = who + printable(text) + "\n"
	if p.size+len(text)+len(mark) > p.most {
		p.cut = true
		text = mark
	}
	p.size += len(text)
	p.lines = append(p.lines, line{turn, text})
}

func (t *transcript) add(who, text string) {
	if t.opened {
		t.turn++
		t.transaction[t.about].add(t.turn, who, text)
		return
	}
	t.opening.most = maxDialogue / 2
	t.opening.add(0, who, text)
}

func (t *transcript) server(line string)                { t.add("S: ", line) }
func (t *transcript) client(line string)                { t.add("C: ", line) }
func (t *transcript) remark(format string, args ...any) { t.add("# ", fmt.Sprintf(format, args...)) }

// begin starts a transaction with that many recipients and forgets the one
// before.
func (t *transcript) begin(recipients int) {
	t.opened, t.about, t.turn = true, 0, 0
	t.transaction = make([]part, 1+recipients)
	for i := range t.transaction {
		t.transaction[i].most = max(maxDialogue/4/recipients, leastDialogue)
	}
	t.transaction[0].most = maxDialogue / 4
}

// of makes what is said next belong to one recipient, counted from 0; to all of
// them with everybody.
func (t *transcript) of(recipient int) { t.about = recipient + 1 }

// everybody stands for all recipients of a transaction.
const everybody = -1

// dialogue is what was said so far that concerns one recipient.
func (t *transcript) dialogue(recipient int) string {
	var b strings.Builder
	for _, l := range t.opening.lines {
		b.WriteString(l.text)
	}
	if !t.opened {
		return b.String()
	}
	common, own := t.transaction[0].lines, []line(nil)
	if recipient != everybody {
		own = t.transaction[1+recipient].lines
	}
	for len(common) > 0 || len(own) > 0 {
		from := &common
		if len(common) == 0 || len(own) > 0 && own[0].turn < common[0].turn {
			from = &own
		}
		b.WriteString((*from)[0].text)
		*from = (*from)[1:]
	}
	return b.String()
}

// printable writes what cannot be seen as \xNN or \u{NNNN}, so that a kept line
// shows every octet and does nothing to a terminal (T37).
func printable(s string) string {
	plain := true
	for i := range len(s) {
		plain = plain && s[i] >= ' ' && s[i] < 0x7f
	}
	if plain {
		return s
	}
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
