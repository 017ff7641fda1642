package console

import (
	"net/http"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

func (s *Server) routeCredentials() {
	s.add("GET /credentials", administrators, listCredentials)
	s.add("POST /credentials", administrators, createCredential)
	s.add("POST /credentials/{credential}/revoke", administrators, revokeCredential)
}

// credentialsView is the page of API keys and SMTP passwords.
type credentialsView struct {
	Lines   []credentialLine
	Next    string
	Fields  []field
	Problem string
	Made    *madeView // a new one, nil for none
}

type credentialLine struct {
	ID, Kind, Label, Role string
	Created, Revoked      moment
}

// madeView is a credential whose secret is shown once.
type madeView struct {
	Lead   string
	Values []copyable
}

func listCredentials(v *visit) error {
	return v.showCredentials(http.StatusOK, access.NewCredential{}, nil, problem{})
}

func (v *visit) showCredentials(status int, n access.NewCredential, made *madeView, p problem) error {
	list, next, err := v.o.Store.Credentials(v.r.Context(), v.actor.Tenant, myodai.Page{After: v.r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	view := credentialsView{Lines: newCredentialLines(v.reader, list), Made: made, Problem: p.at("")}
	if next != "" {
		view.Next = "/credentials?after=" + next
	}
	view.Fields = []field{
		{Name: "kind", Label: v.say("credentials.kind"), Type: "select", Problem: p.at("kind"), Options: []option{
			{"smtp", v.say("credentials.kind_smtp"), n.Kind == myodai.CredentialSMTP}, {"api", v.say("credentials.kind_api"), n.Kind == myodai.CredentialAPI},
		}},
		{Name: "label", Label: v.say("credentials.label"), Hint: v.say("credentials.label_hint"), Value: n.Label, Problem: p.at("label")},
		{Name: "role", Label: v.say("credentials.role"), Hint: v.say("credentials.role_hint"), Type: "select", Problem: p.at("role"),
			Options: v.roleOptions(v.actor.access.Role, myodai.RoleAdministrator)},
	}
	return v.write(status, "credentials", v.say("credentials.title"), view)
}

func newCredentialLines(r reader, list []myodai.Credential) []credentialLine {
	var lines []credentialLine
	for _, c := range list {
		line := credentialLine{
			ID: string(c.ID), Kind: r.say("credentials.kind_" + string(c.Kind)), Label: c.Label, Created: r.moment(c.CreatedAt), Revoked: r.moment(c.RevokedAt),
		}
		if c.Kind == myodai.CredentialAPI {
			line.Role = r.roleName(c.Role)
		}
		lines = append(lines, line)
	}
	return lines
}

func createCredential(v *visit) error {
	if ok, err := v.confirmed("/credentials"); !ok {
		return err
	}
	n := access.NewCredential{
		Kind: myodai.CredentialKind(v.r.PostFormValue("kind")), Label: v.r.PostFormValue("label"), Role: myodai.Role(v.r.PostFormValue("role")),
	}
	c, secret, err := v.o.Access.CreateCredential(v.r.Context(), v.by(), v.actor.Tenant, n)
	if p, status, ok := v.judge(err); ok {
		return v.showCredentials(status, n, nil, p)
	}
	if err != nil {
		return err
	}
	made := &madeView{Lead: v.say("credentials.made_" + string(c.Kind)), Values: []copyable{{Label: v.say("credentials.secret"), Value: secret, ID: "secret"}}}
	if c.Kind == myodai.CredentialSMTP {
		made.Values = []copyable{
			{Label: v.say("credentials.user"), Value: string(c.ID)}, {Label: v.say("credentials.password"), Value: secret, ID: "secret"},
		}
	}
	return v.showCredentials(http.StatusOK, access.NewCredential{}, made, problem{})
}

func revokeCredential(v *visit) error {
	if ok, err := v.confirmed("/credentials"); !ok {
		return err
	}
	id, err := myodai.ParseID[myodai.CredentialID](v.r.PathValue("credential"))
	if err != nil {
		return errNoPage
	}
	if _, err := v.o.Access.Revoke(v.r.Context(), v.actor.Tenant, id); err != nil {
		return err
	}
	return v.done("/credentials", "credentials.revoked")
}
