package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/api"
)

// People, from the first operator on, on the command line.
func TestMembers(t *testing.T) {
	s := startService(t, testConfig(t))
	var made newTenant
	s.must(&made, "tenant", "add", "Acme")
	s.key = made.Credential.Secret
	tenant := string(made.Tenant.ID)

	var link struct{ Page string }
	s.must(&link, "setup-link", "--zone", "plat.example", "--addresses", "192.0.2.1")
	if u, err := url.Parse(link.Page); err != nil || !strings.HasPrefix(u.Path, "/setup/") {
		t.Errorf("the set-up link is %q", link.Page)
	}
	var invited api.Invitation
	s.must(&invited, "member", "invite", "owner@acme.example", "--role", "owner", "--tenant", tenant, "--language", "ja")
	s.must(nil, "member", "invite", "op@plat.example", "--operator")
	s.must(nil, "member", "invite", "ben@acme.example")
	if r := s.cli("member", "invite", "eve@acme.example", "--role", "owner"); r.status != exitRefused || !strings.Contains(r.err, "above their own") {
		t.Errorf("an administrator's key invites an owner = %d %s", r.status, r.err)
	}
	var open items[api.Invitation]
	s.must(&open, "member", "invitations")
	if len(open.Items) != 2 || open.Items[0].Email != "owner@acme.example" {
		t.Errorf("open invitations: %+v", open.Items)
	}
	s.must(nil, "member", "withdraw", string(invited.ID))
	var members items[api.Member]
	s.must(&members, "member", "list", "--operator")
	s.must(&members, "member", "list", "--tenant", tenant)
	s.must(&members, "member", "list")
	for _, args := range [][]string{
		{"member", "role", "mem_x", "administrator"}, {"member", "remove", "mem_x"}, {"member", "reset", "mem_x", "--operator"}, {"member", "sign-out", "mem_x"},
	} {
		if r := s.cli(args...); r.status != exitRefused {
			t.Errorf("%v of nobody = %d %s", args, r.status, r.err)
		}
	}
	var trail items[api.AuditEntry]
	s.must(&trail, "trail", "list", "--limit", "2")
	if len(trail.Items) != 2 || trail.Items[0].Operation != "withdraw-invitation" {
		t.Errorf("the trail: %+v", trail.Items)
	}
	s.must(&trail, "trail", "list", "--platform")
	s.must(&trail, "trail", "list", "--tenant", tenant)
	var verified items[verifiedTrail]
	s.must(&verified, "trail", "verify", "--zone", "plat.example", "--addresses", "192.0.2.1")
	if len(verified.Items) != 2 || verified.Items[0].Bad != 0 || verified.Items[1].Entries == 0 {
		t.Errorf("verified: %+v", verified.Items)
	}
}
