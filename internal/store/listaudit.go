package store

import (
	"context"
	"strconv"

	"github.com/myodai/myodai"
)

const listAuditColumns = `id, tenant_id, title, class, state, progress, summary, reason, begun_by, batch, accepted, accepted_at,
	created_at, updated_at, finished_at`

func listAuditFields(a *myodai.ListAudit) []any {
	return []any{
		&a.ID, &a.TenantID, &a.Title, &a.Class, &a.State, document{&a.Progress}, document{&a.Summary}, &a.Reason, &a.By, &a.Batch,
		document{&a.Accepted}, instant{&a.AcceptedAt}, instant{&a.CreatedAt}, instant{&a.UpdatedAt}, instant{&a.FinishedAt},
	}
}

// CreateAudit adds an audit.
func (s *Store) CreateListAudit(ctx context.Context, a myodai.ListAudit, events ...myodai.Event) error {
	return s.write(ctx, "create audit", func(q session) error {
		_, err := q.exec(`
			insert into list_audits (`+listAuditColumns+`, passed)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
			a.ID, a.TenantID, a.Title, a.Class, a.State, document{a.Progress}, document{a.Summary}, a.Reason, a.By, a.Batch,
			document{a.Accepted}, a.AcceptedAt, a.CreatedAt, a.UpdatedAt, a.FinishedAt, a.Passed())
		if err != nil {
			return err
		}
		return q.addEvents(events)
	})
}

// ListAudit reads an audit.
func (s *Store) ListAudit(ctx context.Context, tenant myodai.TenantID, id myodai.ListAuditID) (myodai.ListAudit, error) {
	a, err := s.read(ctx).listAudit(tenant, id, "")
	return a, wrap("read audit", err)
}

func (q session) listAudit(tenant myodai.TenantID, id myodai.ListAuditID, lock string) (myodai.ListAudit, error) {
	return one(q, absent("audit", id), listAuditFields, `select `+listAuditColumns+` from list_audits where tenant_id = $1 and id = $2`+lock, tenant, id)
}

// Audits lists a tenant's audits, newest first.
func (s *Store) ListAudits(ctx context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.ListAudit, next string, err error) {
	before, err := cursor(page, afterAll)
	if err != nil {
		return nil, "", err
	}
	list, err = all(s.read(ctx), listAuditFields,
		`select `+listAuditColumns+` from list_audits where tenant_id = $1 and id < $2 order by id desc limit $3`, tenant, before, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list audits", err)
	}
	list, next = cut(list, page, func(a myodai.ListAudit) string { return string(a.ID) })
	return list, next, nil
}

// ChangeAudit reads an audit and writes what change makes of it, with the events
// that change returns, in one transaction. change may be called more than once and
// must be pure; its error is returned as it is, and nothing is written then.
func (s *Store) ChangeListAudit(ctx context.Context, tenant myodai.TenantID, id myodai.ListAuditID,
	change func(myodai.ListAudit) (myodai.ListAudit, []myodai.Event, error)) (a myodai.ListAudit, err error) {
	err = s.write(ctx, "change audit", func(q session) error {
		before, err := q.listAudit(tenant, id, q.dialect.forUpdate)
		if err != nil {
			return err
		}
		var events []myodai.Event
		if a, events, err = change(before); err != nil {
			return err
		}
		_, err = q.exec(`
			update list_audits set state = $3, progress = $4, summary = $5, reason = $6, batch = $7, accepted = $8, accepted_at = $9,
			       passed = $10, updated_at = $11, finished_at = $12
			 where tenant_id = $1 and id = $2`,
			tenant, id, a.State, document{a.Progress}, document{a.Summary}, a.Reason, a.Batch, document{a.Accepted}, a.AcceptedAt,
			a.Passed(), a.UpdatedAt, a.FinishedAt)
		if err != nil {
			return err
		}
		return q.addEvents(events)
	})
	return a, err
}

// AuditPassed reports whether the gate is open for mail of the class: an audit
// for it, or for all mail, has passed or was waived.
func (s *Store) ListAuditPassed(ctx context.Context, tenant myodai.TenantID, class myodai.ClassName) (bool, error) {
	list, err := all(s.read(ctx), only[myodai.ListAuditID],
		`select id from list_audits where tenant_id = $1 and passed and (class = '' or class = $2) limit 1`, tenant, class)
	return len(list) > 0, wrap("look for an audit", err)
}

// AddAuditFindings adds findings to an audit.
func (s *Store) AddListAuditFindings(ctx context.Context, tenant myodai.TenantID, id myodai.ListAuditID, list []myodai.ListAuditFinding) error {
	rows := make([][]any, 0, len(list))
	for _, f := range list {
		rows = append(rows, []any{id, tenant, f.Number, f.Verdict, f.Address, f.Cause, f.Evidence, f.Suggestion})
	}
	return s.write(ctx, "add findings", func(q session) error {
		return q.insert("list_audit_findings", []string{
			"audit_id", "tenant_id", "number", "verdict", "address", "cause", "evidence", "suggestion",
		}, rows)
	})
}

// AuditFindings lists findings of an audit in the order they were found, of one
// verdict or with "" of all.
func (s *Store) ListAuditFindings(ctx context.Context, tenant myodai.TenantID, id myodai.ListAuditID, verdict myodai.ListAuditVerdict, page myodai.Page) (
	list []myodai.ListAuditFinding, next string, err error) {
	after := 0
	if page.After != "" {
		if after, err = strconv.Atoi(page.After); err != nil || after < 0 {
			return nil, "", myodai.Refuse(myodai.CodeInvalid, "after", "this is not a cursor that a list ended with")
		}
	}
	where := `verdict = $4`
	if verdict == "" {
		where = `$4 = ''`
	}
	list, err = all(s.read(ctx), func(f *myodai.ListAuditFinding) []any {
		return []any{&f.Number, &f.Verdict, &f.Address, &f.Cause, &f.Evidence, &f.Suggestion}
	}, `select number, verdict, address, cause, evidence, suggestion from list_audit_findings
	     where tenant_id = $1 and audit_id = $2 and number > $3 and `+where+` order by number limit $5`,
		tenant, id, after, verdict, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list findings", err)
	}
	list, next = cut(list, page, func(f myodai.ListAuditFinding) string { return strconv.FormatInt(f.Number, 10) })
	return list, next, nil
}
