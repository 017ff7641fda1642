package bounce

import "strings"

// Kind is what a mail that came back is.
type Kind string

const (
	KindDSN       Kind = "dsn"        // a delivery status notification that ParseDSN reads
	KindComplaint Kind = "complaint"  // a feedback report (RFC 5965)
	KindReceipt   Kind = "receipt"    // a disposition notification: read, deleted (RFC 8098)
	KindAutoReply Kind = "auto_reply" // written by a program in answer to ours
	KindProse     Kind = "prose"      // a bounce in words alone, that ParseProse reads
	KindMail      Kind = "mail"       // anything else, such as an answer by a person
)

// KindOf says what a mail is. It never fails: what cannot be read is KindMail.
func KindOf(raw []byte) Kind {
	head, _ := cutBlock(raw)
	media, params := contentType(head.get("content-type"))
	if media == "multipart/report" {
		switch strings.ToLower(params["report-type"]) {
		case "feedback-report":
			return KindComplaint // though ParseARF may have nothing to read
		case "disposition-notification":
			return KindReceipt
		}
	}
	if _, err := ParseDSN(raw); err == nil {
		return KindDSN
	}
	if _, err := ParseARF(raw); err == nil {
		return KindComplaint
	}
	if _, err := ParseProse(raw); err == nil {
		return KindProse
	}
	if isAutomatic(head) {
		return KindAutoReply
	}
	return KindMail
}

// isAutomatic follows RFC 3834 §5: any Auto-Submitted but "no". The other
// fields are older habits of vacation programs that still run.
func isAutomatic(head fields) bool {
	if auto := strings.ToLower(firstWord(strings.ReplaceAll(head.get("auto-submitted"), ";", " "))); auto != "" {
		return auto != "no"
	}
	switch strings.ToLower(head.get("precedence")) {
	case "auto_reply", "auto-reply":
		return true
	}
	if head.has("x-autoreply") || head.has("x-autorespond") || head.has("x-auto-response-suppress") {
		return true
	}
	subject := strings.ToLower(decoded(head.get("subject")))
	for _, p := range autoReplySubjects {
		if at := strings.Index(subject, p.words); at >= 0 && at <= maxBefore {
			return true
		}
	}
	return false
}

// maxBefore is how far into a subject the words of an automatic answer may
// stand, in octets: after "Re: ", "[" or "【".
const maxBefore = 12
