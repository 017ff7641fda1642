package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

const auditColumns = `id, tenant_id, number, happened_at, actor, operation, object, address, data, hash`

func auditFields(e *myodai.AuditEntry) []any {
	return []any{
		&e.ID, &e.TenantID, &e.Number, instant{&e.At}, document{&e.Actor}, &e.Operation, &e.Object, &e.Address,
		document{&e.Data}, hash{&e.Hash},
	}
}

func headFields(h *myodai.AuditHead) []any { return []any{&h.TenantID, &h.Number, hash{&h.Hash}} }

// addAudit writes entries in the transaction of the change they tell of, each at
// the end of its trail. Who audits in the same trail at the same time waits.
func (s *Store) addAudit(q session, entries []myodai.AuditEntry) error {
	for _, e := range entries {
		head, err := q.auditHead(e.TenantID)
		if err != nil {
			return err
		}
		e.Number = head.Number + 1
		e.Operation, e.Object, e.Address = storable(e.Operation), storable(e.Object), storable(e.Address)
		if e.Hash, err = s.auditHash(head.Hash, e); err != nil {
			return err
		}
		err = q.insert("audit", strings.Split(auditColumns, ", "), [][]any{{
			e.ID, e.TenantID, e.Number, e.At, document{e.Actor}, e.Operation, e.Object, e.Address, document{e.Data}, e.Hash,
		}})
		if err != nil {
			return err
		}
		_, err = q.exec(`update audit_heads set number = $2, hash = $3 where tenant_id = $1`, e.TenantID, e.Number, e.Hash)
		if err != nil {
			return err
		}
	}
	if len(entries) > 0 {
		q.noted.audited = true
	}
	return nil
}

// auditHead locks the end of a trail, which is made when there is none.
func (q session) auditHead(tenant myodai.TenantID) (myodai.AuditHead, error) {
	_, err := q.exec(`insert into audit_heads (tenant_id, number, hash) values ($1, 0, $2) on conflict do nothing`, tenant, [32]byte{})
	if err != nil {
		return myodai.AuditHead{}, err
	}
	return one(q, "", headFields, `select tenant_id, number, hash from audit_heads where tenant_id = $1`+q.dialect.forUpdate, tenant)
}

// auditHash chains an entry to the one before it.
func (s *Store) auditHash(before [32]byte, e myodai.AuditEntry) (sum [32]byte, err error) {
	e.Hash, e.At = before, e.At.UTC().Truncate(time.Microsecond)
	if e.Data == nil {
		e.Data = map[string]string{}
	}
	text, err := json.Marshal(e) // members of a map in the order of their names
	if err != nil {
		return sum, err
	}
	// Once through and back: texts that are no UTF-8 are written another way the
	// second time.
	if err = json.Unmarshal(text, &e); err != nil {
		return sum, err
	}
	if text, err = json.Marshal(e); err != nil {
		return sum, err
	}
	mac := hmac.New(sha256.New, s.chain)
	_, _ = mac.Write(text) // never fails
	return [32]byte(mac.Sum(nil)), nil
}

// Audit lists a tenant's trail, or the platform's when tenant is "", newest
// first.
func (s *Store) Audit(ctx context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.AuditEntry, next string, err error) {
	before := int64(1) << 62
	if page.After != "" {
		if before, err = strconv.ParseInt(page.After, 10, 64); err != nil {
			return nil, "", myodai.Refuse(myodai.CodeInvalid, "after", "this is not a cursor that a list ended with")
		}
	}
	list, err = all(s.read(ctx), auditFields,
		`select `+auditColumns+` from audit where tenant_id = $1 and number < $2 order by number desc limit $3`,
		tenant, before, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list audit trail", err)
	}
	list, next = cut(list, page, func(e myodai.AuditEntry) string { return strconv.FormatInt(e.Number, 10) })
	return list, next, nil
}

// RecordAudit writes entries that tell of no change, such as a refused sign-in.
func (s *Store) RecordAudit(ctx context.Context, entries ...myodai.AuditEntry) error {
	return s.write(ctx, "record audit entry", func(q session) error { return s.addAudit(q, entries) })
}

// AuditTrails lists whose trails there are.
func (s *Store) AuditTrails(ctx context.Context) ([]myodai.AuditHead, error) {
	heads, err := all(s.read(ctx), headFields, `select tenant_id, number, hash from audit_heads order by tenant_id`)
	return heads, wrap("list audit trails", err)
}

// VerifyAudit walks a trail from its beginning and returns where it ends. bad is
// the number of the first entry that was altered, taken out, or put in by
// somebody without the master key; 0 when there is none (P29). What was cut off
// together with its end shows only beside a copy of an earlier end.
func (s *Store) VerifyAudit(ctx context.Context, tenant myodai.TenantID) (head myodai.AuditHead, bad int64, err error) {
	const step = 500
	head.TenantID = tenant
	for {
		list, err := all(s.read(ctx), auditFields,
			`select `+auditColumns+` from audit where tenant_id = $1 and number > $2 order by number limit $3`, tenant, head.Number, step)
		if err != nil {
			return head, 0, wrap("verify audit trail", err)
		}
		for _, e := range list {
			want, err := s.auditHash(head.Hash, e)
			if err != nil {
				return head, 0, wrap("verify audit trail", err)
			}
			if e.Number != head.Number+1 || !hmac.Equal(want[:], e.Hash[:]) {
				return head, head.Number + 1, nil
			}
			head.Number, head.Hash = e.Number, e.Hash
		}
		if len(list) < step {
			break
		}
	}
	ends, err := all(s.read(ctx), headFields, `select tenant_id, number, hash from audit_heads where tenant_id = $1`, tenant)
	if err != nil {
		return head, 0, wrap("verify audit trail", err)
	}
	// An entry may have been written while we walked, so only a trail that ends
	// before its head has lost something.
	if len(ends) == 1 && (ends[0].Number > head.Number && !s.grew(ctx, head) || ends[0].Number < head.Number) {
		return head, head.Number + 1, nil
	}
	return head, 0, nil
}

// grew reports whether the entry after head is there by now.
func (s *Store) grew(ctx context.Context, head myodai.AuditHead) bool {
	n, err := one(s.read(ctx), "", only[int], `select count(*) from audit where tenant_id = $1 and number = $2`, head.TenantID, head.Number+1)
	return err == nil && n == 1
}
