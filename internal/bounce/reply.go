package bounce

import (
	"regexp"
	"strconv"
	"strings"
)

// How replies stand in running text. A bare number is a code only where a reply
// begins: "500 messages" and "port 450" are none.
var (
	replyPattern = regexp.MustCompile(`(?:^|[^0-9A-Za-z.@])([45][0-5][0-9])[\s:-]{1,3}[#('"]?([45]\.[0-9]{1,3}\.[0-9]{1,3})(?:[^.0-9]|$)`)
	codePattern  = regexp.MustCompile(`(?im)(?:^[\s>'"]*|said:\s*|<<<\s*|responded:?\s*|response\s?(?:was)?:?\s*|replied:?\s*|error:?\s*#?|code:?\s*|` +
		`failed:\s*|returned:?\s*|smtp;\s*|reply:?\s*|status:?\s*|(?:^|[^0-9]):\s*|[("'\[#]\s*)([45][0-5][0-9])(?:[\s:;,)\]'"-]|$)`)
	statusPattern = regexp.MustCompile(`(?im)(?:^\s*|[(#\["'<]|status:?\s*|code\s?:?\s*|error:?\s*|reason:?\s*|;\s*)([45]\.[0-7]\.[0-9]{1,3})(?:[^.0-9]|$)`)
)

// findReply looks for an SMTP reply in text: its code (0 for none), its enhanced
// status code ("" for none), and where it begins, -1 when there is neither.
func findReply(text string) (code int, status string, at int) {
	if m := replyPattern.FindStringSubmatchIndex(text); m != nil {
		return number3(text[m[2]:m[3]]), text[m[4]:m[5]], m[2]
	}
	at = -1
	if m := codePattern.FindStringSubmatchIndex(text); m != nil {
		code, at = number3(text[m[2]:m[3]]), m[2]
	}
	if m := statusPattern.FindStringSubmatchIndex(text); m != nil && (code == 0 || text[m[2]] == byte('0'+code/100)) {
		status = text[m[2]:m[3]]
		if at < 0 || m[2] < at {
			at = m[2]
		}
	}
	return code, status, at
}

func number3(digits string) int {
	n, _ := strconv.Atoi(digits) // the patterns find three digits only
	return n
}

// oneLine is text with single spaces, cut after at most limit octets.
func oneLine(text string, limit int) string {
	line := strings.Join(strings.Fields(text), " ")
	if len(line) > limit {
		line = strings.ToValidUTF8(line[:limit], "")
	}
	return line
}

// afterDataWords are how mail systems say that it was the message that was
// refused, and not its recipient.
var afterDataWords = []phraseOf{
	{"Postfix", "in reply to end of data"}, {"Exim", "after end of data"}, {"qmail", "after i sent the message"},
	{"sendmail", ">>> data <<< 5"},
}

// withStage is a diagnostic that says when it was said, if the text around it
// tells: what "unknown user" means depends on it.
func withStage(diagnostic, around string) string {
	const stage = " (in reply to end of DATA command)"
	if diagnostic == "" || strings.Contains(strings.ToLower(diagnostic), "end of data") || !anyIn(flat(around), afterDataWords) {
		return diagnostic
	}
	return diagnostic + stage
}
