package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/handoff"
	"github.com/myodai/myodai/internal/plan"
)

// PlannedRecord is a planned record in short.
type PlannedRecord struct {
	Purpose myodai.Purpose    `json:"purpose" enum:"dkim,return-path,dmarc,spf"`
	Name    string            `json:"name"`
	Type    myodai.RecordType `json:"type" example:"CNAME"`
	Value   string            `json:"value"`
}

func showPlanned(items []plan.Item) []PlannedRecord {
	list := []PlannedRecord{}
	for _, i := range items {
		list = append(list, PlannedRecord{i.Purpose, string(i.Name), i.Type, i.Value})
	}
	return list
}

// RequestDraft is the mail that asks a DNS administrator for what is still open.
type RequestDraft struct {
	Language handoff.Language `json:"language" enum:"en,ja"`
	Subject  string           `json:"subject"`
	Opening  string           `json:"opening" doc:"What stands before the records."`
	Closing  string           `json:"closing" doc:"What stands behind them."`
	Records  []PlannedRecord  `json:"records" doc:"That go into the mail: only those that are still open."`
}

// NewRequest is such a mail to be sent. What is left out is as in the draft.
type NewRequest struct {
	To       string  `json:"to" maxLength:"320" example:"dns@it.example"`
	ReplyTo  string  `json:"reply_to,omitempty" maxLength:"320" doc:"Where answers go."`
	Language string  `json:"language,omitempty" enum:"en,ja" doc:"Of the recipient; en when left out."`
	Subject  *string `json:"subject,omitempty"`
	Opening  *string `json:"opening,omitempty"`
	Closing  *string `json:"closing,omitempty"`
}

// SentRequest is one that was sent.
type SentRequest struct {
	MessageID myodai.MessageID `json:"message_id" doc:"Of the platform's own mail."`
	Link      ShareLink        `json:"link" doc:"That stands in it."`
}

// ShareLink opens one domain's records to somebody without a login.
type ShareLink struct {
	ID        myodai.ShareLinkID `json:"id"`
	Recipient string             `json:"recipient" doc:"For whom it is; empty when not told."`
	Language  string             `json:"language" enum:"en,ja"`
	Works     bool               `json:"works" doc:"Whether it opens: it is neither revoked nor expired."`
	CreatedBy string             `json:"created_by"`
	CreatedAt time.Time          `json:"created_at"`
	ExpiresAt time.Time          `json:"expires_at"`
	RevokedAt time.Time          `json:"revoked_at,omitzero"`
	OpenedAt  time.Time          `json:"opened_at,omitzero" doc:"When it was opened last."`
}

// CreatedShareLink is a link with its address.
type CreatedShareLink struct {
	ShareLink
	URL string `json:"url" doc:"Its address. It is shown only now."`
}

// NewShareLink is what is said of a link.
type NewShareLink struct {
	Recipient string `json:"recipient,omitempty" maxLength:"200" doc:"For whom it is, to tell links apart."`
	Language  string `json:"language,omitempty" enum:"en,ja" doc:"Of the page; en when left out."`
	Hours     int    `json:"hours,omitempty" minimum:"1" maximum:"2160" doc:"How long it works; 336 when left out."`
}

func showShareLink(l myodai.ShareLink) ShareLink {
	return ShareLink{
		ID: l.ID, Recipient: l.Recipient, Language: l.Language, Works: l.Open(time.Now()), CreatedBy: l.CreatedBy,
		CreatedAt: utc(l.CreatedAt), ExpiresAt: utc(l.ExpiresAt), RevokedAt: utc(l.RevokedAt), OpenedAt: utc(l.OpenedAt),
	}
}

