package delivery

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

var (
	errReplyTooLong   = fmt.Errorf("the reply is longer than %d lines of %d octets", maxReplyLines, maxReplyLine)
	errReplyMalformed = errors.New("the reply is not one of SMTP")
)

// reply is what a server said to one command (RFC 5321 §4.2).
type reply struct {
	code  int
	lines []string // without the code, at most keptReplyLine octets each
}

// readReply reads one reply from r, whose buffer is maxReplyLine long, and tells
// heard every line as it came. Line ends without CR are taken: nothing follows
// from them here. Where the lines of a reply differ in their code, the last
// counts, as in Postfix.
func readReply(r *bufio.Reader, heard func(line string)) (reply, error) {
	var got reply
	for range maxReplyLines {
		raw, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return reply{}, errReplyTooLong
		}
		if err != nil {
			return reply{}, err
		}
		line := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
		heard(line)
		code, rest, more, ok := cutReply(line)
		if !ok {
			return reply{}, errReplyMalformed
		}
		got.code = code
		got.lines = append(got.lines, rest[:min(len(rest), keptReplyLine)])
		if !more {
			return got, nil
		}
	}
	return reply{}, errReplyTooLong
}

// cutReply takes one line of a reply apart; more tells that others follow.
func cutReply(line string) (code int, rest string, more, ok bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || line[1] < '0' || line[1] > '9' || line[2] < '0' || line[2] > '9' {
		return 0, "", false, false
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) == 3 {
		return code, "", false, true
	}
	if line[3] != ' ' && line[3] != '-' {
		return 0, "", false, false
	}
	return code, line[4:], line[3] == '-', true
}

// enhanced is the status code of RFC 2034 that the last line begins with, if its
// class is that of the reply; otherwise "".
func (r reply) enhanced() string {
	if len(r.lines) == 0 {
		return ""
	}
	status, _ := cutEnhanced(r.lines[len(r.lines)-1])
	if status == "" || int(status[0]-'0') != r.code/100 {
		return ""
	}
	return status
}

// text is the reply for people: its lines in one, without status codes and
// control characters.
func (r reply) text() string {
	parts := make([]string, 0, len(r.lines))
	for _, line := range r.lines {
		_, rest := cutEnhanced(line)
		if rest = strings.TrimSpace(clean(rest)); rest != "" {
			parts = append(parts, rest)
		}
	}
	text := strings.Join(parts, " ")
	if len(text) > maxReplyText {
		text = strings.ToValidUTF8(text[:maxReplyText], "")
	}
	return text
}

// cutEnhanced splits a status code of RFC 3463 from the front of a line; status
// is "" when there is none.
func cutEnhanced(line string) (status, rest string) {
	word, after, _ := strings.Cut(line, " ")
	parts := strings.Split(word, ".")
	if len(parts) != 3 || len(parts[0]) != 1 || !strings.Contains("245", parts[0]) {
		return "", line
	}
	for _, p := range parts[1:] {
		if len(p) < 1 || len(p) > 3 || strings.Trim(p, "0123456789") != "" {
			return "", line
		}
	}
	return word, after
}

// clean makes remote text fit to be kept: valid UTF-8, tabs as spaces, and
// neither control characters nor invisible ones that turn the reading order
// around. What is left may still be HTML; whoever shows it escapes it (T37).
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
