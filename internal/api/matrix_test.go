package api_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/store"
)

func itoa(n int) string { return strconv.Itoa(n) }

// doors says of every operation who may use it, and how to ask for it. An
// operation that is not in it fails the test (T63, T65). The order is that in
// which they are allowed in the end: what destroys comes last.
var doors = []struct {
	operation string
	for_      string // tenant, operator or both
	method    string
	path      string // {…} is replaced by an id of the party that asks
	body      string
	want      int // for who may
}{
	{"create-tenant", "operator", "POST", "/v1/tenants", `{"name":"New"}`, 201},
	{"list-tenants", "operator", "GET", "/v1/tenants", "", 200},
	{"get-tenant", "operator", "GET", "/v1/tenants/{tenant_id}", "", 200},
	{"suspend-tenant", "operator", "POST", "/v1/tenants/{tenant_id}/suspend", "", 200},
	{"resume-tenant", "operator", "POST", "/v1/tenants/{tenant_id}/resume", "", 200},
	{"create-tenant-credential", "operator", "POST", "/v1/tenants/{tenant_id}/credentials", `{"kind":"api"}`, 201},
	{"get-policy", "both", "GET", "/v1/policy", "", 200},
	{"set-policy", "operator", "PUT", "/v1/policy", `{}`, 200},
	{"get-tenant-policy", "operator", "GET", "/v1/tenants/{tenant_id}/policy", "", 200},
	{"set-tenant-policy", "operator", "PUT", "/v1/tenants/{tenant_id}/policy", `{}`, 200},
	{"create-credential", "tenant", "POST", "/v1/credentials", `{"kind":"smtp","label":"shop"}`, 201},
	{"list-credentials", "tenant", "GET", "/v1/credentials", "", 200},
	{"register-domain", "tenant", "POST", "/v1/domains", `{"name":"other.example"}`, 201},
	{"list-domains", "tenant", "GET", "/v1/domains", "", 200},
	{"get-domain", "tenant", "GET", "/v1/domains/{domain_id}", "", 200},
	{"list-records", "tenant", "GET", "/v1/domains/{domain_id}/records", "", 200},
	{"check-domain", "tenant", "POST", "/v1/domains/{domain_id}/check", "", 200},
	{"list-checks", "tenant", "GET", "/v1/domains/{domain_id}/checks", "", 200},
	{"get-check", "tenant", "GET", "/v1/domains/{domain_id}/checks/{check_id}", "", 200},
	{"edit-spf", "tenant", "POST", "/v1/domains/{domain_id}/spf", `{}`, 409}, // no include is asked for
	{"dmarc-effect", "tenant", "POST", "/v1/domains/{domain_id}/dmarc/effect", `{"record":"v=DMARC1; p=none"}`, 200},
	{"draft-request", "tenant", "GET", "/v1/domains/{domain_id}/request", "", 200},
	{"send-request", "tenant", "POST", "/v1/domains/{domain_id}/request", `{"to":"dns@it.example"}`, 201},
	{"create-share-link", "tenant", "POST", "/v1/domains/{domain_id}/links", `{}`, 201},
	{"list-share-links", "tenant", "GET", "/v1/domains/{domain_id}/links", "", 200},
	{"revoke-share-link", "tenant", "DELETE", "/v1/domains/{domain_id}/links/{link_id}", "", 204},
	{"get-connect", "tenant", "GET", "/v1/domains/{domain_id}/connect", "", 200},
	{"create-connect-link", "tenant", "POST", "/v1/domains/{domain_id}/connect", `{}`, 503}, // DNS does not answer
	{"change-domain", "tenant", "PATCH", "/v1/domains/{domain_id}", `{"shape":"txt"}`, 200},
	{"list-keys", "tenant", "GET", "/v1/domains/{domain_id}/keys", "", 200},
	{"rotate-keys", "tenant", "POST", "/v1/domains/{domain_id}/keys/rotate", "", 409}, // nothing is published
	{"register-tracking-domain", "tenant", "POST", "/v1/tracking-domains", `{"name":"go.{domain}"}`, 201},
	{"list-tracking-domains", "tenant", "GET", "/v1/tracking-domains", "", 200},
	{"get-tracking-domain", "tenant", "GET", "/v1/tracking-domains/{tracking_id}", "", 200},
	{"check-tracking-domain", "tenant", "POST", "/v1/tracking-domains/{tracking_id}/check", "", 200},
	{"change-tracking-domain", "tenant", "PATCH", "/v1/tracking-domains/{tracking_id}", `{"way":"prepared"}`, 409}, // it is in use
	{"restart-tracking-domain", "tenant", "POST", "/v1/tracking-domains/{tracking_id}/restart", "", 409},
	{"delete-tracking-domain", "tenant", "DELETE", "/v1/tracking-domains/{tracking_id}", "", 204},
	{"list-certificates", "operator", "GET", "/v1/certificates", "", 200},
	{"send-message", "tenant", "POST", "/v1/messages", draft("a@{domain}"), 202},
	{"list-messages", "tenant", "GET", "/v1/messages", "", 200},
	{"get-message", "tenant", "GET", "/v1/messages/{message_id}", "", 200},
	{"explain-route", "both", "POST", "/v1/routes/explain", `{"from":"a@{domain}","tenant_id":"{tenant_id}"}`, 200},
	{"list-held", "both", "GET", "/v1/queue/held", "", 200},
	{"release-message", "both", "POST", "/v1/messages/{message_id}/release", `{}`, 409}, // it is not held
	{"list-senders", "tenant", "GET", "/v1/senders", "", 200},
	{"register-sender", "tenant", "POST", "/v1/senders", `{"label":"info","address":"info@{domain}"}`, 201},
	{"outlook-sender", "tenant", "POST", "/v1/outlook", `{"address":"info@{domain}"}`, 200},
	{"answer-confirmation", "tenant", "POST", "/v1/confirmations", `{"token":"guessed"}`, 404},
	{"get-sender", "tenant", "GET", "/v1/senders/{sender_id}", "", 200},
	{"ask-sender", "tenant", "POST", "/v1/senders/{sender_id}/ask", "", 200},
	{"change-sender", "tenant", "PATCH", "/v1/senders/{sender_id}", `{"name":"Acme"}`, 200},
	{"delete-sender", "tenant", "DELETE", "/v1/senders/{sender_id}", "", 204},
	{"get-clicks", "tenant", "GET", "/v1/clicks", "", 200},
	{"get-message-clicks", "tenant", "GET", "/v1/messages/{message_id}/clicks", "", 200},
	{"list-visits", "tenant", "GET", "/v1/messages/{message_id}/visits", "", 200},
	{"list-suppressions", "tenant", "GET", "/v1/suppressions", "", 200},
	{"add-suppression", "tenant", "POST", "/v1/suppressions", `{"address":"x@example.org"}`, 201},
	{"list-webhooks", "tenant", "GET", "/v1/webhooks", "", 200},
	{"create-webhook", "tenant", "POST", "/v1/webhooks", `{"url":"https://example.com/new"}`, 201},
	{"get-webhook", "tenant", "GET", "/v1/webhooks/{webhook_id}", "", 200},
	{"update-webhook", "tenant", "PATCH", "/v1/webhooks/{webhook_id}", `{"rotate":true}`, 200},
	{"list-notifications", "tenant", "GET", "/v1/webhooks/{webhook_id}/notifications", "", 200},
	{"test-webhook", "tenant", "POST", "/v1/webhooks/{webhook_id}/test", "", 200},
	{"replay-webhook", "tenant", "POST", "/v1/webhooks/{webhook_id}/replay", `{"since":"2026-01-01T00:00:00Z"}`, 200},
	{"delete-webhook", "tenant", "DELETE", "/v1/webhooks/{webhook_id}", "", 204},
	{"get-suppression", "tenant", "GET", "/v1/suppressions/{suppression_id}", "", 200},
	{"import-suppressions", "tenant", "POST", "/v1/suppression-imports", "list@example.org", 200},
	{"export-suppressions", "tenant", "GET", "/v1/suppression-export", "", 200},
	{"get-returned", "tenant", "GET", "/v1/returned/{returned_id}", "", 200},
	{"release-delivery", "tenant", "POST", "/v1/deliveries/{delivery_id}/release", "", 200},
	{"discard-delivery", "tenant", "POST", "/v1/deliveries/{delivery_id}/discard", "", 409}, // it has been released
	{"create-audit", "tenant", "POST", "/v1/audits", "a@example.org", 202},
	{"list-audits", "tenant", "GET", "/v1/audits", "", 200},
	{"get-audit", "tenant", "GET", "/v1/audits/{audit_id}", "", 200},
	{"list-audit-findings", "tenant", "GET", "/v1/audits/{audit_id}/findings", "", 200},
	{"get-audit-report", "tenant", "GET", "/v1/audits/{audit_id}/report", "", 200},
	{"accept-audit", "tenant", "POST", "/v1/audits/{audit_id}/accept", `{}`, 200},
	{"undo-audit", "tenant", "POST", "/v1/audits/{audit_id}/undo", "", 200},
	{"waive-audit", "operator", "POST", "/v1/tenants/{tenant_id}/audit-waiver", `{"reason":"known"}`, 201},
	{"undo-suppression-batch", "tenant", "DELETE", "/v1/suppression-imports/{batch_id}", "", 200},
	{"list-members", "tenant", "GET", "/v1/members", "", 200},
	{"invite-member", "tenant", "POST", "/v1/invitations", `{"email":"new@example.org","role":"member"}`, 201},
	{"list-invitations", "tenant", "GET", "/v1/invitations", "", 200},
	{"withdraw-invitation", "tenant", "DELETE", "/v1/invitations/{invitation_id}", "", 204},
	{"list-member-sessions", "tenant", "GET", "/v1/members/{member_id}/sessions", "", 200},
	{"end-member-sessions", "tenant", "DELETE", "/v1/members/{member_id}/sessions", "", 204},
	{"update-member", "tenant", "PATCH", "/v1/members/{member_id}", `{"role":"administrator"}`, 200},
	{"reset-member", "tenant", "POST", "/v1/members/{member_id}/reset", "", 200},
	{"remove-member", "tenant", "DELETE", "/v1/members/{member_id}", "", 204},
	{"list-operators", "operator", "GET", "/v1/operators", "", 200},
	{"invite-operator", "operator", "POST", "/v1/operators", `{"email":"op@example.org"}`, 201},
	{"reset-operator", "operator", "POST", "/v1/operators/{operator_id}/reset", "", 200},
	{"remove-operator", "operator", "DELETE", "/v1/operators/{operator_id}", "", 204},
	{"list-tenant-members", "operator", "GET", "/v1/tenants/{tenant_id}/members", "", 200},
	{"invite-tenant-member", "operator", "POST", "/v1/tenants/{tenant_id}/invitations", `{"email":"owner@example.org","role":"owner"}`, 201},
	{"list-audit-trail", "both", "GET", "/v1/audit", "", 200},
	{"list-tenant-audit-trail", "operator", "GET", "/v1/tenants/{tenant_id}/audit", "", 200},
	{"list-events", "both", "GET", "/v1/events", "", 200},
	{"get-queue", "both", "GET", "/v1/queue", "", 200},
	{"list-quarantine", "operator", "GET", "/v1/queue/quarantine", "", 200},
	{"release-quarantined", "operator", "POST", "/v1/queue/quarantine/{delivery_id}/release", "", 409}, // it is held for something else
	{"list-queued", "both", "GET", "/v1/queue/deliveries", "", 200},
	{"list-sites", "operator", "GET", "/v1/queue/sites", "", 200},
	{"resume-site", "operator", "POST", "/v1/queue/sites/resume", `{"site":"mx.example"}`, 404},
	{"retry-queue", "both", "POST", "/v1/queue/retry", `{}`, 200},
	{"list-holds", "both", "GET", "/v1/queue/holds", "", 200},
	{"hold-queue", "both", "POST", "/v1/queue/holds", `{"domain":"example.org"}`, 201},
	{"release-hold", "both", "DELETE", "/v1/queue/holds/{hold_id}", "", 200},
	{"expire-queue", "both", "POST", "/v1/queue/expire", `{"message_id":"{message_id}"}`, 200},
	{"remove-suppression", "tenant", "DELETE", "/v1/suppressions/{suppression_id}", "", 204},
	{"undo-suppression-removal", "tenant", "POST", "/v1/suppressions/{suppression_id}/undo", "", 200},
	{"delete-domain", "tenant", "DELETE", "/v1/domains/{domain_id}", "", 204},
	{"revoke-credential", "tenant", "POST", "/v1/credentials/{credential_id}/revoke", "", 200},
}