func (s *Server) registerHandover() {
	register(s, operation{
		id: "draft-request", method: http.MethodGet, path: "/domains/{domain_id}/request", tag: "domains", scope: scopeTenant,
		summary: "Write the mail that asks a DNS administrator for what is still open",
		details: "Nothing is sent. Change what you like and send it with POST.",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		DomainPath
		Language string `query:"language" enum:"en,ja" default:"en" doc:"Of the recipient."`
	}) (*output[RequestDraft], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		d, err := s.o.Handover.DraftRequest(ctx, who.TenantID, id, handoff.Language(in.Language))
		return outputOf(RequestDraft{d.Language, d.Letter.Subject, d.Letter.Opening, d.Letter.Closing, showPlanned(d.Records)}), err
	})
	register(s, operation{
		id: "send-request", method: http.MethodPost, path: "/domains/{domain_id}/request", tag: "domains", scope: scopeTenant,
		summary: "Ask a DNS administrator by mail for what is still open", status: http.StatusCreated,
		details: "The mail comes from the platform's address in the tenant's name, with the open records in the form of the domain's DNS host and a share link of its own.",
	}, s.sendRequest)
	register(s, operation{
		id: "create-share-link", method: http.MethodPost, path: "/domains/{domain_id}/links", tag: "domains", scope: scopeTenant,
		summary: "Make a link to a domain's records for somebody without a login", status: http.StatusCreated,
		details: "The page behind it shows the records, checks them live, and lets its reader say what their DNS host cannot do.",
	}, s.createShareLink)
	register(s, operation{
		id: "list-share-links", method: http.MethodGet, path: "/domains/{domain_id}/links", tag: "domains", scope: scopeTenant,
		summary: "List the links to a domain's records, newest first", details: "Those that work no more, too.",
	}, func(ctx context.Context, who myodai.Credential, in *DomainPath) (*listOutput[ShareLink], error) {
		id, err := s.ownDomain(ctx, who, in)
		if err != nil {
			return nil, err
		}
		list, err := s.o.Access.ListShareLinks(ctx, who.TenantID, id)
		return listOf(list, "", showShareLink), err
	})
	register(s, operation{
		id: "revoke-share-link", method: http.MethodDelete, path: "/domains/{domain_id}/links/{link_id}", tag: "domains", scope: scopeTenant,
		summary: "Withdraw a link at once",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		DomainPath
		LinkID string `path:"link_id"`
	}) (*empty, error) {
		if _, err := s.ownDomain(ctx, who, &in.DomainPath); err != nil {
			return nil, err
		}
		id, err := pathID(myodai.ParseID[myodai.ShareLinkID], in.LinkID, "share link")
		if err != nil {
			return nil, err
		}
		_, err = s.o.Access.RevokeShareLink(ctx, s.byOf(ctx), who.TenantID, id)
		return nil, err
	})
}

// ownDomain is the domain in the path, when there is one.
func (s *Server) ownDomain(ctx context.Context, who myodai.Credential, in *DomainPath) (myodai.DomainID, error) {
	id, err := in.id()
	if err != nil {
		return "", err
	}
	_, err = s.o.Store.Domain(ctx, who.TenantID, id)
	return id, err
}

func (s *Server) sendRequest(ctx context.Context, who myodai.Credential, in *struct {
	DomainPath
	Body NewRequest
}) (*output[SentRequest], error) {
	id, err := s.ownDomain(ctx, who, &in.DomainPath)
	if err != nil {
		return nil, err
	}
	n, err := s.newRequest(ctx, who.TenantID, id, in.Body)
	if err != nil {
		return nil, err
	}
	if pause := s.checks.take("request "+string(id), time.Now()); pause > 0 {
		return nil, limited(pause, "requests for this domain were just sent")
	}
	var link myodai.ShareLink
	message, err := s.o.Handover.SendRequest(ctx, who.TenantID, id, n, func(ctx context.Context) (address string, err error) {
		link, address, err = s.newLink(ctx, who.TenantID, id, NewShareLink{Recipient: n.To.String(), Language: string(n.Language)})
		return address, err
	})
	return outputOf(SentRequest{message, showShareLink(link)}), err
}

// newRequest is the mail as the engine takes it, with the draft for what was left
// out.
func (s *Server) newRequest(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID, body NewRequest) (n domains.NewRequest, err error) {
	if n.To, err = myodai.ParseAddress(body.To); err != nil {
		return n, inField(err, "to")
	}
	if body.ReplyTo != "" {
		if n.ReplyTo, err = myodai.ParseAddress(body.ReplyTo); err != nil {
			return n, inField(err, "reply_to")
		}
	}
	n.Language = handoff.Language(cmp.Or(body.Language, string(handoff.English)))
	d, err := s.o.Handover.DraftRequest(ctx, tenant, id, n.Language)
	if err != nil {
		return n, err
	}
	n.Letter = d.Letter
	for _, part := range []struct{ to, given *string }{
		{&n.Letter.Subject, body.Subject}, {&n.Letter.Opening, body.Opening}, {&n.Letter.Closing, body.Closing},
	} {
		if part.given != nil {
			*part.to = *part.given
		}
	}
	return n, nil
}

func (s *Server) createShareLink(ctx context.Context, who myodai.Credential, in *struct {
	DomainPath
	Body NewShareLink
}) (*output[CreatedShareLink], error) {
	id, err := s.ownDomain(ctx, who, &in.DomainPath)
	if err != nil {
		return nil, err
	}
	l, address, err := s.newLink(ctx, who.TenantID, id, in.Body)
	return outputOf(CreatedShareLink{showShareLink(l), address}), err
}

// newLink makes a share link and its address.
func (s *Server) newLink(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID, n NewShareLink) (l myodai.ShareLink, address string, err error) {
	l, token, err := s.o.Access.CreateShareLink(ctx, s.byOf(ctx), tenant, access.NewShareLink{
		Domain: id, Recipient: n.Recipient, Language: cmp.Or(n.Language, "en"), Life: time.Duration(n.Hours) * time.Hour,
	})
	return l, s.o.BaseURL + "/share/" + token, err
}
