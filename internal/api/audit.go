package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

// AuditEntry is one thing that somebody did.
type AuditEntry struct {
	ID        myodai.AuditID    `json:"id"`
	Number    int64             `json:"number" doc:"In its trail, from 1, without a gap."`
	At        time.Time         `json:"at"`
	Actor     AuditActor        `json:"actor"`
	Operation string            `json:"operation" doc:"What was done; for what this interface does, the operation's id."`
	Object    string            `json:"object,omitempty" doc:"The id of what it was done to."`
	Address   string            `json:"address,omitempty" doc:"The IP address it was asked from; missing for commands at the machine."`
	Data      map[string]string `json:"data"`
}

// AuditActor is who did it.
type AuditActor struct {
	Kind     myodai.AuditActorKind `json:"kind" enum:"member,credential,share_link,command,stranger"`
	ID       string                `json:"id,omitempty"`
	Name     string                `json:"name,omitempty" doc:"As it was then."`
	Operator bool                  `json:"operator" doc:"Whether the platform operator did it."`
}

func showAuditEntry(e myodai.AuditEntry) AuditEntry {
	if e.Data == nil {
		e.Data = map[string]string{}
	}
	return AuditEntry{
		ID: e.ID, Number: e.Number, At: utc(e.At), Operation: e.Operation, Object: e.Object, Address: e.Address, Data: e.Data,
		Actor: AuditActor{Kind: e.Actor.Kind, ID: e.Actor.ID, Name: e.Actor.Name, Operator: e.Actor.Operator},
	}
}

func (s *Server) registerAuditTrail() {
	register(s, operation{
		id: "list-audit-trail", method: http.MethodGet, path: "/audit", tag: "audit trail", scope: scopeBoth, action: access.ActionAudit,
		summary: "List who did what, newest first",
		details: "A tenant sees what was done in it, by the platform operator too; the operator sees what was done for the platform. Entries are never changed.",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ PageQuery }) (*listOutput[AuditEntry], error) {
		list, next, err := s.o.Store.Audit(ctx, who.TenantID, in.page())
		return listOf(list, next, showAuditEntry), err
	})
	register(s, operation{
		id: "list-tenant-audit-trail", method: http.MethodGet, path: "/tenants/{tenant_id}/audit", tag: "audit trail", scope: scopeOperator,
		action: access.ActionAudit, summary: "List who did what in a tenant, newest first",
	}, func(ctx context.Context, _ myodai.Credential, in *struct {
		TenantPath
		PageQuery
	}) (*listOutput[AuditEntry], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		if _, err := s.o.Store.Tenant(ctx, id); err != nil {
			return nil, err
		}
		list, next, err := s.o.Store.Audit(ctx, id, in.page())
		return listOf(list, next, showAuditEntry), err
	})
}
