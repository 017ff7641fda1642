package submission

import (
	"testing"

	"github.com/myodai/myodai"
)

// RFC 8689 §3, §4.1: who asks for what, and who is heard.
func TestTerms(t *testing.T) {
	const no = "TLS-Required: No\r\n"
	for _, tt := range []struct {
		name    string
		request myodai.TLSRule
		header  string
		policy  myodai.TLSRule
		want    myodai.TLSRule
	}{
		{"nobody asks", "", "", "", ""},
		{"the message lets it go", "", no, "", myodai.TLSOptional},
		{"in any case", "", "tls-required: nO\r\n", "", myodai.TLSOptional},
		{"something else is no word", "", "TLS-Required: Yes\r\n", "", ""},
		{"twice is no word", "", no + no, "", ""},
		{"the policy is stricter", "", no, myodai.TLSRequired, myodai.TLSRequired},
		{"the request is stricter", myodai.TLSChain, no, myodai.TLSVerified, myodai.TLSChain},
		{"the request may not be laxer", myodai.TLSOptional, "", myodai.TLSVerified, myodai.TLSVerified},
	} {
		h, _, err := parseMessage([]byte("From: a@example.com\r\n" + tt.header + "\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		r := Request{Terms: myodai.Terms{TLS: tt.request, Notify: "failure", EnvelopeID: "e"}}
		got := r.terms(h, myodai.Policy{TLS: tt.policy})
		if got != (myodai.Terms{TLS: tt.want, Notify: "failure", EnvelopeID: "e"}) {
			t.Errorf("%s: %+v, want %q", tt.name, got, tt.want)
		}
	}
}

// RFC 3461 §4.1: the submitter's own word about one recipient comes before that
// about all, and both before the rule for suppressed recipients.
func TestNotified(t *testing.T) {
	bob := myodai.Address{Local: "bob", Domain: "example.net"}
	for _, tt := range []struct {
		name     string
		all, own myodai.Notify
		rule     myodai.SuppressedRule
		want     bool
	}{
		{"nobody asks", "", "", myodai.SuppressedDrop, false},
		{"the rule is to bounce", "", "", myodai.SuppressedBounce, true},
		{"never, though the rule is to bounce", "never", "", myodai.SuppressedBounce, false},
		{"of failure", "", "failure", myodai.SuppressedDrop, true},
		{"never for all, failure for one", "never", "failure", myodai.SuppressedDrop, true},
		{"only of success", "success", "", myodai.SuppressedBounce, false},
	} {
		r := Request{Terms: myodai.Terms{Notify: tt.all}, Each: map[myodai.Address]myodai.Terms{bob: {Notify: tt.own, Original: "rfc822;b"}}}
		d := myodai.Delivery{Terms: r.termsFor(bob, r.Terms)}
		if got := notified(d, tt.rule); got != tt.want || d.Terms.Original != "rfc822;b" {
			t.Errorf("%s: %t, want %t; %+v", tt.name, got, tt.want, d.Terms)
		}
	}
}
