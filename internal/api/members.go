package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

// Member is a person who signs in to the pages.
type Member struct {
	ID           myodai.MemberID `json:"id"`
	Email        string          `json:"email"`
	Name         string          `json:"name"`
	Language     string          `json:"language" enum:"en,ja"`
	Role         myodai.Role     `json:"role" enum:"operator,owner,administrator,member"`
	SecondFactor bool            `json:"second_factor" doc:"Whether they have a passkey or an authenticator app."`
	CreatedAt    time.Time       `json:"created_at"`
}

func showMember(m myodai.Member) Member {
	return Member{
		ID: m.ID, Email: m.Email.String(), Name: m.Name, Language: m.Language, Role: m.Role, SecondFactor: m.SecondFactor(), CreatedAt: utc(m.CreatedAt),
	}
}

// Invitation is an invitation that is open.
type Invitation struct {
	ID        myodai.TicketID `json:"id"`
	Email     string          `json:"email"`
	Role      myodai.Role     `json:"role" enum:"operator,owner,administrator,member"`
	By        string          `json:"by" doc:"Who invited them."`
	ExpiresAt time.Time       `json:"expires_at"`
}

func showInvitation(t myodai.Ticket) Invitation {
	return Invitation{ID: t.ID, Email: t.Email.String(), Role: t.Role, By: t.By, ExpiresAt: utc(t.ExpiresAt)}
}

// NewInvitation is what is said of somebody to be invited.
type NewInvitation struct {
	Email    string `json:"email" maxLength:"320"`
	Role     string `json:"role" enum:"owner,administrator,member" doc:"At most the role of the key itself."`
	Language string `json:"language,omitempty" enum:"en,ja" doc:"Of the mail."`
}

// NewOperator is what is said of a platform operator to be invited.
type NewOperator struct {
	Email    string `json:"email" maxLength:"320"`
	Language string `json:"language,omitempty" enum:"en,ja" doc:"Of the mail."`
}

// MemberChange is what is to change about a member.
type MemberChange struct {
	Role string `json:"role" enum:"owner,administrator,member" doc:"Their sessions end."`
}

// Session is a member at a browser.
type Session struct {
	ID        myodai.SessionID `json:"id"`
	Address   string           `json:"address"`
	Agent     string           `json:"agent" doc:"What the browser says it is."`
	CreatedAt time.Time        `json:"created_at"`
	SeenAt    time.Time        `json:"seen_at"`
	ExpiresAt time.Time        `json:"expires_at"`
}

func showSession(v myodai.Session) Session {
	return Session{ID: v.ID, Address: v.Address, Agent: v.Agent, CreatedAt: utc(v.CreatedAt), SeenAt: utc(v.SeenAt), ExpiresAt: utc(v.ExpiresAt)}
}

// MemberPath names a member in the path.
type MemberPath struct {
	MemberID string `path:"member_id"`
}

// OperatorPath names a platform operator in the path.
type OperatorPath struct {
	OperatorID string `path:"operator_id"`
}

func (p OperatorPath) id() (myodai.MemberID, error) {
	return pathID(myodai.ParseID[myodai.MemberID], p.OperatorID, "operator")
}

func (p MemberPath) id() (myodai.MemberID, error) {
	return pathID(myodai.ParseID[myodai.MemberID], p.MemberID, "member")
}

// byOf is who asks, for the engine.
func (s *Server) byOf(ctx context.Context) access.By { return requestOf(ctx).by }

func (s *Server) registerMembers() {
	register(s, operation{
		id: "list-members", method: http.MethodGet, path: "/members", tag: "members", scope: scopeTenant, action: access.ActionMembers,
		summary: "List members, oldest first",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ PageQuery }) (*listOutput[Member], error) {
		list, next, err := s.o.Access.ListMembers(ctx, who.TenantID, in.page())
		return listOf(list, next, showMember), err
	})
	register(s, operation{
		id: "update-member", method: http.MethodPatch, path: "/members/{member_id}", tag: "members", scope: scopeTenant, action: access.ActionMembers,
		summary: "Give a member another role", details: "Nobody gives or takes a role above their own, and the last owner stays one.",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		MemberPath
		Body MemberChange
	}) (*output[Member], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		m, err := s.o.Access.SetRole(ctx, s.byOf(ctx), who.TenantID, id, myodai.Role(in.Body.Role))
		return outputOf(showMember(m)), err
	})
	registerPersonActs[MemberPath](s, "member", "/members/{member_id}", "members", scopeTenant)
	register(s, operation{
		id: "list-member-sessions", method: http.MethodGet, path: "/members/{member_id}/sessions", tag: "members", scope: scopeTenant,
		action: access.ActionMembers, summary: "List where a member is signed in, newest first",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ MemberPath }) (*listOutput[Session], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		list, err := s.o.Access.SessionsOf(ctx, s.byOf(ctx), who.TenantID, id)
		return listOf(list, "", showSession), err
	})
	register(s, operation{
		id: "end-member-sessions", method: http.MethodDelete, path: "/members/{member_id}/sessions", tag: "members", scope: scopeTenant,
		action: access.ActionMembers, summary: "Sign a member out everywhere", details: "It is effective at once, on every node.",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ MemberPath }) (*empty, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return nil, s.o.Access.EndSessionsOf(ctx, s.byOf(ctx), who.TenantID, id)
	})
}