func (p party) ids() map[string]string {
	return map[string]string{
		"{tenant_id}": string(p.tenant.ID), "{credential_id}": string(p.credential.ID), "{domain_id}": string(p.domain.ID),
		"{check_id}":   p.check,
		"{message_id}": p.message, "{suppression_id}": p.suppression, "{webhook_id}": p.webhook, "{tracking_id}": p.tracking, "{sender_id}": p.sender,
		"{audit_id}": p.audit, "{batch_id}": p.batch, "{returned_id}": p.returned, "{delivery_id}": p.held, "{hold_id}": p.hold,
		"{member_id}": p.member, "{invitation_id}": p.invitation, "{operator_id}": p.operator, "{link_id}": p.link,
	}
}

// fill puts the party's own ids into a path or body.
func (p party) fill(s string) string {
	for name, id := range p.ids() {
		s = strings.ReplaceAll(s, name, id)
	}
	return strings.ReplaceAll(s, "{domain}", string(p.domain.Name))
}

// placeholders are the parts of a path that are ids.
var placeholders = regexp.MustCompile(`\{[a-z_]+\}`)

func TestEveryOperationIsInTheMatrix(t *testing.T) {
	w := newWorld(t, plenty)
	var documented, listed []string
	for path, item := range w.server.OpenAPI().Paths {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			if op := w.operation(method, path); op != nil {
				documented = append(documented, op.OperationID+" "+method+" "+path+" "+op.Extensions["x-myodai-scope"].(string))
			}
		}
		if item.Head != nil || item.Options != nil || item.Trace != nil {
			t.Errorf("%s has a method this test does not know", path)
		}
	}
	for _, d := range doors {
		listed = append(listed, d.operation+" "+d.method+" "+d.path+" "+d.for_)
	}
	slices.Sort(documented)
	slices.Sort(listed)
	if !slices.Equal(documented, listed) {
		t.Errorf("the document has\n%s\nand the matrix\n%s", strings.Join(documented, "\n"), strings.Join(listed, "\n"))
	}
}

