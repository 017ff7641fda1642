package console

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/store"
)

// from is where the request came from.
func (v *visit) from() access.Client {
	c := access.Client{Address: v.r.RemoteAddr, Agent: v.r.UserAgent()}
	if host, _, err := net.SplitHostPort(v.r.RemoteAddr); err == nil {
		c.Address = host
	}
	c.Network = c.Address
	addr, err := netip.ParseAddr(c.Address)
	if addr = addr.Unmap().WithZone(""); err == nil && addr.Is6() {
		prefix, _ := addr.Prefix(64) // what one customer of an access provider has
		c.Network = prefix.String()
	}
	return c
}

// by is who asks, for the engine.
func (v *visit) by() access.By { return v.actor.access.By(v.from()) }

// operations are what forms do, by the API's names for it. A form that is not
// among them is named by its address.
var operations = map[string]string{ // #nosec G101 -- addresses and words
	"POST /domains/{domain}/request":                         "send-request",
	"POST /domains":                                          "register-domain",
	"POST /domains/{domain}/check":                           "check-domain",
	"POST /domains/{domain}/shape":                           "change-domain",
	"POST /domains/{domain}/settings":                        "change-domain",
	"POST /domains/{domain}/rotate":                          "rotate-keys",
	"POST /domains/{domain}/delete":                          "delete-domain",
	"POST /senders":                                          "register-sender",
	"POST /senders/{sender}":                                 "change-sender",
	"POST /senders/{sender}/ask":                             "ask-sender",
	"POST /senders/{sender}/delete":                          "delete-sender",
	"POST /confirm/{token}":                                  "answer-confirmation",
	"POST /tracking":                                         "register-tracking-domain",
	"POST /tracking/{id}/check":                              "check-tracking-domain",
	"POST /tracking/{id}/way":                                "change-tracking-domain",
	"POST /tracking/{id}/restart":                            "restart-tracking-domain",
	"POST /tracking/{id}/delete":                             "delete-tracking-domain",
	"POST /credentials":                                      "create-credential",
	"POST /credentials/{credential}/revoke":                  "revoke-credential",
	"POST /suppressions":                                     "add-suppression",
	"POST /suppressions/{suppression}/restore":               "remove-suppression",
	"POST /suppressions/{suppression}/undo":                  "undo-suppression-removal",
	"POST /suppressions/import":                              "import-suppressions",
	"POST /suppressions/batches/{batch}/undo":                "undo-suppression-batch",
	"POST /list-audits":                                      "create-audit",
	"POST /list-audits/{audit}/accept":                       "accept-audit",
	"POST /list-audits/{audit}/undo":                         "undo-audit",
	"POST /operator/tenants/{tenant}/waive":                  "waive-audit",
	"POST /messages/{message}/release":                       "release-message",
	"POST /messages/{message}/deliveries/{delivery}/release": "release-delivery",
	"POST /messages/{message}/deliveries/{delivery}/discard": "discard-delivery",
	"POST /operator/retry":                                   "retry-queue",
	"POST /operator/policy":                                  "set-policy",
	"POST /operator/tenants":                                 "create-tenant",
	"POST /operator/tenants/{tenant}/suspend":                "suspend-tenant",
	"POST /operator/tenants/{tenant}/resume":                 "resume-tenant",
	"POST /operator/tenants/{tenant}/policy":                 "set-tenant-policy",
}

// audit has the first change that this request makes written to the trail of who
// is signed in, in the same transaction. Engines that write entries of their own
// go first.
func (v *visit) audit() {
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead || v.actor.access.Member.ID == "" {
		return
	}
	operation, ok := operations[v.r.Pattern]
	if !ok {
		_, operation, _ = strings.Cut(v.r.Pattern, " ")
	}
	by := v.by()
	entry := myodai.AuditEntry{
		ID: myodai.NewID[myodai.AuditID](time.Now(), v.o.Random), TenantID: v.actor.Tenant, At: time.Now(), Actor: by.Actor,
		Operation: operation, Address: by.Client.Address,
	}
	for _, name := range []string{"domain", "credential", "suppression", "batch", "audit", "delivery", "message", "tenant", "id"} {
		if id := v.r.PathValue(name); id != "" && len(id) <= 64 && entry.Object == "" {
			entry.Object = id
		}
	}
	v.r = v.r.WithContext(store.Audited(v.r.Context(), entry))
}
