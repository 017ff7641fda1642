package console

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/senders"
)

// hintSender says, while somebody types, what is to be expected of an address as a
// sender: that free mail is refused, for one (A23, E11).
func hintSender(v *visit) error {
	return v.part(http.StatusOK, "senders", "hint", v.senderHint(v.r.URL.Query().Get("value")))
}

// senderHint looks as far as a hint may.
func (v *visit) senderHint(typed string) hintView {
	local, domain, _ := strings.Cut(strings.TrimSpace(typed), "@")
	if local == "" || !strings.Contains(strings.Trim(domain, "."), ".") {
		return hintView{} // not much typed yet
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), hintTime)
	defer cancel()
	o, err := v.o.Senders.Outlook(ctx, v.actor.Tenant, typed)
	if refusal, ok := errors.AsType[*myodai.Error](err); ok {
		o.Refused = refusal
	} else if err != nil {
		v.log.WarnContext(ctx, "hint about an address", "request", v.id, "err", err)
		return hintView{}
	}
	return newSenderHint(v.reader, o)
}

// newSenderHint says it, the most important first.
func newSenderHint(r reader, o senders.Outlook) hintView {
	var out hintView
	if o.Refused != nil {
		out.add(toneBad, "alert", r.tell(o.Refused))
		if o.FreeMail {
			out.add(toneNone, "info", r.say("hint.free_mail"))
		}
		return out
	}
	if o.Domain.ID != "" {
		out.add(toneGood, "check", r.say("senders.hint_verified", o.Domain.Name.Unicode()))
	}
	if o.Verify {
		out.add(toneNone, "info", r.say("senders.needs_domain", string(o.Address.Domain)))
	}
	if o.Confirm {
		out.add(toneNone, "mail", r.say("senders.hint_confirm"))
	}
	if o.Via != "" {
		out.add(toneWarn, "info", r.say("senders.via", string(o.Via)))
	}
	if o.Receives == senders.KnownNo {
		out.add(toneWarn, "mail", r.say("senders.silent"))
	}
	return out
}
