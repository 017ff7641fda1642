package delivery

import (
	"fmt"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

// dsnOfMail are the parameters of MAIL by which the sender knows DSNs again and
// says what they bring back (RFC 3461 §4.3, §4.4), each after a space.
func (t *transaction) dsnOfMail() string {
	terms := t.items[0].Delivery.Terms
	if _, offered := t.session.offers["DSN"]; !offered {
		return ""
	}
	list := ""
	switch terms.Return {
	case myodai.ContentFull:
		list += " RET=FULL"
	case myodai.ContentHeader:
		list += " RET=HDRS"
	}
	if terms.EnvelopeID != "" {
		list += " ENVID=" + xtext(terms.EnvelopeID)
	}
	return list
}

// dsnOfRcpt are the parameters of RCPT for one item, each after a space; asked
// tells that the server will write the DSNs that the sender wants.
//
// The return path is ours, and so is the wish to hear of failures: it is there
// whatever the sender wants to hear (RFC 3461 §5.2.7). What comes back is passed
// on to the sender as far as that was asked for. Where recipients share a return
// path, ORCPT tells what comes back apart.
func (t *transaction) dsnOfRcpt(i int) (list string, asked bool) {
	d := t.items[i].Delivery
	if _, offered := t.session.offers["DSN"]; !offered {
		return "", false
	}
	if d.Terms.Notify != "" {
		when := []string{"FAILURE"}
		for _, n := range []myodai.Notify{myodai.NotifySuccess, myodai.NotifyDelay} {
			if d.Terms.Notify.Wants(n) {
				when = append(when, strings.ToUpper(string(n)))
			}
		}
		list, asked = " NOTIFY="+strings.Join(when, ","), true
	}
	original := d.Terms.Original
	if original == "" && (len(t.items) > 1 || bounce.IsShared(d.ReturnPath)) && ascii([]byte(d.Recipient.Local)) {
		original = "rfc822;" + d.Recipient.String()
	}
	if kind, address, ok := strings.Cut(original, ";"); ok {
		list += " ORCPT=" + kind + ";" + xtext(address)
	}
	return list, asked
}

// xtext writes a value of RFC 3461 §4: what might end it is written in digits, so
// that it cannot become another parameter (T30).
func xtext(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || c == '+' || c == '=' {
			fmt.Fprintf(&b, "+%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
