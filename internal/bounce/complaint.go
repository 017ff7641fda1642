package bounce

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// FeedbackType is what a feedback report is about. The registry is open; these
// are the types that this package knows.
type FeedbackType string

const (
	FeedbackAbuse       FeedbackType = "abuse"        // the recipient called it spam (RFC 5965 §7.3)
	FeedbackFraud       FeedbackType = "fraud"        // phishing
	FeedbackVirus       FeedbackType = "virus"        // malware
	FeedbackOther       FeedbackType = "other"        // anything else
	FeedbackNotSpam     FeedbackType = "not-spam"     // taken back (RFC 6430)
	FeedbackOptOut      FeedbackType = "opt-out"      // the recipient wants no more mail of the sender
	FeedbackAuthFailure FeedbackType = "auth-failure" // SPF, DKIM or DMARC failed (RFC 6591)
)

// Complaint is a feedback report. All of it is a claim of a stranger.
type Complaint struct {
	Type       FeedbackType // in lower case, never ""
	UserAgent  string       // program that wrote the report
	SourceIP   netip.Addr   // the mail came from there; invalid when not told
	Incidents  int          // reports summed up in this one, at least 1
	MailFrom   string       // original return path, "" when not told
	Recipients []string     // original recipients, often redacted (RFC 6590)
	ArrivedAt  time.Time    // when the mail arrived there; zero when not told

	AuthFailure    string // of auth-failure reports: "dkim", "spf", "dmarc" … (RFC 6591 §3.1)
	DeliveryResult string // and what was done: "delivered", "spam", "policy", "reject", "other"

	// Of the mail complained about, as far as the report has it.
	MessageID string
	From      string
	Subject   string
	tokens    []string // values that may hold our return path
}

// ParseARF reads a mail that is a feedback report: one with a
// message/feedback-report part (RFC 5965 §3, RFC 6591), or the older form of
// Outlook.com, a mail with the original attached and its recipient in a field
// X-HmXmrOriginalRecipient. Everything else is a refusal.
func ParseARF(raw []byte) (Complaint, error) {
	head, body := cutBlock(raw)
	var found feedback
	found.collect(head, body, 0)
	jmrp := found.original.get("x-hmxmroriginalrecipient")
	switch {
	case found.report == nil && jmrp == "":
		return Complaint{}, myodai.Invalidf("the mail has no feedback report part")
	case found.report == nil:
		found.report = fields{{"feedback-type", "abuse"}, {"original-rcpt-to", jmrp}, {"source-ip", found.original.get("x-sid-pra-ip")}}
	}
	report := found.report
	c := Complaint{
		Type:           FeedbackType(strings.ToLower(firstWord(report.get("feedback-type")))),
		UserAgent:      report.get("user-agent"),
		SourceIP:       ipAddress(report.get("source-ip")),
		Incidents:      1,
		MailFrom:       address(report.get("original-mail-from")),
		ArrivedAt:      date(report.get("arrival-date"), report.get("received-date")),
		AuthFailure:    strings.ToLower(firstWord(report.get("auth-failure"))),
		DeliveryResult: strings.ToLower(firstWord(report.get("delivery-result"))),
		MessageID:      found.original.get("message-id"),
		From:           decoded(found.original.get("from")),
		Subject:        decoded(found.original.get("subject")),
	}
	if c.Type == "" {
		return Complaint{}, myodai.Invalidf("the feedback report does not say what it is about")
	}
	if n, err := strconv.Atoi(firstWord(report.get("incidents"))); err == nil && n > 1 {
		c.Incidents = n
	}
	for _, f := range report {
		if f.name == "original-rcpt-to" && f.value != "" && len(c.Recipients) < maxPeople {
			c.Recipients = append(c.Recipients, address(f.value))
		}
	}
	c.tokens = append(c.tokens, c.MailFrom)
	for _, f := range found.original {
		switch f.name {
		case "return-path", "feedback-id", "x-original-mail-from", "x-envelope-from", "x-mailfrom":
			c.tokens = append(c.tokens, f.value)
		}
	}
	return c, nil
}

// feedback is the parts of a feedback report that machines read.
type feedback struct {
	report   fields // nil for none
	original fields // header of the mail complained about
}

func (f *feedback) collect(head fields, body []byte, depth int) {
	media, params := contentType(head.get("content-type"))
	encoding := head.get("content-transfer-encoding")
	switch {
	case media == "message/feedback-report" && f.report == nil:
		f.report, _ = cutBlock(skipEmpty(decode(encoding, body)))
	case (media == "message/rfc822" || media == "message/global" || media == "text/rfc822-headers" ||
		media == "message/rfc822-headers" || media == "message/global-headers") && f.original == nil:
		f.original, _ = cutBlock(skipEmpty(decode(encoding, body)))
	case strings.HasPrefix(media, "multipart/") && depth < maxDepth:
		for _, part := range parts(body, params["boundary"]) {
			inner, content := cutBlock(part)
			f.collect(inner, content, depth+1)
		}
	}
}

// Unwanted reports whether the recipient does not want such mail. A failed
// authentication, a virus or a complaint taken back says nothing of the kind.
func (c Complaint) Unwanted() bool {
	return c.Type == FeedbackAbuse || c.Type == FeedbackFraud || c.Type == FeedbackOptOut
}

// Origins lists what the complaint is about: what those return paths lead to that
// stand in the report or in the header of the mail it is about, and verify. It
// is the only thing in a complaint that a stranger cannot make up (T43). An
// honest complaint has one or, where the reporter blackened it, none.
func (c Complaint) Origins(key [32]byte, now time.Time) []Origin {
	var list []Origin
	for _, value := range c.tokens {
		for _, local := range tokenPattern.FindAllString(lowerASCII(value), maxParts) {
			origin, err := ReadReturnPath(key, myodai.Address{Local: local}, now)
			if err == nil && !slices.Contains(list, origin) {
				list = append(list, origin)
			}
		}
	}
	return list
}

// Concerns reports whether the complaint can come from the address a: whether it
// names no recipient, or one at the same domain. Local parts are not compared,
// because reporters blacken them (RFC 6590 §2).
func (c Complaint) Concerns(a myodai.Address) bool {
	named := false
	for _, r := range c.Recipients {
		_, domain, ok := strings.Cut(r, "@")
		if !ok {
			continue // blackened as a whole
		}
		if name, err := myodai.ParseName(domain); err == nil {
			if name == a.Domain {
				return true
			}
			named = true
		}
	}
	return !named
}

// Names reports whether the complaint names the address a, and nobody else. Where
// several share a return path, that alone says who complains.
func (c Complaint) Names(a myodai.Address) bool {
	for _, r := range c.Recipients {
		if !isAddress(r, a) {
			return false
		}
	}
	return len(c.Recipients) > 0
}

func ipAddress(value string) netip.Addr {
	ip, _ := netip.ParseAddr(strings.Trim(firstWord(value), "[]")) // invalid when it is none
	return ip.Unmap().WithZone("")
}

// date is the first of the values that is a date of RFC 5322 §3.3.
func date(values ...string) time.Time {
	for _, value := range values {
		value, _, _ = strings.Cut(value, " (")
		for _, layout := range []string{"Mon, 2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -0700", time.RFC3339} {
			if at, err := time.Parse(layout, value); err == nil {
				return at
			}
		}
	}
	return time.Time{}
}
