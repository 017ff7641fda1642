package bounce

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// maxReason is how much of a sentence is kept as the diagnostic, in octets.
const maxReason = 600

// ParseProse reads a bounce that is written for people alone, as qmail, Exim,
// older Exchange servers and mobile carriers write them. Everything else is a
// refusal, and so is a mail of a person who quotes a bounce: it must come from
// a mail system by its own word, and use the words of one.
//
// The action is "failed", or "delayed" when the mail says that the server keeps
// trying. A status is only what the mail says in digits, never a guess from its
// words (T41).
func ParseProse(raw []byte) (Report, error) {
	head, body := cutBlock(raw)
	subject := decoded(head.get("subject"))
	text := beforeCopy(humanText(head, body))
	if !bySystem(head, text) || !saysUndelivered(subject, text) && !head.has("x-failed-recipients") {
		return Report{}, myodai.Invalidf("the mail is no bounce in the words of a known mail system")
	}
	act := ActionFailed
	if keepsTrying(subject, text) {
		act = ActionDelayed
	}
	report := Report{}
	for _, found := range mentioned(head, text) {
		r := reason(text, found)
		r.Action, r.Diagnostic = act, withStage(r.Diagnostic, text)
		report.Recipients = append(report.Recipients, r)
	}
	if len(report.Recipients) == 0 {
		return Report{}, myodai.Invalidf("the bounce names no recipient")
	}
	return report, nil
}

// bySystem reports whether a mail says of itself that a mail system wrote it.
func bySystem(head fields, text string) bool {
	if head.has("x-failed-recipients") || strings.TrimSpace(head.get("return-path")) == "<>" {
		return true
	}
	from := strings.ToLower(decoded(head.get("from")))
	for _, name := range systemNames {
		if strings.Contains(from, name) {
			return true
		}
	}
	// Old qmail and MTAs behind rewriting gateways lose the From, not the greeting.
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(text)), "hi. this is the ")
}

func saysUndelivered(subject, text string) bool {
	return anyIn(strings.ToLower(subject), undeliveredSubjects) || anyIn(flat(text), undeliveredTexts)
}

// keepsTrying tells a warning from a failure. Failures speak of tries too, of
// those that are over.
func keepsTrying(subject, text string) bool {
	all := strings.ToLower(subject) + " " + flat(text)
	return anyIn(all, delayWords) && !anyIn(all, finalWords)
}

func anyIn(text string, table []phraseOf) bool {
	for _, p := range table {
		if strings.Contains(text, p.words) {
			return true
		}
	}
	return false
}

// lastOf is where the last of the phrases stands in text, -1 for nowhere.
func lastOf(text string, table []phraseOf) int {
	last := -1
	for _, p := range table {
		last = max(last, strings.LastIndex(text, p.words))
	}
	return last
}

// flat is text in lower case on one line, so that a phrase is found wherever
// its author broke the line.
func flat(text string) string { return strings.ToLower(oneLine(text, maxText)) }

// beforeCopy cuts off what the bounce returns of our mail: its words are ours,
// and everybody's who wrote to it.
func beforeCopy(text string) string {
	lines := strings.SplitAfter(text, "\n")
	at := 0
	for _, line := range lines {
		low := strings.ToLower(strings.Trim(line, " \t\n-=_*>"))
		for _, p := range copyMarks {
			if strings.HasPrefix(low, p.words) {
				return text[:at]
			}
		}
		at += len(line)
	}
	return text
}

// mention is an address in a text, and where it stands.
type mention struct {
	address    string
	start, end int
	rank       int // 0 named in the header, 1 begins a line, 2 after a label, 3 elsewhere
}

var addressPattern = regexp.MustCompile(`[^\s<>()\[\]"“”‘’,;:@|「」『』【】＜＞（）、。]+@[\pL\pN][\pL\pN.-]*\.[\pL\pN-]*[\pL\pN]`)

