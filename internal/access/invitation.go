package access

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/myodai/myodai"
)

// inviteLife is how long an invitation is good for.
const inviteLife = 7 * 24 * time.Hour

// NewInvitation is what is said of somebody to be invited.
type NewInvitation struct {
	Email    string
	Role     myodai.Role
	Language string // of the mail and, until they choose, of the pages: "en", "ja"; "" means English
}

// invited is what an invitation remembers.
type invited struct {
	Language string `json:"language"`
}

// Invite sends somebody an invitation to become a member of the tenant, or a
// platform operator when tenant is "". Who is invited again gets a new link, and
// the old one stops working.
func (s *Service) Invite(ctx context.Context, by By, tenant myodai.TenantID, n NewInvitation) (myodai.Ticket, error) {
	none := myodai.Ticket{}
	if err := by.may(ActionMembers, tenant); err != nil {
		return none, err
	}
	if !n.Role.Of(tenant) {
		return none, errRole
	}
	if !MayGrant(by.Role, n.Role) {
		return none, errAbove
	}
	language, err := parseLanguage(n.Language)
	if err != nil {
		return none, err
	}
	email, err := parseEmail(n.Email)
	if err != nil {
		return none, err
	}
	group, err := s.groupOf(ctx, tenant)
	if err != nil {
		return none, err
	}
	now := time.Now()
	if !s.limits.invites.take(string(tenant), now) || !s.limits.mail.take("invitation "+string(tenant)+" "+folded(email), now) {
		return none, errThrottled
	}
	t, token := s.ticket(now, myodai.TicketInvitation, tenant, inviteLife)
	t.Email, t.Role, t.By = email, n.Role, by.Actor.Name
	if t.Data, err = json.Marshal(invited{language}); err != nil {
		return none, fmt.Errorf("write invitation: %w", err)
	}
	err = s.people.CreateTicket(ctx, t, s.audit(now, by, tenant, "invite-member", string(t.ID),
		map[string]string{"email": email.String(), "role": string(n.Role)}))
	if err != nil {
		return none, err
	}
	who := by.Actor.Name
	if who == "" {
		who = group
	}
	return t, s.post(ctx, email, language, invitationLetter, "/invitation/"+token, "{group}", group, "{by}", who)
}

// The refusals about roles.
var (
	errRole = myodai.Refuse(myodai.CodeInvalid, "role", "the role is owner, administrator or member")
	// errAbove keeps everybody from more than they have themselves (T65).
	errAbove = myodai.Refuse(myodai.CodeForbidden, "role", "nobody gives or takes a role above their own; ask an owner")
	// errLast keeps a tenant from being without an owner.
	errLast = myodai.Refuse(myodai.CodeConflict, "role", "this is the last one with that role; give it to somebody else first")
)

// groupOf is what a tenant is called, or the platform.
func (s *Service) groupOf(ctx context.Context, tenant myodai.TenantID) (string, error) {
	if tenant == "" {
		return s.platform, nil
	}
	t, err := s.store.Tenant(ctx, tenant)
	return t.Name, err
}

// parseEmail reads the address of somebody who signs in.
func parseEmail(s string) (myodai.Address, error) {
	a, err := myodai.ParseAddress(s)
	if err != nil {
		return a, myodai.Refuse(myodai.CodeInvalid, "email", "%q is not a mail address; write it as name@example.com", s)
	}
	return a, nil
}

// Invitations lists the invitations of a tenant that are open, oldest first.
func (s *Service) Invitations(ctx context.Context, tenant myodai.TenantID) ([]myodai.Ticket, error) {
	return s.people.Invitations(ctx, tenant, time.Now())
}

// WithdrawInvitation makes an invitation worthless.
func (s *Service) WithdrawInvitation(ctx context.Context, by By, tenant myodai.TenantID, id myodai.TicketID) error {
	if err := by.may(ActionMembers, tenant); err != nil {
		return err
	}
	return s.people.WithdrawInvitation(ctx, tenant, id, s.audit(time.Now(), by, tenant, "withdraw-invitation", string(id), nil))
}

// Invited is an invitation as who opens its link sees it.
type Invited struct {
	Ticket   myodai.Ticket
	Group    string // what they are invited to
	Language string
	Provider bool // they can sign in at the company's provider and need no password
}

// Invitation finds the invitation of a token.
func (s *Service) Invitation(ctx context.Context, token string) (Invited, error) {
	t, err := s.present(ctx, myodai.TicketInvitation, token)
	if err != nil {
		return Invited{}, err
	}
	var data invited
	if err := json.Unmarshal(t.Data, &data); err != nil {
		return Invited{}, fmt.Errorf("read invitation: %w", err)
	}
	group, err := s.groupOf(ctx, t.TenantID)
	if err != nil {
		return Invited{}, err
	}
	rules, err := s.people.SignInRules(ctx, t.TenantID)
	return Invited{Ticket: t, Group: group, Language: data.Language, Provider: rules.Issuer != ""}, err
}

// present finds the ticket of a token, which must be for this purpose.
func (s *Service) present(ctx context.Context, purpose myodai.TicketPurpose, token string) (myodai.Ticket, error) {
	if len(token) != tokenLength {
		return myodai.Ticket{}, errTicket
	}
	t, err := s.people.Ticket(ctx, purpose, hashToken(token), time.Now())
	if isCode(err, myodai.CodeNotFound) {
		return myodai.Ticket{}, errTicket
	}
	return t, err
}

// Profile is what people say of themselves.
type Profile struct {
	Name     string // may be ""
	Language string // "en" or "ja"
}

func (p Profile) check() error {
	if !plainLine(p.Name, maxLabel) {
		return myodai.Refuse(myodai.CodeInvalid, "name", "a name is plain text on one line, of at most %d characters", maxLabel)
	}
	_, err := parseLanguage(p.Language)
	return err
}

// AcceptInvitation makes the member and signs them in. The password may be ""
// where the tenant has a provider.
func (s *Service) AcceptInvitation(ctx context.Context, token string, p Profile, password string, from Client, before string) (SignedIn, error) {
	i, err := s.Invitation(ctx, token)
	if err != nil {
		return SignedIn{}, err
	}
	return s.join(ctx, i.Ticket, p, password, password == "" && i.Provider, from, before)
}

// join makes a member of who holds a ticket.
func (s *Service) join(ctx context.Context, t myodai.Ticket, p Profile, password string, without bool, from Client, before string) (SignedIn, error) {
	if err := p.check(); err != nil {
		return SignedIn{}, err
	}
	now := time.Now()
	m := myodai.Member{
		ID: myodai.NewID[myodai.MemberID](now, s.random), TenantID: t.TenantID, Email: t.Email, Name: p.Name,
		Role: t.Role, CreatedAt: now,
	}
	m.Language, _ = parseLanguage(p.Language) // it was checked
	if !without {
		if err := CheckPassword(password, m.Email); err != nil {
			return SignedIn{}, err
		}
		var err error
		if m.Password, err = s.passwords.hash(ctx, password); err != nil {
			return SignedIn{}, err
		}
	}
	by := By{Actor: actorOf(m), Client: from}
	err := s.people.CreateMember(ctx, myodai.MemberChange{
		Member: m, Spends: t.ID,
		Audit: []myodai.AuditEntry{s.audit(now, by, t.TenantID, "join", string(m.ID), map[string]string{"role": string(m.Role), "invited_by": t.By})},
	}, now)
	if err != nil {
		return SignedIn{}, err
	}
	if without {
		return SignedIn{Member: m}, nil // they sign in at their provider
	}
	return s.begin(ctx, m, from, before, begun{with: "invitation"})
}