// registerPersonActs adds what is done to a member of a tenant, or to a platform
// operator, whom P names in the path.
func registerPersonActs[P interface {
	id() (myodai.MemberID, error)
}](s *Server, noun, path, tag string, who scope) {
	register(s, operation{
		id: "remove-" + noun, method: http.MethodDelete, path: path, tag: tag, scope: who, action: access.ActionMembers,
		summary: "Take somebody away", details: "They are signed out at once. The last one with the highest role stays.",
	}, func(ctx context.Context, who myodai.Credential, in *P) (*empty, error) {
		id, err := (*in).id()
		if err != nil {
			return nil, err
		}
		return nil, s.o.Access.RemoveMember(ctx, s.byOf(ctx), who.TenantID, id)
	})
	register(s, operation{
		id: "reset-" + noun, method: http.MethodPost, path: path + "/reset", tag: tag, scope: who, action: access.ActionMembers,
		summary: "Help somebody who has lost what they sign in with",
		details: "Password and second factor go, and a link to set a new password is mailed to them.",
	}, func(ctx context.Context, who myodai.Credential, in *P) (*output[Member], error) {
		id, err := (*in).id()
		if err != nil {
			return nil, err
		}
		m, err := s.o.Access.ResetMember(ctx, s.byOf(ctx), who.TenantID, id)
		return outputOf(showMember(m)), err
	})
}

func (s *Server) registerInvitations() {
	register(s, operation{
		id: "invite-member", method: http.MethodPost, path: "/invitations", tag: "members", scope: scopeTenant, action: access.ActionMembers,
		summary: "Invite somebody by mail", details: "The link works for seven days and once. Who is invited again gets a new one.", status: http.StatusCreated,
	}, func(ctx context.Context, who myodai.Credential, in *struct{ Body NewInvitation }) (*output[Invitation], error) {
		return s.invite(ctx, who.TenantID, access.NewInvitation{Email: in.Body.Email, Role: myodai.Role(in.Body.Role), Language: in.Body.Language})
	})
	register(s, operation{
		id: "list-invitations", method: http.MethodGet, path: "/invitations", tag: "members", scope: scopeTenant, action: access.ActionMembers,
		summary: "List open invitations, oldest first",
	}, func(ctx context.Context, who myodai.Credential, _ *empty) (*listOutput[Invitation], error) {
		list, err := s.o.Access.Invitations(ctx, who.TenantID)
		return listOf(list, "", showInvitation), err
	})
	register(s, operation{
		id: "withdraw-invitation", method: http.MethodDelete, path: "/invitations/{invitation_id}", tag: "members", scope: scopeTenant,
		action: access.ActionMembers, summary: "Make an invitation worthless",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		InvitationID string `path:"invitation_id"`
	}) (*empty, error) {
		id, err := pathID(myodai.ParseID[myodai.TicketID], in.InvitationID, "invitation")
		if err != nil {
			return nil, err
		}
		return nil, s.o.Access.WithdrawInvitation(ctx, s.byOf(ctx), who.TenantID, id)
	})
}

func (s *Server) invite(ctx context.Context, tenant myodai.TenantID, n access.NewInvitation) (*output[Invitation], error) {
	t, err := s.o.Access.Invite(ctx, s.byOf(ctx), tenant, n)
	return outputOf(showInvitation(t)), err
}

// registerOperators adds what the platform operator does about people.
func (s *Server) registerOperators() {
	register(s, operation{
		id: "list-operators", method: http.MethodGet, path: "/operators", tag: "operators", scope: scopeOperator, action: access.ActionMembers,
		summary: "List the people who run the platform, oldest first",
	}, func(ctx context.Context, _ myodai.Credential, in *struct{ PageQuery }) (*listOutput[Member], error) {
		list, next, err := s.o.Access.ListMembers(ctx, "", in.page())
		return listOf(list, next, showMember), err
	})
	register(s, operation{
		id: "invite-operator", method: http.MethodPost, path: "/operators", tag: "operators", scope: scopeOperator, action: access.ActionMembers,
		summary: "Invite somebody to run the platform", status: http.StatusCreated,
	}, func(ctx context.Context, _ myodai.Credential, in *struct{ Body NewOperator }) (*output[Invitation], error) {
		return s.invite(ctx, "", access.NewInvitation{Email: in.Body.Email, Role: myodai.RoleOperator, Language: in.Body.Language})
	})
	registerPersonActs[OperatorPath](s, "operator", "/operators/{operator_id}", "operators", scopeOperator)
	register(s, operation{
		id: "list-tenant-members", method: http.MethodGet, path: "/tenants/{tenant_id}/members", tag: "tenants", scope: scopeOperator,
		action: access.ActionMembers, summary: "List the members of a tenant, oldest first",
	}, func(ctx context.Context, _ myodai.Credential, in *struct {
		TenantPath
		PageQuery
	}) (*listOutput[Member], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		if _, err := s.o.Store.Tenant(ctx, id); err != nil {
			return nil, err
		}
		list, next, err := s.o.Access.ListMembers(ctx, id, in.page())
		return listOf(list, next, showMember), err
	})
	register(s, operation{
		id: "invite-tenant-member", method: http.MethodPost, path: "/tenants/{tenant_id}/invitations", tag: "tenants", scope: scopeOperator,
		action: access.ActionMembers, summary: "Invite somebody into a tenant, such as its first owner", status: http.StatusCreated,
	}, func(ctx context.Context, _ myodai.Credential, in *struct {
		TenantPath
		Body NewInvitation
	}) (*output[Invitation], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return s.invite(ctx, id, access.NewInvitation{Email: in.Body.Email, Role: myodai.Role(in.Body.Role), Language: in.Body.Language})
	})
}
