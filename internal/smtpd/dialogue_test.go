package smtpd_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/smtpd"
)

// A dialogue file is one connection. Its first line is "face: mx" or
// "face: submission". Then
//
//	C: line        the client sends the line and CRLF
//	X: "octets"    the client sends the octets, in Go's notation, and nothing else
//	S: line        the server sends exactly this line; "…" at the end stands for anything
//	S: EOF         the server closes the connection
//	TLS            both go on in TLS
//	M: message     the next message the server took: from > recipients: "octets"
//
// Lines that begin with # are for the reader. At the end, every message taken
// has been named.
func TestDialogues(t *testing.T) {
	files, err := filepath.Glob("testdata/*.smtp")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dialogues: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".smtp"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Count(text, []byte("\n")) != bytes.Count(text, []byte("\r\n")) {
				t.Fatalf("%s has a bare LF; fixtures are stored with CRLF", file)
			}
			play(t, strings.Split(strings.TrimSuffix(string(text), "\r\n"), "\r\n"))
		})
	}
}

func play(t *testing.T, script []string) {
	t.Helper()
	office := &office{}
	var addr string
	switch script[0] {
	case "face: mx":
		addr = start(t, smtpd.NewMX(options(t, office)))
	case "face: submission":
		addr = start(t, smtpd.NewSubmission(options(t, office)))
	default:
		t.Fatalf("line 1 is %q", script[0])
	}
	c := dial(t, addr)
	named := 0
	var asked []string // of messages named so far
	for n, line := range script[1:] {
		where := fmt.Sprintf("line %d: %s", n+2, line)
		kind, text, _ := strings.Cut(line, " ")
		switch kind {
		case "#", "":
		case "C:":
			c.send(text + "\r\n")
		case "X:":
			octets, err := strconv.Unquote(text)
			if err != nil {
				t.Fatalf("%s: %v", where, err)
			}
			c.send(octets)
		case "S:":
			got := c.line()
			if head, open := strings.CutSuffix(text, "…"); got != text && !(open && strings.HasPrefix(got, head)) {
				t.Fatalf("%s: got %q", where, got)
			}
		case "TLS":
			c.startTLS()
		case "M:":
			messages := office.messages()
			if len(messages) <= named {
				t.Fatalf("%s: there is no such message", where)
			}
			m := messages[named]
			named++
			var rcpts []string
			for _, a := range m.recipients {
				rcpts = append(rcpts, a.String())
			}
			if e := m.envelope; e.Terms != (myodai.Terms{}) || e.Each != nil { // "D:" lines tell of it
				asked = append(asked, fmt.Sprintf("all %+v", e.Terms))
				for _, a := range m.recipients {
					asked = append(asked, fmt.Sprintf("%s %+v", a, e.Each[a]))
				}
			}
			if got := fmt.Sprintf("%s > %s: %q", m.from, strings.Join(rcpts, ", "), m.raw); got != text {
				t.Fatalf("%s: got %s", where, got)
			}
		case "D:":
			if len(asked) == 0 || asked[0] != text {
				t.Fatalf("%s: was asked for %q", where, asked)
			}
			asked = asked[1:]
		default:
			t.Fatalf("%s: unknown kind", where)
		}
	}
	if len(asked) > 0 {
		t.Errorf("nobody expected %q", asked)
	}
	if got := len(office.messages()); got != named {
		t.Errorf("%d messages were taken, want %d", got, named)
	}
}
