package access_test

import (
	"encoding/base32"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

func base32Of(s string) ([]byte, error) {
	return base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s)
}

// E1, C8, T65: every cell of the table, written out.
func TestMay(t *testing.T) {
	all := access.Actions
	for role, want := range map[myodai.Role][]access.Action{
		myodai.RoleOperator: {
			access.ActionView, access.ActionSuppress, access.ActionSetUp, access.ActionCredentials, access.ActionMembers,
			access.ActionAudit, access.ActionSignIn, access.ActionPlatform,
		},
		myodai.RoleOwner: {
			access.ActionView, access.ActionSend, access.ActionSuppress, access.ActionSetUp, access.ActionCredentials, access.ActionMembers,
			access.ActionAudit, access.ActionSignIn,
		},
		myodai.RoleAdministrator: {
			access.ActionView, access.ActionSend, access.ActionSuppress, access.ActionSetUp, access.ActionCredentials, access.ActionMembers, access.ActionAudit,
		},
		myodai.RoleMember: {access.ActionView, access.ActionSend, access.ActionSuppress},
		"":                {},
		"root":            {},
	} {
		for _, action := range all {
			if got := access.May(role, action); got != slices.Contains(want, action) {
				t.Errorf("May(%q, %s) = %t", role, action, got)
			}
		}
		if access.May(role, "fly") {
			t.Errorf("%q may what nobody named", role)
		}
	}
}

// T65: nobody gives or takes a role above their own.
func TestMayGrant(t *testing.T) {
	const o, w, a, m = myodai.RoleOperator, myodai.RoleOwner, myodai.RoleAdministrator, myodai.RoleMember
	want := map[myodai.Role][]myodai.Role{o: {o, w, a, m}, w: {w, a, m}, a: {a, m}, m: {}, "": {}}
	for by, roles := range want {
		for _, role := range []myodai.Role{o, w, a, m, "", "root"} {
			if got := access.MayGrant(by, role); got != slices.Contains(roles, role) {
				t.Errorf("MayGrant(%q, %q) = %t", by, role, got)
			}
		}
	}
}

func TestFirstRun(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	needed, err := h.access.NeedsSetup(ctx)
	h.must(err)
	if !needed {
		t.Fatal("a new database needs no set-up")
	}
	first, err := h.access.SetupLink(ctx)
	h.must(err)
	second, err := h.access.SetupLink(ctx)
	h.must(err)
	token := func(address string) string { return strings.TrimPrefix(address, base+"/setup/") }
	me := access.Profile{Name: "Op", Language: "ja"}
	for name, try := range map[string]struct{ token, email, password string }{
		"a guess":          {strings.Repeat("x", 43), "op@plat.example", password},
		"no address":       {token(first), "op", password},
		"a short password": {token(first), "op@plat.example", "short"},
	} {
		if _, err := h.access.FirstOperator(ctx, try.token, try.email, me, try.password, phone, ""); err == nil {
			t.Errorf("%s makes an operator", name)
		}
	}
	in, err := h.access.FirstOperator(ctx, token(first), "op@plat.example", me, password, phone, "")
	h.must(err)
	if a := h.actor(in.Token); !a.Operator || a.Tenant != "" || a.Member.Language != "ja" || !a.May(access.ActionPlatform) {
		t.Errorf("the operator is %+v", a)
	}
	h.want(h.access.Setup(ctx, token(second)), myodai.CodeNotFound)
	_, err = h.access.SetupLink(ctx)
	h.want(err, myodai.CodeConflict)
}

func TestInvitation(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	invite := func(by access.By, tenant myodai.TenantID, email string, role myodai.Role) error {
		_, err := h.access.Invite(ctx, by, tenant, access.NewInvitation{Email: email, Role: role, Language: "ja"})
		return err
	}
	_, owner := h.join(h.tenant.ID, "owner@acme.example", myodai.RoleOwner)
	m, token := h.mail()
	if m.Subject != "Acmeへの招待" || m.To.String() != "owner@acme.example" || !strings.Contains(m.Text, "7日以内") {
		t.Errorf("the mail is %+v", m)
	}
	_, err := h.access.AcceptInvitation(ctx, token, access.Profile{}, password, phone, "")
	h.want(err, myodai.CodeNotFound) // once

	by := owner.By(phone)
	h.must(invite(by, h.tenant.ID, "Ben@acme.example", myodai.RoleMember))
	_, early := h.mail()
	h.must(invite(by, h.tenant.ID, "ben@acme.example", myodai.RoleMember))
	_, token = h.mail()
	_, err = h.access.Invitation(ctx, early)
	h.want(err, myodai.CodeNotFound) // the newer link replaced it
	seen, err := h.access.Invitation(ctx, token)
	h.must(err)
	if seen.Group != "Acme" || seen.Language != "ja" || seen.Ticket.By != "山田 <owner@acme.example>" {
		t.Errorf("the invitation reads %+v", seen)
	}
	in, err := h.access.AcceptInvitation(ctx, token, access.Profile{Name: "Ben", Language: "en"}, password, phone, "")
	h.must(err)
	ben := h.actor(in.Token)
	if ben.Role != myodai.RoleMember || ben.May(access.ActionSetUp) || ben.Tenant != h.tenant.ID {
		t.Errorf("the new member is %+v", ben)
	}

	h.want(invite(ben.By(phone), h.tenant.ID, "x@acme.example", myodai.RoleMember), myodai.CodeForbidden)
	h.want(invite(by, h.other.ID, "x@acme.example", myodai.RoleMember), myodai.CodeForbidden)
	h.want(invite(by, "", "x@acme.example", myodai.RoleOperator), myodai.CodeForbidden)
	h.want(invite(by, h.tenant.ID, "x@acme.example", myodai.RoleOperator), myodai.CodeInvalid)
	h.want(invite(by, h.tenant.ID, "nobody", myodai.RoleMember), myodai.CodeInvalid)

	// Somebody who signs in elsewhere already: who invites learns nothing of it.
	h.must(invite(access.ByCommand(), h.other.ID, "ben@acme.example", myodai.RoleMember))
	_, token = h.mail()
	_, err = h.access.AcceptInvitation(ctx, token, access.Profile{}, password, phone, "")
	h.want(err, myodai.CodeConflict)

	h.must(invite(by, h.tenant.ID, "late@acme.example", myodai.RoleMember))
	_, token = h.mail()
	open, err := h.access.Invitations(ctx, h.tenant.ID)
	h.must(err)
	h.want(h.access.WithdrawInvitation(ctx, by, h.other.ID, open[0].ID), myodai.CodeForbidden)
	h.must(h.access.WithdrawInvitation(ctx, by, h.tenant.ID, open[0].ID))
	_, err = h.access.Invitation(ctx, token)
	h.want(err, myodai.CodeNotFound)
	want := []string{
		"invite-member", "join", "sign-in", "invite-member", "invite-member", "join", "sign-in", "invite-member", "withdraw-invitation",
	}
	if got := h.trail(h.tenant.ID); !slices.Equal(got, want) {
		t.Errorf("the trail is %q", got)
	}
}
