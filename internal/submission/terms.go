package submission

import (
	"cmp"
	"strings"

	"github.com/myodai/myodai"
)

// terms are what is asked for every delivery of the message, by the request, by
// the message itself and by the policy.
//
// "TLS-Required: No" lets a mail through where the recipient's domain demands a
// TLS that does not work (RFC 8689 §3); it takes nothing back that is demanded on
// our side, and nothing of REQUIRETLS (§4.1).
func (r Request) terms(h header, policy myodai.Policy) myodai.Terms {
	t := r.Terms
	t.TLS = t.TLS.Stricter(policy.TLS)
	if t.TLS == "" && h.count("TLS-Required") == 1 && strings.EqualFold(h.first("TLS-Required"), "No") {
		t.TLS = myodai.TLSOptional
	}
	return t
}

// termsFor are the terms of one recipient's delivery.
func (r Request) termsFor(recipient myodai.Address, t myodai.Terms) myodai.Terms {
	own := r.Each[recipient]
	t.Notify, t.Original = cmp.Or(own.Notify, t.Notify), cmp.Or(own.Original, t.Original)
	return t
}

// notified reports whether the sender hears when d fails: if the submitter said so,
// or else when the rule for suppressed recipients has every mail come back that is
// not delivered (D16).
func notified(d myodai.Delivery, rule myodai.SuppressedRule) bool {
	if d.Terms.Notify != "" {
		return d.Terms.Notify.Wants(myodai.NotifyFailure)
	}
	return rule == myodai.SuppressedBounce
}
