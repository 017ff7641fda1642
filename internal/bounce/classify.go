package bounce

import (
	"strconv"
	"strings"
)

// Class is why a mail was not taken, as far as it decides what to do next.
type Class string

const (
	ClassRecipient   Class = "recipient"    // there is no such mailbox, or it is closed for good
	ClassMailboxFull Class = "mailbox_full" // the mailbox takes nothing more now
	ClassPolicy      Class = "policy"       // a rule of the receiver or of the recipient
	ClassReputation  Class = "reputation"   // what is thought of our address or domain
	ClassContent     Class = "content"      // the message itself: spam, virus, size
	ClassTransient   Class = "transient"    // no lasting reason
	ClassNetwork     Class = "network"      // names, routes, connections
	ClassUnknown     Class = "unknown"      // cannot be said
)

// Suppresses reports whether an address whose mail was refused for this class of
// reason is not to be mailed again. Only a missing recipient is the address's
// own fault: refusals for policy or reputation come and go with the sender, and
// addresses suppressed for them are lost customers.
func Suppresses(c Class) bool { return c == ClassRecipient }

// status is what an enhanced status code means. Servers give some of them for
// everything; those are vague, and the text may say more.
type status struct {
	class Class
	vague bool
}

// statuses is RFC 3463 §3, the registry that RFC 5248 made of it, and RFC 7505
// for X.1.10, by subject and detail.
var statuses = map[string]status{
	"1.0": {ClassUnknown, true}, "1.1": {ClassRecipient, false}, "1.2": {ClassNetwork, false},
	"1.3": {ClassRecipient, false}, "1.4": {ClassUnknown, true}, "1.6": {ClassRecipient, false},
	"1.5": {ClassUnknown, true}, "1.7": {ClassPolicy, false}, "1.8": {ClassPolicy, false}, "1.10": {ClassRecipient, false},
	"2.0": {ClassUnknown, true}, "2.1": {ClassRecipient, true}, "2.2": {ClassMailboxFull, false},
	"2.3": {ClassContent, false}, "2.4": {ClassPolicy, false},
	"3.1": {ClassTransient, false}, "3.2": {ClassTransient, false}, "3.4": {ClassContent, false},
	"4.1": {ClassNetwork, true}, // some say it of recipients they do not have
}

// subjects holds for the details that statuses does not list.
var subjects = map[string]status{
	"0": {ClassUnknown, true},
	"1": {ClassUnknown, true},
	"2": {ClassUnknown, true},
	"3": {ClassUnknown, true},
	"4": {ClassNetwork, false},
	"5": {ClassUnknown, true},
	"6": {ClassContent, false},
	"7": {ClassPolicy, true},
}

// Classify says why a server refused, from its SMTP code (0 for none), its
// enhanced status code ("" for none) and its text. The enhanced code decides;
// where it is vague or missing, texts of well-known providers do. Two things bind
// them, so that nobody is suppressed who exists: a text without any code never
// makes a missing recipient (T41), nor does a text in a refusal for policy; and
// words that speak of a block, or of the recipient's own filter, take it back
// even where the code says so.
func Classify(code int, enhancedCode, text string) Class {
	class, rest, _ := strings.Cut(enhanced(enhancedCode), ".")
	if class == "2" || code/100 == 2 {
		return ClassUnknown
	}
	coded := class != "" || code >= 400 && code <= 599
	known := meaning(rest)
	result := known.class
	reply := strconv.Itoa(code) + " " + enhancedCode + " " + plain(text)
	if known.vague {
		if said := lookUp(phrases, reply); said != "" && !(said == ClassRecipient && known.class == ClassPolicy) {
			result = said
		}
	}
	if result == ClassRecipient || known.vague {
		// That there is a rule is the least one can say; any other reason tells more.
		said := lookUp(protections, reply)
		if said != "" && (said != ClassPolicy || result == ClassRecipient || result == ClassUnknown) {
			result = said
		}
	}
	temporary := class == "4" || code/100 == 4
	if temporary && (result == ClassRecipient || result == ClassPolicy || result == ClassUnknown) {
		// A reason that may be gone on the next attempt is none against anybody.
		return ClassTransient
	}
	if !coded && result == ClassRecipient {
		return ClassUnknown
	}
	return result
}

// meaning is what subject and detail of an enhanced status code say.
func meaning(rest string) status {
	if known, ok := statuses[rest]; ok {
		return known
	}
	subject, _, _ := strings.Cut(rest, ".")
	if known, ok := subjects[subject]; ok {
		return known
	}
	return status{ClassUnknown, true}
}

// lookUp finds the first entry of a table that is in the reply; "" for none.
func lookUp(table []phrase, reply string) Class {
	for _, p := range table {
		if p.in(reply) {
			return p.class
		}
	}
	return ""
}

// plain is the text in lower case, with single spaces and without the addresses
// in it: the owner of antispam@example.com must not be taken for the reason.
func plain(text string) string {
	var words []string
	for word := range strings.FieldsSeq(strings.ToLower(text[:min(len(text), maxValue)])) {
		if strings.Contains(word, "@") {
			_, word, _ = strings.Cut(word, ">")
		}
		if word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

func (p phrase) in(reply string) bool {
	for _, part := range strings.Split(p.parts, " … ") {
		if !strings.Contains(reply, part) {
			return false
		}
	}
	return true
}
