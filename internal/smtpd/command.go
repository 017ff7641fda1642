package smtpd

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/myodai/myodai"
)

// verb is an SMTP command we know.
type verb string

const (
	verbHELO     verb = "HELO"
	verbEHLO     verb = "EHLO"
	verbMAIL     verb = "MAIL"
	verbRCPT     verb = "RCPT"
	verbDATA     verb = "DATA"
	verbBDAT     verb = "BDAT"
	verbRSET     verb = "RSET"
	verbNOOP     verb = "NOOP"
	verbQUIT     verb = "QUIT"
	verbVRFY     verb = "VRFY"
	verbHELP     verb = "HELP"
	verbSTARTTLS verb = "STARTTLS"
	verbAUTH     verb = "AUTH"
)

// command is one command line, understood.
type command struct {
	verb verb

	host string // HELO, EHLO: what the client calls itself

	path string // MAIL, RCPT: what stands between < and >; "" is the null path
	size int64  // MAIL: SIZE, 0 when not said; BDAT: octets that follow
	last bool   // BDAT: nothing comes after them
	utf8 bool   // MAIL: SMTPUTF8

	terms    myodai.Terms // MAIL: RET, ENVID and REQUIRETLS; RCPT: NOTIFY and ORCPT
	extended bool         // one of these was given

	mechanism string // AUTH, in upper case
	initial   string // AUTH: initial response in base64; "" for none
}

// foreign are first words of other protocols. A browser that is made to talk to
// us sends its cookies and our commands in one go, so nothing more is read of
// such a connection (T33).
var foreign = map[string]bool{
	"GET": true, "POST": true, "PUT": true, "HEAD": true, "PATCH": true, "DELETE": true, "OPTIONS": true,
	"CONNECT": true, "TRACE": true, "PRI": true, "HOST:": true, "USER-AGENT:": true, "COOKIE:": true,
	"CONTENT-TYPE:": true,
}

// parseCommand reads one command line without its CRLF. When it cannot, the
// reply says why.
func parseCommand(line string) (command, *reply) {
	for i := range len(line) {
		if line[i] < ' ' || line[i] == 0x7f {
			return command{}, &replyControl
		}
	}
	word, arg, _ := strings.Cut(strings.TrimRight(line, " "), " ")
	word, arg = strings.ToUpper(word), strings.TrimLeft(arg, " ")
	if foreign[word] {
		return command{}, &replyForeign
	}
	c := command{verb: verb(word)}
	switch c.verb {
	case verbHELO, verbEHLO:
		// Any name will do: it is a claim, and judging it is not our job. RFC 5321
		// §4.1.4 forbids refusing mail for it alone.
		if arg == "" || len(arg) > 255 || strings.Contains(arg, " ") || !isASCII(arg) {
			return command{}, &replyHelloSyntax
		}
		c.host = arg
		return c, nil
	case verbMAIL:
		refused := c.parsePath(arg, "FROM:", c.mailParameter)
		return c, refused
	case verbRCPT:
		refused := c.parsePath(arg, "TO:", c.rcptParameter)
		return c, refused
	case verbBDAT:
		return c, c.parseChunk(arg)
	case verbAUTH:
		mechanism, initial, _ := strings.Cut(arg, " ")
		c.mechanism, c.initial = strings.ToUpper(mechanism), strings.TrimLeft(initial, " ")
		if c.mechanism == "" || strings.Contains(c.initial, " ") {
			return command{}, &replyArgument
		}
		return c, nil
	case verbDATA, verbRSET, verbQUIT, verbSTARTTLS:
		if arg != "" {
			return command{}, &replyArgument
		}
		return c, nil
	case verbNOOP, verbVRFY, verbHELP:
		return c, nil
	}
	return command{}, &replyUnknown
}

// parsePath reads the argument of MAIL and RCPT: the keyword, the path in angle
// brackets, and parameters, each given to parameter with its value, and none
// twice.
func (c *command) parsePath(arg, keyword string, parameter func(name, value string) *reply) *reply {
	if len(arg) < len(keyword) || !strings.EqualFold(arg[:len(keyword)], keyword) {
		return &replyPath
	}
	// RFC 5321 §3.3 allows no space after the colon. Postfix and Exim do, many
	// clients write one, and it can mean nothing else.
	rest := strings.TrimLeft(arg[len(keyword):], " ")
	end := endOfPath(rest)
	if end < 0 || !utf8.ValidString(rest) {
		return &replyPath
	}
	c.path, rest = rest[1:end], rest[end+1:]
	if strings.HasPrefix(c.path, "@") { // a source route, deprecated for decades and a way to relay (T34)
		return &replyRoute
	}
	if rest != "" && rest[0] != ' ' {
		return &replyPath
	}
	seen := map[string]bool{}
	for word := range strings.FieldsSeq(rest) {
		name, value, _ := strings.Cut(word, "=")
		name = strings.ToUpper(name)
		if seen[name] {
			return &replyParameter
		}
		seen[name] = true
		if refused := parameter(name, value); refused != nil {
			return refused
		}
	}
	return nil
}

// endOfPath is the index of the > that closes the < with which s begins, or -1.
// A > within quotes does not count.
func endOfPath(s string) int {
	if s == "" || s[0] != '<' {
		return -1
	}
	quoted := false
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '>' && !quoted:
			return i
		case (c == '<' || c == ' ') && !quoted:
			return -1
		}
	}
	return -1
}

// mailParameter reads a parameter of MAIL.
func (c *command) mailParameter(name, value string) *reply {
	switch name {
	case "SIZE": // RFC 1870 §6: at most 20 digits
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 || value[0] == '+' || len(value) > 20 {
			return &replyParameter
		}
		c.size = n
	case "BODY": // RFC 6152 §2
		if v := strings.ToUpper(value); v != "7BIT" && v != "8BITMIME" {
			return &replyParameter
		}
	case "SMTPUTF8": // RFC 6531 §3.4
		if value != "" {
			return &replyParameter
		}
		c.utf8 = true
	case "AUTH": // RFC 4954 §5: who submitted it elsewhere, which we believe nobody
	default:
		return c.termsParameter(name, value)
	}
	return nil
}

// isASCII reports whether s is only ASCII.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
