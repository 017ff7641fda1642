package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/senders"
)

// Sender is an address that the tenant puts into From.
type Sender struct {
	ID           myodai.SenderID `json:"id"`
	Label        string          `json:"label"`
	Address      string          `json:"address"`
	Name         string          `json:"name" doc:"Shown beside the address; empty for none."`
	ReplyTo      string          `json:"reply_to" doc:"Where answers go; empty for the address itself."`
	Verified     bool            `json:"verified" doc:"Whether mail is sent from it: all that policy wants is there."`
	ConfirmedAt  time.Time       `json:"confirmed_at,omitzero" doc:"When whoever reads its mail agreed; missing before."`
	AtRiskAt     time.Time       `json:"at_risk_at,omitzero" doc:"Since when its domain is known to ask receivers, by DMARC, to turn mail from it away; missing when it does not. An hour later nothing is sent from it anymore."`
	RefusedAt    time.Time       `json:"refused_at,omitzero" doc:"Since when nothing is sent from it because of that; missing when mail is sent."`
	CreatedAt    time.Time       `json:"created_at"`
	Outlook      Outlook         `json:"outlook"`
	Confirmation *Confirmation   `json:"confirmation,omitempty" doc:"The newest mail that asked to confirm it."`
	NotAsked     string          `json:"not_asked,omitempty" doc:"Why no mail was sent although one is needed."`
}

// Outlook is what is to be expected of an address as a sender.
type Outlook struct {
	Address       string          `json:"address"`
	DomainID      myodai.DomainID `json:"domain_id,omitempty" doc:"The verified domain it belongs to; missing when there is none."`
	FreeMail      bool            `json:"free_mail"`
	NeedsDomain   bool            `json:"needs_domain" doc:"Its domain has to be verified by DNS first."`
	NeedsConfirm  bool            `json:"needs_confirmation" doc:"Whoever reads its mail has to confirm it."`
	Via           string          `json:"via" doc:"What mailboxes show as 'via' beside the author, because only the platform signs, and carriers may take less of such mail; empty when the author's own domain signs."`
	DMARC         senders.Known   `json:"dmarc" enum:"yes,no,unknown" doc:"Where via is said: whether the domain asks receivers to refuse or set aside what it did not sign."`
	Receives      senders.Known   `json:"receives" enum:"yes,no,unknown" doc:"Whether its domain takes mail. An address that can receive is recommended, for answers."`
	Refused       string          `json:"refused,omitempty" doc:"Why it cannot be a sender; missing when it can."`
	VerifiedNames []string        `json:"verified_domains,omitempty" nullable:"false" doc:"The domains there are to choose from; of an outlook that was asked for."`
}

// Confirmation is a mail that asked to confirm a sender address.
type Confirmation struct {
	Code      string    `json:"code,omitempty" doc:"To be typed on the page behind the link, by whoever is not signed in; missing when the question is answered."`
	AskedAt   time.Time `json:"asked_at"`
	ExpiresAt time.Time `json:"expires_at" doc:"Until when the link works."`
	State     string    `json:"state" enum:"open,confirmed,denied,expired,replaced"`
}

func showOutlook(o senders.Outlook) Outlook {
	out := Outlook{
		Address: o.Address.String(), DomainID: o.Domain.ID, FreeMail: o.FreeMail, NeedsDomain: o.Verify, NeedsConfirm: o.Confirm,
		Via: string(o.Via), DMARC: o.DMARC, Receives: o.Receives,
	}
	if o.Refused != nil {
		out.Refused = o.Refused.Message
	}
	return out
}

func showSender(r senders.Registered) Sender {
	a := r.Sender
	out := Sender{
		ID: a.ID, Label: a.Label, Address: a.Address.String(), Name: a.Name, ReplyTo: a.ReplyTo.String(), Verified: r.Verified(),
		ConfirmedAt: utc(a.ConfirmedAt), AtRiskAt: utc(a.Look.AtRiskAt), RefusedAt: utc(a.Look.RefusedAt), CreatedAt: utc(a.CreatedAt), Outlook: showOutlook(r.Outlook),
	}
	if c := r.Asked; c.ID != "" {
		out.Confirmation = showConfirmation(c)
	}
	if r.NotAsked != nil {
		out.NotAsked = r.NotAsked.Message
	}
	return out
}

func showConfirmation(c myodai.Confirmation) *Confirmation {
	out := &Confirmation{AskedAt: utc(c.AskedAt), ExpiresAt: utc(c.ExpiresAt), State: string(c.Ending)}
	switch {
	case c.Open(time.Now()):
		out.State, out.Code = "open", c.Code
	case c.Ending == "":
		out.State = string(myodai.ConfirmationExpired)
	}
	return out
}

// NewSender is what is said of a sender address to be registered.
type NewSender struct {
	Label   string `json:"label" doc:"What lists call it: half-width letters and digits." example:"sales"`
	Address string `json:"address" example:"sales@acme.example"`
	Name    string `json:"name,omitempty" doc:"Shown beside the address." example:"Acme"`
	ReplyTo string `json:"reply_to,omitempty" doc:"Where answers go."`
}

// SenderChange is what is to be different. A new address has to be confirmed
// again where policy wants that.
type SenderChange struct {
	Label   *string `json:"label,omitempty"`
	Address *string `json:"address,omitempty"`
	Name    *string `json:"name,omitempty"`
	ReplyTo *string `json:"reply_to,omitempty"`
}

// NewOutlook is an address to look at.
type NewOutlook struct {
	Address string `json:"address" example:"sales@acme.example"`
}

