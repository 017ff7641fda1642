package myodai

import (
	"slices"
	"strings"
)

// Terms are what a submitter asks for one delivery beside that it be made: to
// hear of it, and how it is kept from others on the way. The zero value asks for
// nothing. The tags are how they are stored.
type Terms struct {
	Notify     Notify  `json:"notify,omitempty"`
	Original   string  `json:"original,omitempty"`    // the recipient as first written, type included: "rfc822;a@example.com" (ORCPT)
	EnvelopeID string  `json:"envelope_id,omitempty"` // by which the submitter knows the mail again (ENVID)
	Return     Content `json:"return,omitempty"`      // what of the mail a DSN about a failure brings back (RET)
	TLS        TLSRule `json:"tls,omitempty"`
}

// Notify is when the sender gets a DSN (RFC 3461 §4.1): some of success, failure
// and delay with commas between them, in this order, or never. "" leaves it to the
// platform.
type Notify string

// What may stand in a Notify.
const (
	NotifyNever   Notify = "never"
	NotifySuccess Notify = "success"
	NotifyFailure Notify = "failure"
	NotifyDelay   Notify = "delay"
)

// Wants reports whether n has one of success, failure and delay in it.
func (n Notify) Wants(when Notify) bool {
	return slices.Contains(strings.Split(string(n), ","), string(when))
}

// ParseNotify reads a list with commas in any order and in capitals or not. It
// refuses an empty one, an unknown word, one said twice, and never beside another.
func ParseNotify(text string) (Notify, error) {
	words := strings.Split(strings.ToLower(text), ",")
	if len(words) == 1 && words[0] == string(NotifyNever) {
		return NotifyNever, nil
	}
	var list []string
	for _, when := range []Notify{NotifySuccess, NotifyFailure, NotifyDelay} {
		if slices.Contains(words, string(when)) {
			list = append(list, string(when))
		}
	}
	if len(list) != len(words) {
		return "", Refuse(CodeInvalid, "notify", "%.40q is neither never nor a list of success, failure and delay", text)
	}
	return Notify(strings.Join(list, ",")), nil
}

// Content is how much of a mail goes back with a DSN (RFC 3461 §4.3).
type Content string

const (
	ContentFull   Content = "full"    // the mail
	ContentHeader Content = "headers" // its header
)

// TLSRule is what is asked of the connections that a mail leaves by. "" is TLS
// wherever it can be had, and what the recipient's domain demands by MTA-STS or
// DANE.
type TLSRule string

const (
	// TLSOptional delivers even where the recipient's domain demands TLS and it
	// fails: "TLS-Required: No" (RFC 8689 §3).
	TLSOptional TLSRule = "optional"
	TLSRequired TLSRule = "required" // never in the clear, whatever the certificate
	TLSVerified TLSRule = "verified" // and only to a server that proves its name
	// TLSChain is verified, found by ways that cannot be forged, and promised to be
	// kept so by every server behind it: REQUIRETLS (RFC 8689 §2).
	TLSChain TLSRule = "requiretls"
)

// tlsRules are all of them, the least demanding first.
var tlsRules = []TLSRule{TLSOptional, "", TLSRequired, TLSVerified, TLSChain}

// Stricter is the more demanding of two rules.
func (r TLSRule) Stricter(other TLSRule) TLSRule {
	if slices.Index(tlsRules, other) > slices.Index(tlsRules, r) {
		return other
	}
	return r
}

// Encrypted reports whether nothing may go in the clear.
func (r TLSRule) Encrypted() bool { return r == TLSRequired || r.Verified() }

// Verified reports whether the server must prove its name.
func (r TLSRule) Verified() bool { return r == TLSVerified || r == TLSChain }
