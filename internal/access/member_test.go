package access_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

// T65, T69: who may change whom; the last owner stays; what is lost is lost at
// once.
func TestMembersAndRoles(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	_, owner := h.join(h.tenant.ID, "owner@acme.example", myodai.RoleOwner)
	_, admin := h.join(h.tenant.ID, "admin@acme.example", myodai.RoleAdministrator)
	in, member := h.join(h.tenant.ID, "member@acme.example", myodai.RoleMember)
	_, stranger := h.join(h.other.ID, "eve@other.example", myodai.RoleOwner)
	set := func(by access.Actor, tenant myodai.TenantID, of access.Actor, role myodai.Role) error {
		_, err := h.access.SetRole(ctx, by.By(phone), tenant, of.Member.ID, role)
		return err
	}
	h.want(set(member, h.tenant.ID, member, myodai.RoleOwner), myodai.CodeForbidden)
	h.want(set(admin, h.tenant.ID, member, myodai.RoleOwner), myodai.CodeForbidden)
	h.want(set(admin, h.tenant.ID, owner, myodai.RoleMember), myodai.CodeForbidden)
	h.want(set(stranger, h.tenant.ID, member, myodai.RoleOwner), myodai.CodeForbidden)
	h.want(set(stranger, h.other.ID, member, myodai.RoleOwner), myodai.CodeNotFound)
	h.want(set(owner, h.tenant.ID, owner, myodai.RoleMember), myodai.CodeConflict)
	h.want(set(owner, h.tenant.ID, member, myodai.RoleOperator), myodai.CodeInvalid)
	h.want(h.access.RemoveMember(ctx, admin.By(phone), h.tenant.ID, owner.Member.ID), myodai.CodeForbidden)
	h.want(h.access.RemoveMember(ctx, owner.By(phone), h.tenant.ID, owner.Member.ID), myodai.CodeConflict)
	h.want(h.access.RemoveMember(ctx, stranger.By(phone), h.tenant.ID, member.Member.ID), myodai.CodeForbidden)
	_, err := h.access.ResetMember(ctx, admin.By(phone), h.tenant.ID, owner.Member.ID)
	h.want(err, myodai.CodeForbidden)

	h.must(set(admin, h.tenant.ID, member, myodai.RoleAdministrator))
	_, err = h.access.Session(ctx, in.Token)
	h.want(err, myodai.CodeUnauthorized)
	m, err := h.access.ResetMember(ctx, owner.By(phone), h.tenant.ID, member.Member.ID)
	h.must(err)
	if mail, token := h.mail(); mail.To != m.Email || token == "" {
		t.Errorf("the mail is %+v", mail)
	}
	_, err = h.access.SignIn(ctx, "member@acme.example", password, phone, "")
	h.want(err, myodai.CodeUnauthorized)
	h.must(h.access.RemoveMember(ctx, admin.By(phone), h.tenant.ID, member.Member.ID))
	list, _, err := h.access.ListMembers(ctx, h.tenant.ID, myodai.Page{})
	h.must(err)
	if len(list) != 2 {
		t.Errorf("members: %+v", list)
	}
	h.must(set(owner, h.tenant.ID, admin, myodai.RoleOwner))
	h.must(set(owner, h.tenant.ID, owner, myodai.RoleMember))
}

func TestCredentialsHaveNoMoreThanTheirMaker(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	_, owner := h.join(h.tenant.ID, "owner@acme.example", myodai.RoleOwner)
	_, admin := h.join(h.tenant.ID, "admin@acme.example", myodai.RoleAdministrator)
	_, member := h.join(h.tenant.ID, "member@acme.example", myodai.RoleMember)
	for _, tt := range []struct {
		by   access.Actor
		role myodai.Role
		want myodai.Code
	}{
		{owner, myodai.RoleOwner, ""}, {owner, "", ""}, {admin, "", ""}, {admin, myodai.RoleMember, ""},
		{admin, myodai.RoleOwner, myodai.CodeForbidden}, {owner, myodai.RoleOperator, myodai.CodeInvalid},
		{member, myodai.RoleMember, myodai.CodeForbidden},
	} {
		c, _, err := h.access.CreateCredential(ctx, tt.by.By(phone), h.tenant.ID, access.NewCredential{Kind: myodai.CredentialAPI, Role: tt.role})
		if codeOf(err) != tt.want || err == nil && c.Role == "" {
			t.Errorf("%s makes one that is %q: %v, %+v", tt.by.Role, tt.role, err, c)
		}
	}
	_, _, err := h.access.CreateCredential(ctx, owner.By(phone), h.other.ID, access.NewCredential{Kind: myodai.CredentialAPI})
	h.want(err, myodai.CodeForbidden)
}

func TestShareLink(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	_, owner := h.join(h.tenant.ID, "owner@acme.example", myodai.RoleOwner)
	_, member := h.join(h.tenant.ID, "member@acme.example", myodai.RoleMember)
	d := myodai.Domain{
		ID: "dom_1", TenantID: h.tenant.ID, Name: "acme.example", State: myodai.DomainPending, Token: "t", Shape: myodai.ShapeCNAME,
	}
	h.must(h.store.CreateDomain(ctx, d, nil))
	n := access.NewShareLink{Domain: d.ID, Recipient: "IT", Language: "ja"}
	_, _, err := h.access.CreateShareLink(ctx, member.By(phone), h.tenant.ID, n)
	h.want(err, myodai.CodeForbidden)
	_, _, err = h.access.CreateShareLink(ctx, owner.By(phone), h.tenant.ID, access.NewShareLink{Domain: d.ID, Life: 365 * 24 * time.Hour})
	h.want(err, myodai.CodeInvalid)
	l, token, err := h.access.CreateShareLink(ctx, owner.By(phone), h.tenant.ID, n)
	h.must(err)
	got, err := h.access.ShareLink(ctx, token)
	h.must(err)
	if got.ID != l.ID || got.DomainID != d.ID || got.ExpiresAt.Sub(got.CreatedAt) != access.DefaultShareLife {
		t.Errorf("the link is %+v", got)
	}
	h.must(h.access.OpenShareLink(ctx, got, phone))
	if got, err = h.access.ShareLink(ctx, token); err != nil || got.OpenedAt.IsZero() {
		t.Errorf("opened: %+v, %v", got, err)
	}
	h.must(h.access.OpenShareLink(ctx, got, phone)) // again within the hour
	for _, bad := range []string{"", "x", strings.Repeat("x", 43)} {
		_, err = h.access.ShareLink(ctx, bad)
		h.want(err, myodai.CodeNotFound)
	}
	_, err = h.access.RevokeShareLink(ctx, owner.By(phone), h.tenant.ID, l.ID)
	h.must(err)
	_, err = h.access.ShareLink(ctx, token)
	h.want(err, myodai.CodeNotFound)
	trail := h.trail(h.tenant.ID)
	if want := []string{"create-share-link", "open-share-link", "revoke-share-link"}; !slices.Equal(trail[len(trail)-3:], want) {
		t.Errorf("the trail is %q", trail)
	}
}
