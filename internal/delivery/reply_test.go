package delivery

import (
	"bufio"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func read(text string) (reply, error) {
	return readReply(bufio.NewReaderSize(strings.NewReader(text), maxReplyLine), func(string) {})
}

func TestReadReply(t *testing.T) {
	for _, tt := range []struct {
		name     string
		wire     string
		code     int // 0 for none
		enhanced string
		text     string
	}{
		{"one line", "250 ok\r\n", 250, "", "ok"},
		{"several", "550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 user\r\n", 550, "5.1.1", "no such user"},
		{"status only in the last line", "550-no\r\n550 5.1.1 user\r\n", 550, "5.1.1", "no user"},
		{"code alone", "250\r\n", 250, "", ""},
		{"no text", "250 \r\n", 250, "", ""},
		{"LF alone", "250 ok\n", 250, "", "ok"},
		{"codes differ, the last counts", "250-ok\r\n451 later\r\n", 451, "", "ok later"},
		{"status of another class", "550 4.1.1 x\r\n", 550, "", "x"},
		{"status of four digits", "550 5.1.1111 x\r\n", 550, "", "5.1.1111 x"},
		{"status of two parts", "550 5.1 x\r\n", 550, "", "5.1 x"},
		{"status of class 3", "550 3.1.1 x\r\n", 550, "", "3.1.1 x"},
		{"status of three digits", "550 5.110.999 x\r\n", 550, "5.110.999", "x"},
		{"code 199", "199 x\r\n", 0, "", ""},
		{"code 200", "200 x\r\n", 200, "", "x"},
		{"code 599", "599 x\r\n", 599, "", "x"},
		{"code 600", "600 x\r\n", 0, "", ""},
		{"two digits", "25 x\r\n", 0, "", ""},
		{"four digits", "2500 x\r\n", 0, "", ""},
		{"empty line", "\r\n", 0, "", ""},
		{"not a number", "abc x\r\n", 0, "", ""},
		{"ends in the middle", "250-x\r\n", 0, "", ""},
		{"line of 2000 octets", "250 " + strings.Repeat("x", 1994) + "\r\n", 250, "", strings.Repeat("x", 400)},
		{"line of 2001 octets", "250 " + strings.Repeat("x", 1995) + "\r\n", 0, "", ""},
		{"128 lines", strings.Repeat("250-x\r\n", 127) + "250 y\r\n", 250, "", strings.Repeat("x ", 127) + "y"},
		{"129 lines", strings.Repeat("250-x\r\n", 128) + "250 y\r\n", 0, "", ""},
	} {
		r, err := read(tt.wire)
		if (err == nil) != (tt.code != 0) {
			t.Errorf("%s: error %v", tt.name, err)
			continue
		}
		if err == nil && (r.code != tt.code || r.enhanced() != tt.enhanced || r.text() != tt.text) {
			t.Errorf("%s: got %d %q %q, want %d %q %q", tt.name, r.code, r.enhanced(), r.text(), tt.code, tt.enhanced, tt.text)
		}
	}
}

func FuzzReply(f *testing.F) {
	for _, s := range []string{"250 ok\r\n", "550-5.1.1 a\r\n550 5.1.1 b\r\n", "220", "250-\x00\x1b[2J\r\n250 \xff\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, wire string) {
		r, err := read(wire)
		if err != nil {
			return
		}
		text := r.text()
		if len(text) > maxReplyText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			t.Errorf("text %q", text)
		}
		if r.code < 200 || r.code > 599 {
			t.Errorf("code %d", r.code)
		}
		if e := r.enhanced(); e != "" && int(e[0]-'0') != r.code/100 {
			t.Errorf("code %d with %s", r.code, e)
		}
	})
}

// TestDialogueIsBounded fills all parts of a transcript to their ends.
func TestDialogueIsBounded(t *testing.T) {
	for _, recipients := range []int{1, 100} {
		var said transcript
		for range 2 {
			for range 1000 {
				said.server("250-" + strings.Repeat("\x00", 30))
			}
			said.begin(recipients)
			for who := everybody; who < recipients; who++ {
				said.of(who)
				for range 1000 {
					said.server("250-" + strings.Repeat("y", 30))
				}
			}
		}
		text := said.dialogue(0)
		if len(text) > maxDialogue || len(text) < maxDialogue/2 {
			t.Errorf("%d octets", len(text))
		}
		if strings.Count(text, "# the rest was not kept\n") != 3 || !strings.HasSuffix(text, "kept\n") {
			t.Errorf("not marked as cut: …%s", text[len(text)-100:])
		}
	}
}