// T63, T65, P31: every operation × every kind of stranger, and × foreign ids.
func TestAuthorizationMatrix(t *testing.T) {
	w := newWorld(t, plenty).populate()
	for _, p := range []*party{&w.acme, &w.evil} {
		var c api.CheckResult
		w.call("POST", "/v1/domains/"+string(p.domain.ID)+"/check", p.key, "", 200, &c)
		p.check = string(c.ID)
	}
	stranger, _ := access.NewSecret(rand.Reader)
	old, revoked, err := w.access.Create(t.Context(), w.acme.tenant.ID, myodai.CredentialAPI, "old", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.access.Revoke(t.Context(), w.acme.tenant.ID, old.ID); err != nil {
		t.Fatal(err)
	}
	gone, err := w.access.CreateTenant(t.Context(), "Gone")
	if err != nil {
		t.Fatal(err)
	}
	_, suspended, err := w.access.Create(t.Context(), gone.ID, myodai.CredentialAPI, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.access.Suspend(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	before := w.everything()

	for _, d := range doors {
		refused := func(who, path, key string, want int) answer {
			t.Helper()
			a := w.ask(d.method, path, key, w.acme.fill(d.body))
			if a.status != want {
				t.Errorf("%s, %s: %d %s, want %d", d.operation, who, a.status, a.body, want)
			}
			return a
		}
		path := w.acme.fill(d.path)
		refused("no credential", path, "", 401)
		refused("garbage", path, "garbage", 401)
		refused("a key nobody was given", path, stranger, 401)
		refused("a revoked key", path, revoked, 401)
		refused("an SMTP password", path, w.acme.password, 403)
		refused("a suspended tenant", path, suspended, 403)
		switch d.for_ {
		case "tenant":
			refused("the operator", path, w.operator, 403)
		case "operator":
			refused("a tenant", path, w.acme.key, 403)
		}
		if !strings.Contains(d.path, "{") {
			continue
		}
		key := w.acme.key
		foreign := w.evil.ids()
		if d.for_ == "operator" {
			key, foreign = w.operator, map[string]string{}
		}
		foreign["nobody's"] = "tcdms"
		for _, prefix := range []string{"ten", "crd", "dom", "chk", "msg", "sup", "lau", "bat", "ret", "dlv", "trk", "snd", "mem", "tck", "shl"} {
			foreign["nobody's "+prefix] = prefix + "_" + strings.Repeat("0", 26)
		}
		for _, name := range placeholders.FindAllString(d.path, -1) {
			// One id is foreign, and the others are one's own.
			with := func(id string) string { return w.acme.fill(strings.ReplaceAll(d.path, name, id)) }
			for whose, id := range foreign {
				a := refused("foreign id "+whose, with(id), key, 404)
				if strings.Contains(string(a.body), "evil") {
					t.Errorf("%s tells about another tenant: %s", d.operation, a.body)
				}
			}
			// A foreign id reads like one that nobody has: but for the id itself.
			if d.for_ == "tenant" {
				theirs := refused("foreign", with(w.evil.ids()[name]), key, 404).problem(t)
				prefix, _, _ := strings.Cut(w.evil.ids()[name], "_")
				nobodys := prefix + "_" + strings.Repeat("0", 26)
				none := refused("nobody's", with(nobodys), key, 404).problem(t)
				if strings.ReplaceAll(theirs.Detail, w.evil.ids()[name], nobodys) != none.Detail {
					t.Errorf("%s tells foreign from missing: %q, %q", d.operation, theirs.Detail, none.Detail)
				}
			}
		}
	}
	if after := w.everything(); after != before {
		t.Errorf("refused requests changed something:\nbefore %s\nafter %s", before, after)
	}

	for _, d := range doors {
		if d.for_ != "tenant" {
			a := w.ask(d.method, w.acme.fill(d.path), w.operator, w.acme.fill(d.body))
			if a.status != d.want {
				t.Errorf("%s, the operator: %d %s, want %d", d.operation, a.status, a.body, d.want)
			}
		}
		if d.operation == "release-hold" { // the operator has
			w.acme.hold = w.newHold(w.acme.key)
		}
		if d.for_ != "operator" {
			a := w.ask(d.method, w.acme.fill(d.path), w.acme.key, w.acme.fill(d.body))
			if a.status != d.want {
				t.Errorf("%s, a tenant: %d %s, want %d", d.operation, a.status, a.body, d.want)
			}
			for what, id := range w.evil.ids() {
				if strings.Contains(string(a.body), id) {
					t.Errorf("%s shows the %s of another tenant", d.operation, what)
				}
			}
		}
	}
	// The last of them was that the key withdrew itself.
	if a := w.ask("GET", "/v1/domains", w.acme.key, ""); a.status != http.StatusUnauthorized {
		t.Errorf("a key that withdrew itself still works: %d", a.status)
	}
}

// T66: keys come in the header and nowhere else, and no log or answer has them.
func TestKeysDoNotLeak(t *testing.T) {
	w := newWorld(t, plenty).populate()
	for _, path := range []string{"/v1/domains?key=" + w.acme.key, "/v1/domains?access_token=" + w.acme.key, "/v1/" + w.acme.key} {
		a := w.ask("GET", path, "", "")
		if a.status/100 != 4 || strings.Contains(string(a.body), w.acme.key) {
			t.Errorf("GET %s = %d %s", path, a.status, a.body)
		}
	}
	for _, body := range []string{
		`{"name":"x.example","password":"hunter2"}`,
		`{"name":["hunter2"]}`,
		`{"name":{"hunter2":"hunter2"}}`,
		`{"name":"x.example","shape":"hunter2"}`,
		`{"name":"x.example","root_spf":"hunter2"}`,
		`"hunter2"`,
		`{"name":"hunter2`,
	} {
		if a := w.ask("POST", "/v1/domains", w.acme.key, body); a.status/100 != 4 || strings.Contains(string(a.body), "hunter2") {
			t.Errorf("POST %s = %d %s", body, a.status, a.body)
		}
	}
	_ = w.ask("GET", "/v1/domains", w.acme.key, "", "Authorization", "Basic "+w.acme.key)
	for _, secret := range []string{w.acme.key, w.evil.key, w.acme.password, w.operator} {
		if strings.Contains(w.log.String(), secret) {
			t.Error("a secret is in the log")
		}
		if strings.Contains(w.everything(), secret) {
			t.Error("a secret is in the store")
		}
	}
}

// everything is all that is stored of both tenants, for comparison.
func (w *world) everything() string {
	w.t.Helper()
	var all []any
	keep := func(v any, _ string, err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, v)
	}
	ctx, page := w.t.Context(), myodai.Page{Limit: 200}
	list, next, err := w.store.Tenants(ctx, page)
	keep(list, next, err)
	for _, t := range list {
		credentials, next, err := w.store.Credentials(ctx, t.ID, page)
		keep(credentials, next, err)
		ds, next, err := w.store.Domains(ctx, t.ID, page)
		keep(ds, next, err)
		for _, d := range ds {
			keys, err := w.store.Keys(ctx, t.ID, d.ID)
			keep(keys, "", err)
			checks, next, err := w.store.Checks(ctx, t.ID, d.ID, time.Now(), page)
			keep(checks, next, err)
		}
		messages, next, err := w.store.Messages(ctx, t.ID, page)
		keep(messages, next, err)
		for _, m := range messages {
			deliveries, err := w.store.Deliveries(ctx, t.ID, m.ID)
			keep(deliveries, "", err)
		}
		suppressions, next, err := w.store.Suppressions(ctx, t.ID, store.SuppressionFilter{}, page)
		keep(suppressions, next, err)
		events, next, err := w.store.Events(ctx, t.ID, page)
		keep(events, next, err)
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}
