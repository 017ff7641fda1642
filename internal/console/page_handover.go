package console

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/handoff"
)

func (s *Server) routeHandover() {
	s.add("GET /domains/{domain}/handover", administrators, showHandover)
	s.add("POST /domains/{domain}/request", administrators, sendRequest)
	s.add("POST /domains/{domain}/links", administrators, createLink)
	s.add("POST /domains/{domain}/links/{link}/revoke", administrators, revokeLink)
	s.add("GET /domains/{domain}/download/{format}", administrators, downloadRecords)
}

// handoverView is the page from which somebody else gets the records (B15, C3,
// C8, E16).
type handoverView struct {
	Domain    string
	Path      string
	Open      int // records still to be entered
	CanMail   bool
	Request   requestView
	Links     []linkView
	Link      *copyable // a new link, shown once; nil for none
	Recipient field
	Downloads []download
	Problem   string
}

// requestView is the mail before it is sent.
type requestView struct {
	Lang      Lang
	Other     Lang
	OtherPath string // address of this page with the mail in the other language
	Fields    []field
	Records   []string // that go into it
}

// linkView is one share link.
type linkView struct {
	ID        string
	Recipient string
	State     chip
	Works     bool
	Created   moment
	By        string
	Expires   moment
	Opened    moment
}

// requestForm is what was typed into the mail.
type requestForm struct {
	To     string
	Lang   Lang
	Letter handoff.Letter
}

func showHandover(v *visit) error {
	return v.showHandover(http.StatusOK, requestForm{}, "", problem{})
}

// showHandover shows the page, with a new link, or what was typed and what is
// wrong with it.
func (v *visit) showHandover(status int, f requestForm, link string, p problem) error {
	in, err := v.domain()
	if err != nil {
		return err
	}
	if f.Lang == "" {
		f.Lang = v.lang
		if lang, ok := parseLang(v.r.URL.Query().Get("letter")); ok {
			f.Lang = lang
		}
		draft, err := v.o.Handover.DraftRequest(v.r.Context(), v.actor.Tenant, in.Domain.ID, handoff.Language(f.Lang))
		if err != nil {
			return err
		}
		f.Letter = draft.Letter
	}
	var links []myodai.ShareLink
	if v.o.Access != nil {
		if links, err = v.o.Access.ListShareLinks(v.r.Context(), v.actor.Tenant, in.Domain.ID); err != nil {
			return err
		}
	}
	view := newHandoverView(v.reader, in, f, links, p)
	view.CanMail = v.o.Handover.CanMail()
	if link != "" {
		view.Link = &copyable{Label: v.say("handover.link"), Value: link, ID: "new-link"}
	}
	return v.write(status, "handover", v.say("handover.title", in.Domain.Name.Unicode()), view)
}

func newHandoverView(r reader, in reading, f requestForm, links []myodai.ShareLink, p problem) handoverView {
	path := domainPath(in.Domain.ID)
	out := handoverView{
		Domain: in.Domain.Name.Unicode(), Path: path, Downloads: newDownloads(r, path, in),
		Recipient: field{Name: "recipient", Label: r.say("handover.recipient"), Hint: r.say("handover.recipient_hint"), Optional: true, Problem: p.at("recipient")},
	}
	other := Japanese
	if f.Lang == Japanese {
		other = English
	}
	out.Request = requestView{
		Lang: f.Lang, Other: other, OtherPath: path + "/handover?letter=" + string(other),
		Fields: []field{
			{Name: "to", Label: r.say("handover.to"), Value: f.To, Type: "email", Mode: "email", Problem: p.at("to")},
			{Name: "subject", Label: r.say("handover.subject"), Value: f.Letter.Subject, Problem: p.at("subject")},
			{Name: "opening", Label: r.say("handover.opening"), Value: f.Letter.Opening, Type: "textarea", Rows: 7, Optional: true, Problem: p.at("opening")},
			{Name: "closing", Label: r.say("handover.closing"), Value: f.Letter.Closing, Type: "textarea", Rows: 3, Optional: true, Problem: p.at("closing")},
		},
	}
	for _, item := range handoff.Open(in.Plan, in.Seen) {
		out.Open++
		out.Request.Records = append(out.Request.Records, string(item.Type)+" "+string(item.Name))
	}
	for _, l := range links {
		view := linkView{
			ID: string(l.ID), Recipient: l.Recipient, Works: l.Open(r.now), Created: r.moment(l.CreatedAt), By: l.CreatedBy,
			Expires: r.moment(l.ExpiresAt), Opened: r.moment(l.OpenedAt), State: chip{r.say("handover.link_ended"), toneNone},
		}
		if view.Works {
			view.State = chip{r.say("handover.link_works"), toneGood}
		}
		out.Links = append(out.Links, view)
	}
	switch p.Field {
	case "to", "subject", "opening", "closing", "recipient":
	default:
		out.Problem = p.Message
	}
	return out
}

