package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/api"
)

// Beside looking, these are the operations that the key of a plain member opens.
var membersMay = []string{
	"send-message", "add-suppression", "remove-suppression", "undo-suppression-removal", "import-suppressions", "undo-suppression-batch",
}

// And these are what it may not even look at.
var membersMayNotSee = []string{
	"list-credentials", "list-members", "list-invitations", "list-member-sessions", "list-audit-trail",
}

// E1, C8, T65: role × operation, every cell.
func TestRolesAtTheAPI(t *testing.T) {
	w := newWorld(t, plenty).populate()
	keys := map[myodai.Role]string{}
	for _, role := range myodai.TenantRoles {
		c, secret, err := w.access.CreateCredential(t.Context(), access.ByCommand(), w.acme.tenant.ID, access.NewCredential{Kind: myodai.CredentialAPI, Role: role})
		if err != nil || c.Role != role {
			t.Fatal(c, err)
		}
		keys[role] = secret
	}
	for _, d := range doors {
		if d.for_ == "operator" {
			continue
		}
		for role, key := range keys {
			may := role != myodai.RoleMember || slices.Contains(membersMay, d.operation) ||
				d.method == http.MethodGet && !slices.Contains(membersMayNotSee, d.operation)
			if may && d.method != http.MethodGet {
				continue // that they may is shown by the matrix; here nothing is to change
			}
			if d.operation == "revoke-credential" {
				continue // a key may withdraw itself
			}
			a := w.ask(d.method, w.acme.fill(d.path), key, w.acme.fill(d.body))
			refused := a.status == http.StatusForbidden && strings.Contains(string(a.body), "the role of this key is member")
			if refused == may {
				t.Errorf("%s with a key that is %s = %d %s", d.operation, role, a.status, a.body)
			}
		}
	}
	// No key hands out, or becomes, more than it is.
	for role, body := range map[myodai.Role]string{
		myodai.RoleMember: `{"kind":"api","role":"member"}`, myodai.RoleAdministrator: `{"kind":"api","role":"owner"}`,
	} {
		if a := w.ask("POST", "/v1/credentials", keys[role], body); a.status != http.StatusForbidden {
			t.Errorf("a key that is %s makes %s = %d", role, body, a.status)
		}
	}
	if a := w.ask("PATCH", "/v1/members/"+w.acme.member, keys[myodai.RoleAdministrator], `{"role":"owner"}`); a.status != http.StatusForbidden {
		t.Errorf("an administrator's key makes an owner = %d %s", a.status, a.body)
	}
	if a := w.ask("POST", "/v1/credentials/"+string(w.acme.credential.ID)+"/revoke", keys[myodai.RoleMember], ""); a.status != http.StatusForbidden {
		t.Errorf("a member's key withdraws another one = %d", a.status)
	}
}

// What changes something is in the audit trail with who did it, in the tenant's
// own when the platform operator did; messages are not.
func TestChangesAreAudited(t *testing.T) {
	w := newWorld(t, plenty).populate()
	w.call("POST", "/v1/credentials", w.acme.key, `{"kind":"smtp","label":"shop"}`, http.StatusCreated, nil)
	var c api.CreatedCredential
	w.call("POST", "/v1/tenants/"+string(w.acme.tenant.ID)+"/credentials", w.operator, `{"kind":"api"}`, http.StatusCreated, &c)
	w.call("POST", "/v1/tenants/"+string(w.acme.tenant.ID)+"/suspend", w.operator, "", http.StatusOK, nil)
	w.call("POST", "/v1/tenants/"+string(w.acme.tenant.ID)+"/resume", w.operator, "", http.StatusOK, nil)
	w.call("POST", "/v1/tenants", w.operator, `{"name":"New"}`, http.StatusCreated, nil)
	w.call("DELETE", "/v1/suppressions/"+w.acme.suppression, w.acme.key, "", http.StatusNoContent, nil)
	w.call("PATCH", "/v1/domains/"+string(w.acme.domain.ID), w.acme.key, `{"shape":"txt"}`, http.StatusOK, nil)
	if a := w.ask("DELETE", "/v1/suppressions/"+w.evil.suppression, w.acme.key, ""); a.status != http.StatusNotFound {
		t.Fatal(a.status)
	}
	var list api.List[api.AuditEntry]
	w.call("GET", "/v1/audit?limit=200", w.acme.key, "", http.StatusOK, &list)
	seen := map[string]api.AuditEntry{}
	for _, e := range list.Items {
		if _, twice := seen[e.Operation]; twice && e.Operation != "add-suppression" {
			t.Errorf("%s is there twice", e.Operation)
		}
		seen[e.Operation] = e
	}
	for operation, want := range map[string]struct {
		actor    myodai.CredentialID
		operator bool
		object   string
	}{
		"create-credential":        {w.acme.credential.ID, false, ""},
		"create-tenant-credential": {"", true, string(w.acme.tenant.ID)},
		"suspend-tenant":           {"", true, string(w.acme.tenant.ID)},
		"remove-suppression":       {w.acme.credential.ID, false, w.acme.suppression},
		"change-domain":            {w.acme.credential.ID, false, string(w.acme.domain.ID)},
		"invite-member":            {w.acme.credential.ID, false, w.acme.invitation},
	} {
		e, ok := seen[operation]
		if !ok || e.Actor.Operator != want.operator || e.Actor.Kind != myodai.AuditCredential ||
			want.actor != "" && e.Actor.ID != string(want.actor) || want.object != "" && e.Object != want.object || e.Address != "127.0.0.1" {
			t.Errorf("%s: %+v", operation, e)
		}
	}
	if e := seen["create-credential"]; !strings.HasPrefix(e.Object, "crd_") || e.Data["label"] != "shop" {
		t.Errorf("a credential was made: %+v", e)
	}
	for _, none := range []string{"send-message", "create-tenant"} {
		if e, ok := seen[none]; ok {
			t.Errorf("%s is in the tenant's trail: %+v", none, e)
		}
	}
	if strings.Contains(w.everything(), c.Secret) {
		t.Error("a secret is in the trail")
	}
	w.call("GET", "/v1/audit", w.operator, "", http.StatusOK, &list)
	if len(list.Items) != 1 || list.Items[0].Operation != "create-tenant" {
		t.Errorf("the platform's trail: %+v", list.Items)
	}
	for _, tenant := range []myodai.TenantID{w.acme.tenant.ID, ""} {
		if _, bad, err := w.store.VerifyAudit(t.Context(), tenant); bad != 0 || err != nil {
			t.Errorf("the trail of %q breaks at %d: %v", tenant, bad, err)
		}
	}
}
