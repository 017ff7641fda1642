package console

import (
	"net/http"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

func (s *Server) routeMembers() {
	s.add("GET /members", managers, listMembers)
	s.add("POST /members", managers, inviteMember)
	s.add("POST /members/{id}/role", managers, setRole)
	s.add("POST /members/{id}/reset", managers, resetMember)
	s.add("GET /members/{id}/remove", managers, askToRemove)
	s.add("POST /members/{id}/remove", managers, removeMember)
	s.add("POST /members/invitations/{id}/withdraw", managers, withdrawInvitation)
}

// membersView is the page about who belongs to a tenant.
type membersView struct {
	Lead        string
	Members     []memberLine
	Next        string
	Invitations []invitationLine
	Fields      []field
	Problem     string
	Rules       bool // the reader may say how members sign in
}

type memberLine struct {
	ID     string
	Name   string
	Email  string
	Role   string
	Roles  []option // what it may become; none when the reader may not change it
	Self   bool
	Second chip
	Since  moment
	Manage bool // the reader may change and remove them
}

type invitationLine struct {
	ID, Email, Role, By string
	Until               moment
}

func listMembers(v *visit) error {
	return v.showMembers(http.StatusOK, access.NewInvitation{Role: myodai.RoleMember, Language: string(v.lang)}, problem{})
}

func (v *visit) showMembers(status int, n access.NewInvitation, p problem) error {
	ctx, tenant := v.r.Context(), v.actor.Tenant
	list, next, err := v.o.Access.ListMembers(ctx, tenant, myodai.Page{After: v.r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	open, err := v.o.Access.Invitations(ctx, tenant)
	if err != nil {
		return err
	}
	view := newMembersView(v.reader, v.actor, list, open)
	view.Problem, view.Rules = p.at(""), v.actor.may(owners)
	if next != "" {
		view.Next = "/members?after=" + next
	}
	view.Fields = v.invitationFields(n, p)
	return v.write(status, "members", v.say("members.title"), view)
}

func (v *visit) invitationFields(n access.NewInvitation, p problem) []field {
	return []field{
		{Name: "email", Label: v.say("signin.email"), Type: "email", Value: n.Email, Problem: p.at("email")},
		{Name: "role", Label: v.say("members.role"), Type: "select", Options: v.roleOptions(v.actor.access.Role, n.Role), Problem: p.at("role"), Hint: v.say("members.role_hint")},
		{Name: "language", Label: v.say("members.language"), Type: "select", Problem: p.at("language"), Options: []option{
			{"ja", "日本語", n.Language == "ja"}, {"en", "English", n.Language != "ja"},
		}},
	}
}

// roleOptions are the roles that who has one may give.
func (r reader) roleOptions(by, now myodai.Role) []option {
	var list []option
	roles := myodai.TenantRoles
	if by == myodai.RoleOperator {
		roles = []myodai.Role{myodai.RoleOperator}
	}
	for _, role := range roles {
		if access.MayGrant(by, role) {
			list = append(list, option{string(role), r.roleName(role), role == now})
		}
	}
	return list
}

func newMembersView(r reader, who Actor, list []myodai.Member, open []myodai.Ticket) membersView {
	view := membersView{Lead: r.say("members.lead")}
	if who.Tenant == "" {
		view.Lead = r.say("members.lead_operator")
	}
	for _, m := range list {
		line := memberLine{
			ID: string(m.ID), Name: m.Name, Email: m.Email.String(), Role: r.roleName(m.Role), Since: r.moment(m.CreatedAt),
			Self: m.ID == who.Member, Manage: access.MayGrant(who.access.Role, m.Role), Second: chip{r.say("members.second_none"), toneOpen},
		}
		if m.SecondFactor() {
			line.Second = chip{r.say("members.second"), toneGood}
		}
		if line.Manage && !line.Self && who.Tenant != "" {
			line.Roles = r.roleOptions(who.access.Role, m.Role)
		}
		view.Members = append(view.Members, line)
	}
	for _, t := range open {
		view.Invitations = append(view.Invitations, invitationLine{
			ID: string(t.ID), Email: t.Email.String(), Role: r.roleName(t.Role), By: t.By, Until: r.moment(t.ExpiresAt),
		})
	}
	return view
}

func inviteMember(v *visit) error {
	if ok, err := v.confirmed("/members"); !ok {
		return err
	}
	n := access.NewInvitation{
		Email: v.r.PostFormValue("email"), Role: myodai.Role(v.r.PostFormValue("role")), Language: v.r.PostFormValue("language"),
	}
	t, err := v.o.Access.Invite(v.r.Context(), v.by(), v.actor.Tenant, n)
	if p, status, ok := v.judge(err); ok {
		return v.showMembers(status, n, p)
	}
	if err != nil {
		return err
	}
	return v.done("/members", "members.invited", t.Email.String())
}

// member is the member that the address names.
func (v *visit) member() (myodai.MemberID, error) {
	id, err := myodai.ParseID[myodai.MemberID](v.r.PathValue("id"))
	if err != nil {
		return "", errNoPage
	}
	return id, nil
}

// manage does something to a member, and says so on the list.
func (v *visit) manage(said string, do func(id myodai.MemberID) (email string, err error)) error {
	if ok, err := v.confirmed("/members"); !ok {
		return err
	}
	id, err := v.member()
	if err != nil {
		return err
	}
	email, err := do(id)
	if p, status, ok := v.judge(err); ok {
		return v.showMembers(status, access.NewInvitation{Role: myodai.RoleMember, Language: string(v.lang)}, problem{Message: p.Message})
	}
	if err != nil {
		return err
	}
	return v.done("/members", said, email)
}

func setRole(v *visit) error {
	return v.manage("members.role_set", func(id myodai.MemberID) (string, error) {
		m, err := v.o.Access.SetRole(v.r.Context(), v.by(), v.actor.Tenant, id, myodai.Role(v.r.PostFormValue("role")))
		return m.Email.String(), err
	})
}

func resetMember(v *visit) error {
	return v.manage("members.was_reset", func(id myodai.MemberID) (string, error) {
		m, err := v.o.Access.ResetMember(v.r.Context(), v.by(), v.actor.Tenant, id)
		return m.Email.String(), err
	})
}

func askToRemove(v *visit) error {
	id, err := v.member()
	if err != nil {
		return err
	}
	m, err := v.o.Store.Member(v.r.Context(), v.actor.Tenant, id)
	if err != nil {
		return err
	}
	return v.show("one", v.say("members.remove_title"), oneView{
		Heading: v.say("members.remove_title"), Lead: v.say("members.remove_lead", m.Email.String()), Button: v.say("members.remove_button"), Cancel: "/members",
	})
}

func removeMember(v *visit) error {
	return v.manage("members.removed", func(id myodai.MemberID) (string, error) {
		m, err := v.o.Store.Member(v.r.Context(), v.actor.Tenant, id)
		if err != nil {
			return "", err
		}
		return m.Email.String(), v.o.Access.RemoveMember(v.r.Context(), v.by(), v.actor.Tenant, id)
	})
}

func withdrawInvitation(v *visit) error {
	if ok, err := v.confirmed("/members"); !ok {
		return err
	}
	id, err := myodai.ParseID[myodai.TicketID](v.r.PathValue("id"))
	if err != nil {
		return errNoPage
	}
	if err := v.o.Access.WithdrawInvitation(v.r.Context(), v.by(), v.actor.Tenant, id); err != nil {
		return err
	}
	return v.done("/members", "members.withdrawn")
}