// sendRequest sends the mail, with a link of its own, from the platform's address
// in the name of the tenant. Answers go to who sent it.
func sendRequest(v *visit) error {
	in, err := v.domain()
	if err != nil {
		return err
	}
	f := requestForm{To: v.r.PostFormValue("to"), Letter: handoff.Letter{
		Subject: v.r.PostFormValue("subject"), Opening: v.r.PostFormValue("opening"), Closing: v.r.PostFormValue("closing"),
	}}
	f.Lang, _ = parseLang(v.r.PostFormValue("lang"))
	if f.Lang == "" {
		f.Lang = v.lang
	}
	err = v.request(in, f)
	if p, status, ok := v.judge(err); ok {
		return v.showHandover(status, f, "", p)
	}
	if err != nil {
		return err
	}
	return v.done(domainPath(in.Domain.ID)+"/handover", "handover.sent", f.To)
}

func (v *visit) request(in reading, f requestForm) error {
	to, err := myodai.ParseAddress(f.To)
	if refusal, ok := err.(*myodai.Error); ok {
		refusal.Field = "to"
		return refusal
	}
	_, err = v.o.Handover.SendRequest(v.r.Context(), v.actor.Tenant, in.Domain.ID, domains.NewRequest{
		To: to, ReplyTo: v.actor.access.Member.Email, Language: handoff.Language(f.Lang), Letter: f.Letter,
	}, func(ctx context.Context) (string, error) {
		_, token, err := v.o.Access.CreateShareLink(ctx, v.by(), v.actor.Tenant, access.NewShareLink{
			Domain: in.Domain.ID, Recipient: to.String(), Language: string(f.Lang),
		})
		return v.shareURL(token), err
	})
	return err
}

// shareURL is where a share link leads.
func (v *visit) shareURL(token string) string {
	return v.base() + "/share/" + token
}

// base is where browsers reach us.
func (v *visit) base() string {
	if v.o.BaseURL == "" {
		return "http://" + v.r.Host
	}
	return v.o.BaseURL
}

// createLink makes a link, and shows it once.
func createLink(v *visit) error {
	id, err := v.domainID()
	if err != nil {
		return err
	}
	if v.o.Access == nil {
		return errNoPage
	}
	_, token, err := v.o.Access.CreateShareLink(v.r.Context(), v.by(), v.actor.Tenant, access.NewShareLink{
		Domain: id, Recipient: v.r.PostFormValue("recipient"), Language: string(v.lang),
	})
	if p, status, ok := v.judge(err); ok {
		return v.showHandover(status, requestForm{}, "", p)
	}
	if err != nil {
		return err
	}
	return v.showHandover(http.StatusOK, requestForm{}, v.shareURL(token), problem{})
}

func revokeLink(v *visit) error {
	id, err := v.domainID()
	if err != nil {
		return err
	}
	link, err := myodai.ParseID[myodai.ShareLinkID](v.r.PathValue("link"))
	if err != nil || v.o.Access == nil {
		return errNoPage
	}
	if _, err := v.o.Access.RevokeShareLink(v.r.Context(), v.by(), v.actor.Tenant, link); err != nil {
		return err
	}
	return v.done(domainPath(id)+"/handover", "handover.revoked")
}

// auditOf writes what a reader of a share link did into the tenant's trail.
func (v *visit) auditOf(l myodai.ShareLink, operation string, data map[string]string) myodai.AuditEntry {
	by := access.ByShareLink(l, v.from())
	now := time.Now()
	return myodai.AuditEntry{
		ID: myodai.NewID[myodai.AuditID](now, v.o.Random), TenantID: l.TenantID, At: now, Actor: by.Actor, Operation: operation,
		Object: string(l.DomainID), Address: by.Client.Address, Data: data,
	}
}
