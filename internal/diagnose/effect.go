package diagnose

import (
	"slices"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
	"github.com/myodai/myodai/internal/plan"
)

// StreamKind is a kind of mail from a domain, by how it is authenticated.
type StreamKind string

const (
	StreamOurs      StreamKind = "platform"  // sent through us: signed as the domain, with its return path
	StreamAllowed   StreamKind = "allowed"   // sent by servers that the domain's own SPF record allows
	StreamForwarded StreamKind = "forwarded" // ours, passed on unchanged by somebody else: only the signature is left
	StreamUnknown   StreamKind = "unknown"   // neither: forged, by a service nobody thought of, or altered by a mailing list
)

// Stream is what publishing a record does to one kind of mail.
type Stream struct {
	Kind   StreamKind
	Effect dmarc.Effect
}

// PolicyEffect is what happens to a domain's mail when a DMARC record is
// published.
type PolicyEffect struct {
	Domain   myodai.Name
	Text     string // of the record
	Readable bool   // it is a DMARC record at all; otherwise only Findings count
	Streams  []Stream
	// What receivers are asked to do with mail that does not pass: the domain's
	// own, and that of names below it without a record of their own; "" where
	// something else decides.
	Asked, Subdomains, NonExistent dmarc.Policy
	Reported                       bool        // somebody learns who sends as the domain
	Older                          myodai.Name // whose record receivers look at that know only RFC 7489; "" for the same
	Findings                       []myodai.Finding
	Unknown                        string // why some of this could not be found out; "" for nothing
}

// EffectOf says what happens to the mail of the plan's domain when text is its
// DMARC record, by what DNS said; and what is still worth asking for that.
func EffectOf(in Input, text string) (PolicyEffect, []myodai.Question) {
	v := newView(in)
	var missed []key
	v.missed = &missed
	domain := in.Plan.Domain
	e := PolicyEffect{Domain: domain, Text: text}
	_, _, err := dmarc.Parse(text)
	e.Readable = err != dmarc.ErrNotRecord
	published := dmarc.Publishing(domain, text, v.policyTexts)
	if e.Readable {
		for _, s := range v.streams() {
			effect, err := dmarc.EffectOf(domain, text, s.mail, v.policyTexts)
			if err != nil {
				e.Unknown = err.Error()
			}
			e.Streams = append(e.Streams, Stream{s.kind, effect})
			e.Asked, e.Subdomains, e.NonExistent, e.Reported = effect.Domain, effect.Subdomains, effect.NonExistent, effect.Reported
		}
		if org, err := dmarc.OrganizationalDomain(domain, published); err == nil && domain.Registrable() != org {
			e.Older = domain.Registrable()
		}
	}
	item := plan.Item{Purpose: myodai.PurposeDMARC, Name: dmarc.Owner(domain), Type: myodai.TypeTXT, Value: text, Required: true}
	bounce, signing := v.identities()
	p := policyPlan{domain: domain, bounce: bounce, signing: signing}
	for _, f := range policyFlaws(p, dmarc.NewTree(published), v.hosts) {
		e.Findings = append(e.Findings, v.finding(item, f))
	}
	e.Findings = v.rank(e.Findings)
	return e, asking(missed)
}

// asking are the questions for what was missed, each once.
func asking(missed []key) []myodai.Question {
	var list []myodai.Question
	for _, k := range missed {
		q := myodai.Question{Name: k.name, Type: k.t, OneServer: true}
		if !slices.Contains(list, q) && len(list) < maxWondered {
			list = append(list, q)
		}
	}
	return list
}

// identities are the return path of the plan, "" for none, and the domains of
// its signatures: the plan's own when it has no keys.
func (v *view) identities() (bounce myodai.Name, signing []myodai.Name) {
	for _, item := range v.plan.Items {
		if item.Purpose == myodai.PurposeReturnPath {
			bounce = item.Name
		}
	}
	if signing = v.signing(); len(signing) == 0 {
		signing = []myodai.Name{v.plan.Domain}
	}
	return bounce, signing
}

// authenticated is one kind of mail, with what authenticates it.
type authenticated struct {
	kind StreamKind
	mail dmarc.Message
}

// streams are the kinds of mail that a domain sends.
func (v *view) streams() []authenticated {
	bounce, signing := v.identities()
	ours := dmarc.Message{From: v.plan.Domain, SPF: bounce}
	for _, d := range signing {
		ours.DKIM = append(ours.DKIM, dmarc.Signature{Domain: d})
	}
	forwarded := ours
	forwarded.SPF = ""
	return []authenticated{
		{StreamOurs, ours}, {StreamForwarded, forwarded},
		{StreamAllowed, dmarc.Message{From: v.plan.Domain, SPF: v.plan.Domain}},
		{StreamUnknown, dmarc.Message{From: v.plan.Domain}},
	}
}