// mentioned lists the recipients a bounce speaks of: those its header names, or
// else those that stand in the most telling places of its text.
func mentioned(head fields, text string) []mention {
	to := strings.ToLower(head.get("to"))
	best := 4
	var all []mention
	for _, m := range addressPattern.FindAllStringIndex(text, maxPeople) {
		one := mention{strings.Trim(text[m[0]:m[1]], "'`*.=-"), m[0], m[1], 3}
		one.address = strings.TrimPrefix(one.address, "mailto:")
		before := text[strings.LastIndexByte(text[:m[0]], '\n')+1 : m[0]]
		low := strings.ToLower(before)
		if isSystem(one.address) || strings.Contains(to, strings.ToLower(one.address)) {
			continue
		}
		not, is := lastOf(low, notRecipients), lastOf(low, recipientLabels)
		switch {
		case not > is:
			continue
		case strings.Trim(before, " \t<'\"*•-・■\u3000（(＜「") == "":
			one.rank = 1
		case is >= 0:
			one.rank = 2
		}
		all = append(all, one)
		best = min(best, one.rank)
	}
	if named := head.get("x-failed-recipients"); named != "" {
		return namedIn(named, text, all)
	}
	var found []mention
	seen := map[string]bool{}
	for _, m := range all {
		if low := strings.ToLower(m.address); m.rank == best && !seen[low] {
			seen[low] = true
			found = append(found, m)
		}
	}
	return untilNext(found, text)
}

// namedIn is the recipients of X-Failed-Recipients, each with its place in the
// text if it has one.
func namedIn(header, text string, all []mention) []mention {
	var found []mention
	for _, name := range addressPattern.FindAllString(header, maxPeople) {
		one := mention{address: name}
		for _, m := range all {
			if strings.EqualFold(m.address, name) {
				one.start, one.end = m.start, m.end
				break
			}
		}
		found = append(found, one)
	}
	return untilNext(found, text)
}

// untilNext makes each mention end where the next begins: what stands between is
// about the first.
func untilNext(found []mention, text string) []mention {
	for i := range found {
		found[i].start, found[i].end = found[i].end, len(text)
		for _, other := range found {
			if other.start > found[i].start && other.start < found[i].end {
				found[i].end = other.start
			}
		}
	}
	return found
}

// reason reads what a bounce says about one recipient: an SMTP reply after its
// address, or anywhere, or else the sentence that follows the address.
func reason(text string, m mention) Recipient {
	r := Recipient{Final: m.address}
	said := text[m.start:m.end]
	code, status, at := findReply(said)
	if at < 0 {
		if code, status, at = findReply(text); at >= 0 {
			said = text
		}
	}
	if at < 0 {
		r.Diagnostic = oneLine(firstParagraph(said), maxReason)
		return r
	}
	r.Status, r.Diagnostic = status, oneLine(paragraphAt(said, at), maxReason)
	if code != 0 && !strings.HasPrefix(r.Diagnostic, strconv.Itoa(code)) {
		r.Diagnostic = strconv.Itoa(code) + " " + r.Diagnostic
	}
	return r
}

// paragraphAt is what follows position at, up to an empty line. When that is
// hardly more than the code, what precedes is told first.
func paragraphAt(text string, at int) string {
	end := len(text)
	if i := emptyLine.FindStringIndex(text[at:]); i != nil {
		end = at + i[0]
	}
	if end-at > 24 {
		return text[at:end]
	}
	start := 0
	for _, i := range emptyLine.FindAllStringIndex(text[:at], -1) {
		start = i[1]
	}
	return strings.Trim(text[at:end], " \n()#[].") + " " + text[start:at]
}

var emptyLine = regexp.MustCompile(`\n[ \t>]*\n`)

// firstParagraph is the first one that has words in it.
func firstParagraph(text string) string {
	for _, p := range emptyLine.Split(text, -1) {
		if p = strings.Trim(p, " \t\n<>:;,.-*'\")"); len(p) > 3 {
			return p
		}
	}
	return ""
}

func isSystem(address string) bool {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	for _, name := range systemNames {
		if local == name {
			return true
		}
	}
	return local == "abuse" || local == "support"
}
