package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dmarc"
	"github.com/myodai/myodai/internal/dnshost"
)

// NewDMARC is a DMARC record that is to be published.
type NewDMARC struct {
	Record string `json:"record" minLength:"1" maxLength:"2048" doc:"Its whole text." example:"v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com"`
}

// DMARCEffect is what happens to a domain's mail when a DMARC record is published.
type DMARCEffect struct {
	Record      string       `json:"record"`
	Readable    bool         `json:"readable" doc:"Whether it is a DMARC record at all; otherwise only the findings count."`
	Summary     Texts        `json:"summary" doc:"In one sentence."`
	Mail        []DMARCMail  `json:"mail" doc:"What becomes of each kind of mail."`
	Asked       dmarc.Policy `json:"asked,omitempty" enum:"none,quarantine,reject" doc:"What receivers are asked to do with mail that does not pass; left out when no DMARC applies."`
	Subdomains  dmarc.Policy `json:"subdomains,omitempty" enum:"none,quarantine,reject" doc:"The same for names below without a record of their own; left out when something else decides that."`
	NonExistent dmarc.Policy `json:"non_existent,omitempty" enum:"none,quarantine,reject" doc:"The same for names below that do not exist."`
	Reported    bool         `json:"reported" doc:"Whether somebody learns who sends as the domain."`
	Notes       TextLists    `json:"notes" doc:"What is worth knowing about names below, reports and receivers."`
	Findings    []Finding    `json:"findings" doc:"What is wrong with the record, or could be better, the primary one first."`
	Unknown     string       `json:"unknown,omitempty" doc:"Why some of this could not be found out."`
}

// DMARCMail is one kind of mail.
type DMARCMail struct {
	Kind   diagnose.StreamKind `json:"kind" enum:"platform,forwarded,allowed,unknown" doc:"platform: sent through us. forwarded: the same, passed on unchanged. allowed: from servers that the domain's SPF record allows. unknown: neither."`
	Before DMARCResult         `json:"before" doc:"As things are."`
	After  DMARCResult         `json:"after" doc:"With the record."`
	Worse  bool                `json:"worse" doc:"Whether it is handled more strictly than now."`
	Text   Texts               `json:"text"`
}

// DMARCResult is what DMARC makes of mail.
type DMARCResult struct {
	Result      dmarc.Result `json:"result" enum:"pass,fail,none,temperror"`
	Disposition dmarc.Policy `json:"disposition" enum:"none,quarantine,reject" doc:"What the domain asks receivers to do with it."`
}

func (s *Server) registerDMARC() {
	register(s, operation{
		id: "dmarc-effect", method: http.MethodPost, path: "/domains/{domain_id}/dmarc/effect", tag: "domains", scope: scopeTenant,
		summary: "Say what happens to a domain's mail if a DMARC record is published",
		details: "Asks DNS for what that depends on. Nothing is changed.",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		DomainPath
		Body NewDMARC
	}) (*output[DMARCEffect], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		if _, err := s.o.Store.Domain(ctx, who.TenantID, id); err != nil {
			return nil, err
		}
		if pause := s.checks.take("dmarc "+string(id), time.Now()); pause > 0 {
			return nil, limited(pause, "this was just asked; DNS changes no faster")
		}
		e, err := s.o.Domains.PolicyEffect(ctx, who.TenantID, id, in.Body.Record)
		if err != nil {
			return nil, err
		}
		return outputOf(ShowDMARCEffect(e)), nil
	})
}

// ShowDMARCEffect tells of an effect in both languages.
func ShowDMARCEffect(e diagnose.PolicyEffect) DMARCEffect {
	en, ja := diagnose.ExplainEffect(e, diagnose.English), diagnose.ExplainEffect(e, diagnose.Japanese)
	out := DMARCEffect{
		Record: e.Text, Readable: e.Readable, Summary: Texts{en.Summary, ja.Summary}, Mail: []DMARCMail{},
		Asked: e.Asked, Subdomains: e.Subdomains, NonExistent: e.NonExistent, Reported: e.Reported,
		Notes:    TextLists{append([]string{}, en.Notes...), append([]string{}, ja.Notes...)},
		Findings: newTeller().findings(e.Findings, dnshost.Generic()), Unknown: e.Unknown,
	}
	for i, stream := range e.Streams {
		out.Mail = append(out.Mail, DMARCMail{
			Kind: stream.Kind, Worse: stream.Effect.Worse(), Text: Texts{en.Mail[i], ja.Mail[i]},
			Before: DMARCResult{stream.Effect.Before.Result, stream.Effect.Before.Disposition},
			After:  DMARCResult{stream.Effect.After.Result, stream.Effect.After.Disposition},
		})
	}
	return out
}
