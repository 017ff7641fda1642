package smtpd

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/myodai/myodai"
)

// noLimit is room without end.
func noLimit(int64) bool { return true }

// strings of the five octets that matter, of every length up to most.
func everyString(most int, yield func(s string)) {
	const octets = "\r\n.\x00x"
	var grow func(s string)
	grow = func(s string) {
		if s != "" {
			yield(s)
		}
		if len(s) < most {
			for i := range len(octets) {
				grow(s + octets[i:i+1])
			}
		}
	}
	grow("")
}

// bare finds what may not be in a message: NUL, CR without LF, LF without CR.
var bare = regexp.MustCompile(`\x00|\r([^\n]|$)|([^\r]|^)\n`)

// expect is readData by definition: the message ends at the first CRLF.CRLF, the
// CRLF before it may be that of the DATA command, and there is nothing bare in it.
func expect(stream string) (message, rest string, err error) {
	end := strings.Index("\r\n"+stream, "\r\n.\r\n")
	if end < 0 {
		end = len(stream)
	}
	content := stream[:end]
	if bare.MatchString(content) {
		return "", "", errBare
	}
	if end == len(stream) {
		return "", "", io.EOF
	}
	lines := strings.SplitAfter(content, "\r\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, ".")
	}
	return strings.Join(lines, ""), stream[end+len(".\r\n"):], nil
}

// What arrives in pieces of known length is taken exactly when there is nothing
// bare in it, wherever the strings of the matrix stand (P24, T28).
func TestSmugglingMatrixInPieces(t *testing.T) {
	everyString(6, func(s string) {
		for _, message := range []string{s, "a\r\n" + s, s + "\r\n", "a" + s + "b\r\n"} {
			if got := myodai.IsWireForm([]byte(message), len(message)); got == bare.MatchString(message) {
				t.Fatalf("%q: taken %t", message, got)
			}
		}
	})
}

// TestSmugglingMatrix puts all 19,530 strings of one to six of CR, LF, dot, NUL
// and x at the start, in the middle and at the end of a body, with and without
// proper dot-stuffing: never is there an end but CRLF.CRLF, and never a bare CR,
// LF or NUL in what is taken (P24, T28).
func TestSmugglingMatrix(t *testing.T) {
	const next = "MAIL FROM:<evil@example.net>\r\n"
	r := bufio.NewReaderSize(nil, 16) // the smallest there is, so that every boundary is met
	var tried, taken int
	try := func(body string) {
		stream := body + "\r\n.\r\n" + next
		want, wantRest, wantErr := expect(stream)
		r.Reset(strings.NewReader(stream))
		got, err := readData(r, 1<<20, noLimit)
		tried++
		if !errors.Is(err, wantErr) || string(got) != want {
			t.Fatalf("readData(%q) = %q, %v; want %q, %v", stream, got, err, want, wantErr)
		}
		if err != nil {
			return
		}
		taken++
		if rest, _ := io.ReadAll(r); string(rest) != wantRest {
			t.Fatalf("readData(%q) left %q, want %q", stream, rest, wantRest)
		}
		if bare.Match(got) {
			t.Fatalf("readData(%q) let %q pass", stream, got)
		}
	}
	everyString(6, func(s string) {
		for _, body := range []string{s + "y", "y" + s + "y", "y" + s, strings.Repeat("y", 13) + s + "y", "y\r\n" + s} {
			try(body)
			stuffed := strings.ReplaceAll("\r\n"+body, "\r\n.", "\r\n..")[2:]
			if _, rest, err := expect(stuffed + "\r\n.\r\n" + next); err == nil && rest != next {
				t.Fatalf("%q is two messages though it is dot-stuffed", stuffed)
			}
			try(stuffed)
		}
	})
	if tried != 19_530*10 || taken == 0 {
		t.Errorf("tried %d bodies and took %d", tried, taken)
	}
}

func TestReadDataLimits(t *testing.T) {
	line := strings.Repeat("y", 98) + "\r\n"
	for _, tt := range []struct {
		name   string
		lines  int
		limit  int64
		room   int64
		want   error
		length int
	}{
		{"as large as allowed", 1000, 100_000, 1 << 20, nil, 100_000},
		{"one octet larger", 1000, 99_999, 1 << 20, errTooLarge, 0},
		{"much larger", 5000, 1000, 1 << 20, errTooLarge, 0},
		{"more than there is room for", 1000, 100_000, 50_000, errNoRoom, 0},
		{"no room at all", 1, 100_000, 0, errNoRoom, 0},
		{"empty", 0, 100_000, 0, nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			left := tt.room
			r := bufio.NewReader(strings.NewReader(strings.Repeat(line, tt.lines) + ".\r\nNOOP\r\n"))
			got, err := readData(r, tt.limit, func(n int64) bool {
				if n > left {
					return false
				}
				left -= n
				return true
			})
			if !errors.Is(err, tt.want) || len(got) != tt.length {
				t.Fatalf("readData = %d octets, %v; want %d, %v", len(got), err, tt.length, tt.want)
			}
			if used := tt.room - left; int64(cap(got)) > used {
				t.Errorf("took %d octets of memory, accounted for %d", cap(got), used)
			}
			// However it ended, the next command is where it should be.
			if rest, _ := io.ReadAll(r); string(rest) != "NOOP\r\n" {
				t.Errorf("left %q, want the next command", rest)
			}
		})
	}
}

func TestReadDataWithoutEnd(t *testing.T) {
	for _, stream := range []string{"", "x", "x\r\n", "x\r\n.", "x\r\n.\r"} {
		got, err := readData(bufio.NewReader(strings.NewReader(stream)), 1000, noLimit)
		if !errors.Is(err, io.EOF) || got != nil {
			t.Errorf("readData(%q) = %q, %v; want io.EOF", stream, got, err)
		}
	}
}

func FuzzReadData(f *testing.F) {
	f.Add([]byte("Subject: x\r\n\r\n..\r\n.\r\nQUIT\r\n"), 16)
	f.Add([]byte("x\n.\n"), 4096)
	f.Add(bytes.Repeat([]byte("y\r"), 4000), 17)
	f.Fuzz(func(t *testing.T, stream []byte, size int) {
		want, rest, wantErr := expect(string(stream))
		r := bufio.NewReaderSize(bytes.NewReader(stream), size%5000)
		got, err := readData(r, 1<<20, noLimit)
		if len(stream) > 1<<20 {
			return
		}
		switch {
		case err == nil && (wantErr != nil || string(got) != want):
			t.Fatalf("readData(%q) = %q, want %q, %v", stream, got, want, wantErr)
		case err != nil && wantErr == nil:
			t.Fatalf("readData(%q) = %v, want %q", stream, err, want)
		case err == nil:
			if left, _ := io.ReadAll(r); string(left) != rest {
				t.Fatalf("readData(%q) left %q, want %q", stream, left, rest)
			}
		}
	})
}