// NewAnswer answers the mail that asks to confirm an address.
type NewAnswer struct {
	Token string `json:"token" maxLength:"100" doc:"The last part of the link in the mail."`
	Deny  bool   `json:"deny,omitempty" doc:"This was not me: the address is not asked again for 30 days."`
}

// Answered is what became of a question.
type Answered struct {
	Address string `json:"address"`
	State   string `json:"state" enum:"confirmed,denied"`
}

// SenderPath names a sender address in the path.
type SenderPath struct {
	SenderID string `path:"sender_id"`
}

func (p SenderPath) id() (myodai.SenderID, error) {
	return pathID(myodai.ParseID[myodai.SenderID], p.SenderID, "sender")
}

func (s *Server) registerSenders() {
	register(s, operation{
		id: "list-senders", method: http.MethodGet, path: "/senders", tag: "senders", scope: scopeTenant,
		summary: "List sender addresses, oldest first",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ PageQuery }) (*listOutput[Sender], error) {
		list, next, err := s.o.Senders.Senders(ctx, who.TenantID, in.page())
		return listOf(list, next, showSender), err
	})
	register(s, operation{
		id: "register-sender", method: http.MethodPost, path: "/senders", tag: "senders", scope: scopeTenant,
		summary: "Register a sender address", status: http.StatusCreated,
		details: "Where policy wants it, a mail goes to the address and asks to confirm it. The answer has the code for it.",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ Body NewSender }) (*output[Sender], error) {
		b := in.Body
		r, err := s.o.Senders.Register(ctx, asking(ctx, who), senders.Registration{
			Label: &b.Label, Address: &b.Address, Name: &b.Name, ReplyTo: &b.ReplyTo,
		})
		return outputOf(showSender(r)), err
	})
	register(s, operation{
		id: "outlook-sender", method: http.MethodPost, path: "/outlook", tag: "senders", scope: scopeTenant,
		summary: "Say what is to be expected of an address as a sender, before it is registered",
	}, s.outlook)
	register(s, operation{
		id: "answer-confirmation", method: http.MethodPost, path: "/confirmations", tag: "senders", scope: scopeTenant,
		summary: "Confirm a sender address with the token of the mail that asks for it",
		details: "The key stands for the session of who asked, so no code is needed. The page behind the link does the same for people.",
	}, s.answerConfirmation)
	s.registerOneSender("get-sender", http.MethodGet, "", "Show a sender address", s.o.Senders.Sender)
	register(s, operation{
		id: "ask-sender", method: http.MethodPost, path: "/senders/{sender_id}/ask", tag: "senders", scope: scopeTenant,
		summary: "Send the mail that asks to confirm the address again",
		details: "At most three such mails go to one address in a day, whoever asks for them.",
	}, func(ctx context.Context, who myodai.Credential, in *SenderPath) (*output[Sender], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		r, err := s.o.Senders.Ask(ctx, asking(ctx, who), id)
		return outputOf(showSender(r)), err
	})
	register(s, operation{
		id: "change-sender", method: http.MethodPatch, path: "/senders/{sender_id}", tag: "senders", scope: scopeTenant,
		summary: "Change a sender address",
		details: "Another address has to be confirmed again; one of another domain needs that domain verified, one of the same domain does not.",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		SenderPath
		Body SenderChange
	}) (*output[Sender], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		r, err := s.o.Senders.Change(ctx, asking(ctx, who), id, senders.Registration(in.Body))
		return outputOf(showSender(r)), err
	})
	register(s, operation{
		id: "delete-sender", method: http.MethodDelete, path: "/senders/{sender_id}", tag: "senders", scope: scopeTenant,
		summary: "Delete a sender address", details: "Queued mail that rests on it is held back.",
	}, func(ctx context.Context, who myodai.Credential, in *SenderPath) (*struct{}, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return nil, s.o.Senders.Delete(ctx, who.TenantID, id)
	})
}

func (s *Server) registerOneSender(id, method, path, summary string,
	do func(context.Context, myodai.TenantID, myodai.SenderID) (senders.Registered, error)) {
	register(s, operation{
		id: id, method: method, path: "/senders/{sender_id}" + path, tag: "senders", scope: scopeTenant, summary: summary,
	}, func(ctx context.Context, who myodai.Credential, in *SenderPath) (*output[Sender], error) {
		sender, err := in.id()
		if err != nil {
			return nil, err
		}
		r, err := do(ctx, who.TenantID, sender)
		return outputOf(showSender(r)), err
	})
}

// asking says who asks for something.
func asking(ctx context.Context, who myodai.Credential) senders.Asking {
	return senders.Asking{Tenant: who.TenantID, From: requestOf(ctx).from}
}

func (s *Server) outlook(ctx context.Context, who myodai.Credential, in *struct{ Body NewOutlook }) (*output[Outlook], error) {
	o, err := s.o.Senders.Outlook(ctx, who.TenantID, in.Body.Address)
	if err != nil {
		return nil, err
	}
	verified, err := s.o.Senders.VerifiedDomains(ctx, who.TenantID)
	out := showOutlook(o)
	for _, d := range verified {
		out.VerifiedNames = append(out.VerifiedNames, string(d.Name))
	}
	return outputOf(out), err
}

func (s *Server) answerConfirmation(ctx context.Context, who myodai.Credential, in *struct{ Body NewAnswer }) (*output[Answered], error) {
	var c myodai.Confirmation
	var err error
	if in.Body.Deny {
		c, err = s.o.Senders.Deny(ctx, in.Body.Token)
	} else {
		c, err = s.o.Senders.Confirm(ctx, in.Body.Token, who.TenantID, "")
	}
	return outputOf(Answered{Address: c.Address.String(), State: string(c.Ending)}), err
}
