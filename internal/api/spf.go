package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/spf"
)

// SPFEdit is what is to become of a domain's SPF record so that it includes ours.
type SPFEdit struct {
	Action    spf.Action  `json:"action" enum:"none,create,edit,merge,stop" doc:"none: it includes ours already. create: there is none yet. edit: change the one there is. merge: change the first and delete the others. stop: nothing can be proposed; fix says why."`
	Old       []string    `json:"old" doc:"What is there: the first is replaced by new, the others by nothing."`
	New       string      `json:"new" doc:"The whole record there should be, checked against RFC 7208; empty for stop." example:"v=spf1 mx include:_spf.plat.example ~all"`
	Lookups   int         `json:"lookups" doc:"DNS look-ups that new takes, of ten."`
	Fix       Texts       `json:"fix" doc:"What to do, one step a line."`
	Notes     TextLists   `json:"notes" doc:"What is worth knowing about it."`
	Questions []SPFAsked  `json:"questions" doc:"Which only the owner can answer. Without an answer new is right for no."`
	Senders   []string    `json:"senders" doc:"Terms that the domain's own mail probably needs, by where it receives mail: a guess for a question."`
	Savings   []SPFSaving `json:"savings" doc:"With stop: terms that could go."`
}

// SPFAsked is a question about an edit.
type SPFAsked struct {
	ID   spf.QuestionID `json:"id" enum:"senders,complete,keep-fail,revive,no-mail"`
	Text Texts          `json:"text"`
}

// SPFSaving is a term that could go.
type SPFSaving struct {
	Term    string `json:"term"`
	Lookups int    `json:"lookups" doc:"That the record would need fewer."`
}

// NewSPF is how a tenant answers the questions about its SPF record.
type NewSPF struct {
	Senders   []string         `json:"senders,omitempty" maxItems:"20" doc:"Terms of others who send as the domain, for a new record." example:"include:_spf.google.com"`
	Drop      []string         `json:"drop,omitempty" maxItems:"50" doc:"Terms of the old record that may go, as they are spelled."`
	Confirmed []spf.QuestionID `json:"confirmed,omitempty" maxItems:"5" doc:"Questions that are answered with yes."`
}

func (s *Server) registerSPF() {
	register(s, operation{
		id: "edit-spf", method: http.MethodPost, path: "/domains/{domain_id}/spf", tag: "domains", scope: scopeTenant,
		summary: "Work out the SPF record a domain should have",
		details: "By what the last check saw. Nothing is changed: the record stands in the tenant's DNS.",
	}, s.editSPF)
}

func (s *Server) editSPF(ctx context.Context, who myodai.Credential, in *struct {
	DomainPath
	Body NewSPF
}) (*output[Record], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	d, err := s.o.Store.Domain(ctx, who.TenantID, id)
	if err != nil {
		return nil, err
	}
	p, err := s.o.Domains.Plan(ctx, who.TenantID, id)
	if err != nil {
		return nil, err
	}
	item, ok := diagnose.SPFItem(p)
	if !ok {
		return nil, myodai.Refuse(myodai.CodeConflict, "", "no include is asked for in this domain's SPF record; switch root_spf on first")
	}
	last, err := s.o.Store.LastCheck(ctx, who.TenantID, id)
	if err != nil && !isAbsent(err) {
		return nil, err
	}
	wish := spf.Wish{Senders: in.Body.Senders, Drop: in.Body.Drop, Confirmed: in.Body.Confirmed}
	r := showRecord(item, diagnose.HostOf(last), last)
	if err := r.editSPF(p, item, d, last, wish); err != nil {
		return nil, err
	}
	if r.Edit == nil {
		return nil, myodai.Refuse(myodai.CodeConflict, "", "it is not known what the SPF record is now; check the domain first")
	}
	return outputOf(r), nil
}

// editSPF adds to an SPF record what is to become of it, when a check has seen
// what is there since the include was planned.
func (r *Record) editSPF(p plan.Plan, item plan.Item, d myodai.Domain, last myodai.Check, wish spf.Wish) error {
	if last.At.IsZero() || last.At.Before(d.PlannedAt) {
		return nil
	}
	in := diagnose.Input{Plan: p, Observation: last.Observation}
	edit, known, err := diagnose.EditSPF(in, item, wish)
	if err != nil || !known {
		return err
	}
	r.Edit = showSPFEdit(edit, diagnose.SPFSenders(in))
	if edit.New != "" {
		r.Entry = enter(diagnose.HostOf(last), plan.ZoneOf(last, item.Name), plan.Item{Purpose: item.Purpose, Name: item.Name, Type: item.Type, Value: edit.New})
	}
	return nil
}

// enter renders a record for a panel.
func enter(host dnshost.Host, zone myodai.Name, item plan.Item) *Entry {
	e := host.Enter(zone, item)
	return &Entry{EntryFields: EntryFields(e.Fields), Other: EntryFields(e.Other), Certain: e.Certainty == dnshost.Seen}
}

func showSPFEdit(e spf.Edit, guessed []string) *SPFEdit {
	en, ja := diagnose.ExplainSPF(e, guessed, diagnose.English), diagnose.ExplainSPF(e, guessed, diagnose.Japanese)
	out := &SPFEdit{
		Action: e.Action, Old: append([]string{}, e.Old...), New: e.New, Lookups: e.After,
		Fix:       Texts{strings.Join(en.Steps, "\n"), strings.Join(ja.Steps, "\n")},
		Notes:     TextLists{append([]string{}, en.Notes...), append([]string{}, ja.Notes...)},
		Questions: []SPFAsked{}, Senders: append([]string{}, guessed...), Savings: []SPFSaving{},
	}
	for i, q := range e.Questions {
		out.Questions = append(out.Questions, SPFAsked{ID: q.ID, Text: Texts{en.Questions[i], ja.Questions[i]}})
	}
	for _, saving := range e.Savings {
		out.Savings = append(out.Savings, SPFSaving{Term: saving.Term, Lookups: saving.Lookups})
	}
	return out
}
