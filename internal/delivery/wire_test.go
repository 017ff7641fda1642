package delivery

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/myodai/myodai"
)

func TestCheckWire(t *testing.T) {
	line := func(n int) string { return strings.Repeat("x", n) + "\r\n" }
	for _, tt := range []struct {
		name string
		msg  string
		ok   bool
	}{
		{"one line", "a\r\n", true},
		{"only an empty line", "\r\n", true},
		{"8-bit octets", "\xff\xfe\r\n", true},
		{"a line of 998", line(998), true},
		{"a line of 999", line(999), false},
		{"a last line of 999", "a\r\n" + line(999), false},
		{"empty", "", false},
		{"no line end", "a", false},
		{"last line without end", "a\r\nb", false},
		{"lone LF", "a\nb\r\n", false},
		{"lone CR", "a\rb\r\n", false},
		{"CR at the end", "a\r", false},
		{"CR CR LF", "a\r\r\n", false},
		{"LF CR", "a\n\r\n", false},
		{"LF at the beginning", "\na\r\n", false},
		{"NUL", "a\x00\r\n", false},
	} {
		if err := checkWire([]byte(tt.msg)); (err == nil) != tt.ok {
			t.Errorf("%s: checkWire = %v, want ok %v", tt.name, err, tt.ok)
		}
	}
}

// TestNoBareLF puts every string of one to six of CR, LF, '.', NUL and 'x' at
// the beginning, in the middle and at the end of a body and into a header value
// (P24, T29). What is let through ends in exactly one place for every receiver,
// also for one that takes a lone LF or CR for a line end, and arrives unchanged.
func TestNoBareLF(t *testing.T) {
	let := 0
	for n := 1; n <= 6; n++ {
		strs(n, func(s string) {
			for _, msg := range []string{
				"A: b\r\n\r\n" + s + "body\r\n", "A: b\r\n\r\nbo" + s + "dy\r\n", "A: b\r\n\r\nbody" + s + "\r\n", "A: b" + s + "\r\n\r\nbody\r\n",
			} {
				if checkWire([]byte(msg)) != nil {
					continue
				}
				let++
				var wire bytes.Buffer
				if err := writeMessage(bufio.NewWriter(&wire), []byte(msg)); err != nil {
					t.Fatal(err)
				}
				if got := wireEnds(wire.String()); got != 1 {
					t.Fatalf("%q ends %d messages", wire.String(), got)
				}
				if got := undot(wire.String()); got != msg {
					t.Fatalf("%q arrives as %q", msg, got)
				}
			}
		})
	}
	if let == 0 || let > 4000 {
		t.Errorf("%d of 78,120 inputs were let through", let)
	}
}

// strs calls f with every string of length n over the alphabet of P24.
func strs(n int, f func(string)) {
	const alphabet = "\r\n.\x00x"
	b := make([]byte, n)
	var fill func(int)
	fill = func(i int) {
		if i == n {
			f(string(b))
			return
		}
		for j := range alphabet {
			b[i] = alphabet[j]
			fill(i + 1)
		}
	}
	fill(0)
}

// wireEnds counts the ends of messages in the eyes of the most careless
// receiver: a dot alone between line ends of any kind.
func wireEnds(wire string) int {
	lines := strings.FieldsFunc(strings.NewReplacer("\r\n", "\n|", "\r", "\n|", "\n", "\n|").Replace(wire), func(r rune) bool { return r == '\n' })
	n := 0
	for _, l := range lines {
		if l == "|." {
			n++
		}
	}
	return n
}

func undot(wire string) string {
	var b strings.Builder
	for l := range strings.Lines(strings.TrimSuffix(wire, ".\r\n")) {
		b.WriteString(strings.TrimPrefix(l, "."))
	}
	return b.String()
}

// TestPath writes addresses that no parser made (T30).
func TestPath(t *testing.T) {
	for _, tt := range []struct {
		name string
		a    myodai.Address
		want string // "" when it cannot be written
	}{
		{"plain", myodai.Address{Local: "bob", Domain: "example.net"}, "<bob@example.net>"},
		{"quoted", myodai.Address{Local: "b ob", Domain: "example.net"}, `<"b ob"@example.net>`},
		{"angle bracket", myodai.Address{Local: "a> SIZE=1 <b", Domain: "example.net"}, `<"a> SIZE=1 <b"@example.net>`},
		{"quote and backslash", myodai.Address{Local: `a"\b`, Domain: "example.net"}, `<"a\"\\b"@example.net>`},
		{"UTF-8", myodai.Address{Local: "jörg", Domain: "example.net"}, "<jörg@example.net>"},
		{"64 octets", myodai.Address{Local: strings.Repeat("a", 64), Domain: "example.net"}, "<" + strings.Repeat("a", 64) + "@example.net>"},
		{"65 octets", myodai.Address{Local: strings.Repeat("a", 65), Domain: "example.net"}, ""},
		{"null", myodai.Address{}, ""},
		{"no domain", myodai.Address{Local: "bob"}, ""},
		{"CR LF", myodai.Address{Local: "bob>\r\nRCPT TO:<eve", Domain: "example.net"}, ""},
		{"lone LF", myodai.Address{Local: "bob\n", Domain: "example.net"}, ""},
		{"NUL", myodai.Address{Local: "bob\x00", Domain: "example.net"}, ""},
		{"DEL", myodai.Address{Local: "bob\x7f", Domain: "example.net"}, ""},
		{"C1", myodai.Address{Local: "bob\u0085", Domain: "example.net"}, ""},
		{"not UTF-8", myodai.Address{Local: "bob\xff", Domain: "example.net"}, ""},
		{"CR LF in the domain", myodai.Address{Local: "bob", Domain: "example.net>\r\nDATA"}, ""},
		{"space in the domain", myodai.Address{Local: "bob", Domain: "example.net SIZE=1"}, ""},
		{"bracket in the domain", myodai.Address{Local: "bob", Domain: "example.net>"}, ""},
		{"literal", myodai.Address{Local: "bob", Domain: "[127.0.0.1]"}, ""},
		{"capitals in the domain", myodai.Address{Local: "bob", Domain: "Example.net"}, ""},
	} {
		got, ok := path(tt.a)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: path = %q, %v, want %q", tt.name, got, ok, tt.want)
		}
	}
}

func TestNeeds(t *testing.T) {
	for _, tt := range []struct {
		name string
		msg  string
		want needs
	}{
		{"ASCII", "A: b\r\n\r\nc\r\n", needs{}},
		{"body", "A: b\r\n\r\nü\r\n", needs{eightBit: true}},
		{"header", "A: ü\r\n\r\nc\r\n", needs{eightBit: true, utf8: true}},
		{"header without body", "A: ü\r\n", needs{eightBit: true, utf8: true}},
	} {
		if got := needsOf([]byte(tt.msg)); got != tt.want {
			t.Errorf("%s: needs %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func FuzzWire(f *testing.F) {
	for _, s := range []string{"a\r\n", ".\r\n.\r\n", "\r\n.\r\n", "a\n.\nb\r\n", "\r.\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		if checkWire(msg) != nil {
			return
		}
		var wire bytes.Buffer
		if err := writeMessage(bufio.NewWriter(&wire), msg); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count("\r\n"+wire.String(), "\r\n.\r\n"); got != 1 {
			t.Errorf("%q ends %d messages", wire.String(), got)
		}
		if undot(wire.String()) != string(msg) {
			t.Errorf("%q arrives as %q", msg, undot(wire.String()))
		}
	})
}
