package submission

import (
	"bytes"
	"context"
	"strings"

	"github.com/myodai/myodai"
)

// Links makes what recipients press: links that are counted, and the way to
// unsubscribe.
type Links interface {
	// Rewrite puts tracking links into a complete, unsigned message by an author
	// of the given domain, and changes nothing else.
	Rewrite(message []byte, of myodai.Copy, author myodai.Name, what myodai.Track) []byte
	// UnsubscribeFields are the values of List-Unsubscribe and
	// List-Unsubscribe-Post for one recipient's copy (RFC 8058 §3.1); bounces is the
	// host of its return path.
	UnsubscribeFields(of myodai.Copy, author, bounces myodai.Name, class myodai.ClassName) (list, post string)
}

// trackField is the header field in which a submitter says what of a message may
// be tracked. It does not go on.
const trackField = "X-Myodai-Track"

// marking is what a message gets from Links.
type marking struct {
	of          myodai.Copy
	author      myodai.Name
	track       myodai.Track
	unsubscribe bool
	class       myodai.ClassName
	bounces     myodai.Name // a host whose mail comes back to us
}

// marking decides what of m is tracked, and whether its recipient can
// unsubscribe with one press. What goes the normal path stays as it is (D2).
//
// Where several recipients get the same text, no link can say which of them
// pressed it. That is a loss for counting, and no way to unsubscribe anybody, so
// such a message is refused.
func (e *Engine) marking(ctx context.Context, r Request, h header, m myodai.Message, class myodai.Class, way Way,
	recipients []myodai.Address) (k marking, err error) {
	k = marking{of: myodai.Copy{TenantID: m.TenantID, MessageID: m.ID}, author: m.From.Domain, class: class.Name}
	if len(recipients) == 1 {
		k.of.DeliveryID = myodai.NewID[myodai.DeliveryID](m.AcceptedAt, e.o.Random)
	}
	if e.o.Links == nil || way.Basis == myodai.BasisNormal || m.TenantID == myodai.PlatformTenant {
		return k, nil // links in mail of our own are secrets already
	}
	said := r.Track
	if said == "" {
		said = h.first(trackField)
	}
	allowed, err := parseTrack(said)
	if err != nil {
		return k, err
	}
	k.track = myodai.Track{Clicks: class.Track.Clicks && allowed.Clicks, Opens: class.Track.Opens && allowed.Opens}
	k.unsubscribe = class.Unsubscribe && !unsubscribesItself(h)
	if !k.unsubscribe {
		return k, nil
	}
	if k.of.DeliveryID == "" {
		return k, myodai.Refuse(myodai.CodeInvalid, "to",
			"mail of the class %s is unsubscribed from with one click, so each recipient needs a link of their own; "+
				"send one message to each recipient", class.Name)
	}
	domain := way.Domain
	if way.Basis != myodai.BasisDomain {
		if domain, err = e.platform(ctx); err != nil {
			return k, faultOr("submit", err)
		}
	}
	k.bounces = domain.ReturnPath
	return k, nil
}

// parseTrack reads what a submitter allows to be tracked: "off", or a list of
// clicks and opens; "" allows what the class does.
func parseTrack(s string) (myodai.Track, error) {
	if strings.TrimSpace(s) == "" {
		return myodai.Track{Clicks: true, Opens: true}, nil
	}
	var t myodai.Track
	for word := range strings.SplitSeq(s, ",") {
		switch strings.ToLower(strings.TrimSpace(word)) {
		case "off":
		case "clicks":
			t.Clicks = true
		case "opens":
			t.Opens = true
		default:
			return t, myodai.Refuse(myodai.CodeInvalid, "track",
				"%q does not say what may be tracked; write off, clicks, opens, or clicks and opens with a comma between", shorten([]byte(s)))
		}
	}
	return t, nil
}

// unsubscribesItself reports whether a message has a way to unsubscribe with one
// click already (RFC 8058 §3.1): then its sender keeps the list.
func unsubscribesItself(h header) bool {
	return strings.EqualFold(h.first("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click") &&
		strings.Contains(strings.ToLower(h.first("List-Unsubscribe")), "<https://")
}

// fields is the header with the fields to unsubscribe by. One of the
// submitter's that needs more than a click gives way.
func (e *Engine) fields(h header, k marking) header {
	if !k.unsubscribe {
		return h
	}
	list, post := e.o.Links.UnsubscribeFields(k.of, k.author, k.bounces, k.class)
	var out header
	for _, f := range h {
		if !f.is("List-Unsubscribe") && !f.is("List-Unsubscribe-Post") {
			out = append(out, f)
		}
	}
	for _, f := range []struct{ name, value string }{{"List-Unsubscribe", list}, {"List-Unsubscribe-Post", post}} {
		out = append(out, field{name: f.name, raw: []byte(f.name + ": " + f.value + "\r\n")})
	}
	return out
}

// rewrite puts the links into a complete message. A message that would not be in
// wire form afterwards stays as it is: being counted is worth no refusal.
func (e *Engine) rewrite(message []byte, k marking) []byte {
	if !k.track.Clicks && !k.track.Opens {
		return message
	}
	out := e.o.Links.Rewrite(message, k.of, k.author, k.track)
	if !bytes.Equal(out, message) && checkLines(out) != nil {
		return message
	}
	return out
}
