package bounce

import (
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// Action is what a DSN says was done about one recipient (RFC 3464 §2.3.3).
type Action string

const (
	ActionFailed    Action = "failed"    // given up
	ActionDelayed   Action = "delayed"   // still being tried
	ActionDelivered Action = "delivered" // in the mailbox
	ActionRelayed   Action = "relayed"   // passed on to a server that sends no DSNs
	ActionExpanded  Action = "expanded"  // passed on to several other addresses
)

// Report is a delivery status notification.
type Report struct {
	ReportingMTA string // that wrote it, by its own word
	Recipients   []Recipient
}

// Recipient is what a DSN says about one recipient. All of it is a claim.
type Recipient struct {
	Final      string // address as the reporting server knew it, without type and brackets
	Original   string // address as its sender gave it (RFC 3461 §4.2), "" for none
	Action     Action
	Status     string // RFC 3463, such as "5.1.1"; "" for none
	Diagnostic string // what the remote server said, on one line; "" for nothing
	RemoteMTA  string // host that said it, "" for none
}

// ParseDSN reads a mail that is a DSN: one with a message/delivery-status part
// (RFC 6522, RFC 3464) that names at least one recipient. Line ends may be CRLF
// or LF. Everything else is a refusal, and no sign that delivery succeeded:
// some servers report failure in prose alone.
func ParseDSN(raw []byte) (Report, error) {
	head, body := cutBlock(raw)
	status, ok := machinePart(head, body, 0)
	if !ok {
		return Report{}, myodai.Invalidf("the mail has no delivery status part")
	}
	report := Report{}
	block, rest := cutBlock(skipEmpty(status))
	if !isRecipient(block) { // else the block about the message was left out
		report.ReportingMTA = afterType(block.get("reporting-mta"))
		block, rest = cutBlock(skipEmpty(rest))
	}
	text := beforeCopy(humanText(head, body)) // tells what the fields leave out
	for len(block) > 0 && len(report.Recipients) < maxPeople {
		if r, ok := recipient(block); ok {
			r.Diagnostic = withStage(r.Diagnostic, text)
			report.Recipients = append(report.Recipients, r)
		}
		block, rest = cutBlock(skipEmpty(rest))
	}
	if len(report.Recipients) == 0 {
		return Report{}, myodai.Invalidf("the delivery status part names no recipient")
	}
	return report, nil
}

func skipEmpty(b []byte) []byte {
	for len(b) > 0 {
		line, rest := cutLine(b)
		if len(line) > 0 {
			break
		}
		b = rest
	}
	return b
}

func isRecipient(block fields) bool {
	return block.has("final-recipient") || block.has("original-recipient") || block.has("action")
}

// recipient reads one block of per-recipient fields (RFC 3464 §2.3); ok is
// false when it does not say who, or not what happened.
func recipient(block fields) (r Recipient, ok bool) {
	r = Recipient{
		Final:      address(block.get("final-recipient")),
		Original:   address(block.get("original-recipient")),
		Status:     enhanced(firstWord(block.get("status"))),
		Diagnostic: afterType(block.get("diagnostic-code")),
		RemoteMTA:  afterType(block.get("remote-mta")),
	}
	r.Action = action(firstWord(block.get("action")), r.Status)
	return r, r.Action != "" && (r.Final != "" || r.Original != "")
}

// action reads an Action field. Some servers leave it out; then the class of
// the status says as much.
func action(word, status string) Action {
	switch a := Action(strings.ToLower(word)); a {
	case ActionFailed, ActionDelayed, ActionDelivered, ActionRelayed, ActionExpanded:
		return a
	}
	switch {
	case strings.HasPrefix(status, "5."):
		return ActionFailed
	case strings.HasPrefix(status, "4."):
		return ActionDelayed
	case strings.HasPrefix(status, "2."):
		return ActionDelivered
	}
	return ""
}

// afterType is a value without the type before its first semicolon: "rfc822;",
// "dns;", "smtp;" (RFC 3464 §2.1.2). A value without a type stands as it is.
func afterType(value string) string {
	kind, rest, ok := strings.Cut(value, ";")
	if !ok || strings.ContainsAny(strings.TrimSpace(kind), " :@<") {
		return value
	}
	return strings.TrimSpace(rest)
}

func address(value string) string {
	a := afterType(value)
	if i, j := strings.IndexByte(a, '<'), strings.LastIndexByte(a, '>'); i >= 0 && i < j {
		a = a[i+1 : j]
	}
	return strings.TrimSpace(a)
}

// firstWord ends at a space or at a comment (RFC 5322 §3.2.2).
func firstWord(value string) string {
	if i := strings.IndexAny(value, " \t("); i >= 0 {
		return value[:i]
	}
	return value
}

// enhanced is s when it is a status code of RFC 3463 §2, else "".
func enhanced(s string) string {
	class, rest, ok := strings.Cut(s, ".")
	subject, detail, two := strings.Cut(rest, ".")
	if !ok || !two || (class != "2" && class != "4" && class != "5") || !number(subject) || !number(detail) {
		return ""
	}
	return s
}

func number(s string) bool {
	return len(s) >= 1 && len(s) <= 3 && strings.Trim(s, "0123456789") == ""
}

// Concerns reports whether the final recipient is the address a. The local part
// is compared without regard to case, because the servers that mind it do not
// write it otherwise (RFC 5321 §2.4).
//
// The original recipient is asked only where the final one is no mail address:
// that a forwarded mail failed somewhere does not make the address it was forwarded
// from a bad one, and a claim about another address must not act on ours (T41).
func (r Recipient) Concerns(a myodai.Address) bool {
	if _, err := myodai.ParseAddress(r.Final); err != nil {
		return isAddress(r.Original, a)
	}
	return isAddress(r.Final, a)
}

// isAddress reports whether text is the address a.
func isAddress(text string, a myodai.Address) bool {
	written, err := myodai.ParseAddress(text)
	return err == nil && written.Domain == a.Domain && strings.EqualFold(written.Local, a.Local)
}

// Reply is what the remote server said, in the three parts of an outcome: SMTP
// code (0 when none is told), enhanced status code, text. A status that says
// nothing (x.0.0) gives way to one inside the diagnostic. Gateways put words of
// their own before a reply; then it is looked for inside.
func (r Recipient) Reply() (code int, status, text string) {
	status, text = r.Status, r.Diagnostic
	word, rest := replyWord(text)
	inner := ""
	if n, err := strconv.Atoi(word); err == nil && len(word) == 3 && n >= 200 && n <= 599 {
		code = n
		word, _ = replyWord(rest)
		inner = enhanced(strings.Trim(word, "():;,'\""))
	} else {
		code, inner, _ = findReply(text)
	}
	if inner != "" && (status == "" || strings.HasSuffix(status, ".0.0")) {
		status = inner
	}
	return code, status, text
}

// replyWord cuts the first word of an SMTP reply, which a hyphen ends too.
func replyWord(s string) (word, rest string) {
	s = strings.TrimLeft(s, " -#")
	if i := strings.IndexAny(s, " -"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// Class is Classify of the reply.
func (r Recipient) Class() Class { return Classify(r.Reply()) }
