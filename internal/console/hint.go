package console

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/domains"
)

// hintView is what can be said of a domain before it is registered.
type hintView struct {
	Lines []hintLine
}

// hintLine is one thing to know.
type hintLine struct {
	Tone tone
	Icon string
	Text string
}

func (h *hintView) add(t tone, icon, text string) { h.Lines = append(h.Lines, hintLine{t, icon, text}) }

// hintTime bounds what a hint asks of DNS: it comes while somebody types.
const hintTime = 2 * time.Second

// glimpse is what a look at DNS shows of a domain nobody has registered here.
type glimpse struct {
	Looked      bool
	NameServers []myodai.Name
	Absent      bool // DNS says that there is no such domain
	Policy      string
}

// hint says what is known of a name that somebody types.
func (v *visit) hint(typed string) hintView {
	typed = strings.TrimSpace(typed)
	if _, domain, found := strings.Cut(typed, "@"); found {
		typed = domain
	}
	name, err := domains.ParseSendingName(typed)
	seen := glimpse{}
	if err == nil && v.o.Lookup != nil {
		ctx, cancel := context.WithTimeout(v.r.Context(), hintTime)
		defer cancel()
		seen = look(ctx, v.o.Lookup, name)
	}
	return newHintView(v.reader, typed, name, err, seen)
}

// look asks DNS who serves the domain and what its DMARC record says.
func look(ctx context.Context, lookup Lookup, name myodai.Name) glimpse {
	type reply struct{ servers, policy myodai.Answer }
	answers := reply{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		answers.policy = lookup(ctx, dmarc.Owner(name), myodai.TypeTXT)
	}()
	zone := name.Registrable()
	answers.servers = lookup(ctx, zone, myodai.TypeNS)
	<-done
	seen := glimpse{Looked: answers.servers.Kind() != myodai.AnswerUnknown}
	seen.Absent = answers.servers.RCode == "NXDOMAIN" && seen.Looked
	for _, rr := range answers.servers.Records {
		if rr.Type == myodai.TypeNS {
			seen.NameServers = append(seen.NameServers, myodai.Name(strings.ToLower(rr.Data)))
		}
	}
	for _, rr := range answers.policy.Records {
		if rr.Type == myodai.TypeTXT && strings.HasPrefix(rr.Text(), "v=DMARC1") {
			seen.Policy = rr.Text()
		}
	}
	return seen
}

// newHintView says it, the most important first.
func newHintView(r reader, typed string, name myodai.Name, err error, seen glimpse) hintView {
	var out hintView
	if typed == "" || !strings.Contains(typed, ".") {
		return out // not much typed yet
	}
	if refusal, ok := errors.AsType[*myodai.Error](err); ok {
		out.add(toneBad, "alert", r.tell(refusal))
		if name, err := myodai.ParseName(typed); err == nil && name.IsFreeMail() {
			out.add(toneNone, "info", r.say("hint.free_mail"))
		}
		return out
	}
	if strings.HasPrefix(strings.ToLower(typed), "www.") && !strings.HasPrefix(string(name), "www.") {
		out.add(toneNone, "info", r.say("hint.www", name.Unicode()))
	}
	if seen.Absent {
		out.add(toneWarn, "alert", r.say("hint.absent", string(name.Registrable())))
		return out
	}
	if !seen.Looked {
		return out
	}
	host, known := dnshost.Recognize(seen.NameServers)
	switch {
	case known:
		out.add(toneGood, "check", r.say("hint.host", r.text(host.Name)))
	case len(seen.NameServers) > 0:
		out.add(toneGood, "check", r.say("hint.some_host", string(seen.NameServers[0])))
	}
	for _, text := range r.limits(host) {
		out.add(toneWarn, "info", text)
	}
	if record, _, err := dmarc.Parse(seen.Policy); err == nil && seen.Policy != "" {
		out.add(toneGood, "check", r.policyHint(record))
	}
	return out
}

// policyHint says what an existing DMARC record means for the set-up.
func (r reader) policyHint(record dmarc.Record) string {
	if record.DKIM == dmarc.ModeStrict || record.SPF == dmarc.ModeStrict {
		return r.say("hint.dmarc_strict")
	}
	if record.Policy == dmarc.PolicyReject || record.Policy == dmarc.PolicyQuarantine {
		return r.say("hint.dmarc_enforced", string(record.Policy))
	}
	return r.say("hint.dmarc")
}

// limits says what a host is known not to take of any domain's records.
func (r reader) limits(host dnshost.Host) []string {
	var list []string
	forbids := func(f dnshost.Fact[bool]) bool { return f.Known() && !f.Value }
	p := host.Panel
	if forbids(p.Editable) {
		list = append(list, r.hinted(r.say("hint.not_editable", r.text(host.Name)), p.Editable.Certainty))
	}
	if forbids(p.UnderscoreNames) {
		list = append(list, r.hinted(r.say("hint.no_underscore", r.text(host.Name)), p.UnderscoreNames.Certainty))
	}
	if p.TXTMax.Known() && p.TXTMax.Value < longestKey {
		list = append(list, r.hinted(r.say("hint.short_txt", r.text(host.Name), p.TXTMax.Value), p.TXTMax.Certainty))
	}
	return list
}

// longestKey is the size of a DKIM record with an RSA key of 2048 bits, octets.
const longestKey = 410
