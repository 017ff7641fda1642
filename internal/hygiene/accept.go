package hygiene

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// Audit reads an audit. One that has told of no progress for long has lost the
// node it ran on, and is shown as failed.
func (s *Service) Audit(ctx context.Context, tenant myodai.TenantID, id myodai.ListAuditID) (myodai.ListAudit, error) {
	a, err := s.o.Store.ListAudit(ctx, tenant, id)
	return Seen(a, time.Now()), err
}

// Seen is an audit as it is to be shown at the time now.
func Seen(a myodai.ListAudit, now time.Time) myodai.ListAudit {
	if !a.State.Terminal() && now.Sub(a.UpdatedAt) > staleAfter {
		a.State, a.Reason = myodai.ListAuditFailed, "the service was stopped; upload the files again"
	}
	return a
}

// Watch tells of an audit now, whenever it has come further, and at its end.
func (s *Service) Watch(ctx context.Context, tenant myodai.TenantID, id myodai.ListAuditID, tell func(myodai.ListAudit)) error {
	const often = 500 * time.Millisecond
	tick := time.NewTicker(often)
	defer tick.Stop()
	var last myodai.ListAudit
	for first := true; ; first = false {
		a, err := s.Audit(ctx, tenant, id)
		if err != nil {
			return err
		}
		if first || a.State != last.State || a.Progress != last.Progress {
			tell(a)
		}
		if last = a; a.State.Terminal() {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// batchOf is what the proposal of an audit is entered as: always the same, so
// that an acceptance that was interrupted can be repeated.
func batchOf(id myodai.ListAuditID) myodai.BatchID {
	_, text, _ := strings.Cut(string(id), "_")
	return myodai.BatchID("bat_" + text)
}

// Accept puts the proposal of a finished audit on the suppression list: the
// addresses with these verdicts, all that are proposed when there are none named.
// It may be repeated. It refuses with CodeConflict an audit that is not finished,
// and one that was accepted already.
func (s *Service) Accept(ctx context.Context, tenant myodai.TenantID, id myodai.ListAuditID, verdicts []myodai.ListAuditVerdict, by string) (myodai.ListAudit, error) {
	if len(verdicts) == 0 {
		for _, v := range myodai.ListAuditVerdicts {
			if v.Proposed() {
				verdicts = append(verdicts, v)
			}
		}
	}
	for _, v := range verdicts {
		if !slices.Contains(myodai.ListAuditVerdicts, v) || v == myodai.ListAuditInvalid || v == myodai.ListAuditDuplicate {
			return myodai.ListAudit{}, myodai.Refuse(myodai.CodeInvalid, "verdicts", "addresses cannot be suppressed for being %q", v)
		}
	}
	a, err := s.Audit(ctx, tenant, id)
	if err != nil {
		return myodai.ListAudit{}, err
	}
	if err := mayAccept(a); err != nil {
		return myodai.ListAudit{}, err
	}
	now := time.Now()
	added := 0
	for _, v := range verdicts {
		n, err := s.enterAll(ctx, a, v, by, now)
		if added += n; err != nil {
			return myodai.ListAudit{}, fmt.Errorf("accept audit: %w", err)
		}
	}
	return s.o.Store.ChangeListAudit(ctx, tenant, id, func(a myodai.ListAudit) (myodai.ListAudit, []myodai.Event, error) {
		if err := mayAccept(a); err != nil {
			return a, nil, err
		}
		a.Batch, a.Accepted, a.AcceptedAt = batchOf(id), verdicts, now
		return a, []myodai.Event{s.event(tenant, myodai.EventAuditAccepted, now, map[string]any{
			"audit_id": string(id), "batch": string(a.Batch), "added": added, "verdicts": verdicts, "by": by, "passed": a.Passed(),
		})}, nil
	})
}

func mayAccept(a myodai.ListAudit) error {
	switch {
	case a.State != myodai.ListAuditFinished:
		return myodai.Refuse(myodai.CodeConflict, "", "the audit is %s; only the proposal of a finished one can be accepted", a.State)
	case !a.AcceptedAt.IsZero():
		return myodai.Refuse(myodai.CodeConflict, "", "the proposal is on the suppression list already")
	}
	return nil
}

// enterAll suppresses every address with the verdict, part by part.
func (s *Service) enterAll(ctx context.Context, a myodai.ListAudit, verdict myodai.ListAuditVerdict, by string, now time.Time) (added int, err error) {
	for page := (myodai.Page{Limit: myodai.MaxPage}); ; {
		found, next, err := s.o.Store.ListAuditFindings(ctx, a.TenantID, a.ID, verdict, page)
		if err != nil {
			return added, err
		}
		var list []myodai.Suppression
		for _, f := range found {
			address, err := myodai.ParseAddress(f.Address)
			if err != nil {
				continue // judged by its text alone
			}
			list = append(list, myodai.Suppression{
				ID: myodai.NewID[myodai.SuppressionID](now, s.o.Random), TenantID: a.TenantID, Address: address, Class: a.Class,
				Reason: reasonOf(verdict), Evidence: Sentence(English, f), Batch: batchOf(a.ID),
			}.Suppress(now, myodai.ProbeAfter))
		}
		n, err := s.o.Store.AddSuppressions(ctx, a.TenantID, list, s.tellImported(a.TenantID, batchOf(a.ID), by, now))
		if added += n; err != nil || next == "" {
			return added, err
		}
		page.After = next
	}
}

// reasonOf is what stands on the list. Who complained in the past did complain.
func reasonOf(v myodai.ListAuditVerdict) myodai.SuppressionReason {
	if v == myodai.ListAuditComplained {
		return myodai.SuppressionComplained
	}
	return myodai.SuppressionAudited
}

// tellImported makes the event of a part of a batch; none when it added nothing.
func (s *Service) tellImported(tenant myodai.TenantID, batch myodai.BatchID, by string, now time.Time) func(int) []myodai.Event {
	return func(added int) []myodai.Event {
		if added == 0 {
			return nil
		}
		return []myodai.Event{s.event(tenant, myodai.EventSuppressionImported, now, map[string]any{
			"batch": string(batch), "added": added, "by": by,
		})}
	}
}

// Undo takes the accepted proposal off the suppression list again, except for
// what was entered anew since.
func (s *Service) Undo(ctx context.Context, tenant myodai.TenantID, id myodai.ListAuditID, by string) (myodai.ListAudit, error) {
	now := time.Now()
	a, err := s.o.Store.ChangeListAudit(ctx, tenant, id, func(a myodai.ListAudit) (myodai.ListAudit, []myodai.Event, error) {
		if a.AcceptedAt.IsZero() {
			return a, nil, myodai.Refuse(myodai.CodeConflict, "", "the proposal is not on the suppression list")
		}
		a.Batch, a.Accepted, a.AcceptedAt = "", nil, time.Time{}
		return a, []myodai.Event{s.event(tenant, myodai.EventAuditUndone, now, map[string]any{
			"audit_id": string(id), "batch": string(batchOf(id)), "by": by, "passed": a.Passed(),
		})}, nil
	})
	if err != nil {
		return myodai.ListAudit{}, err
	}
	_, err = s.UndoBatch(ctx, tenant, batchOf(id), by)
	return a, err
}

// UndoBatch takes what an import or an audit entered off the suppression list
// again, and says how many entries that were.
func (s *Service) UndoBatch(ctx context.Context, tenant myodai.TenantID, batch myodai.BatchID, by string) (int, error) {
	now := time.Now()
	return s.o.Store.RemoveBatch(ctx, tenant, batch, now, by, func(removed int) []myodai.Event {
		if removed == 0 {
			return nil
		}
		return []myodai.Event{s.event(tenant, myodai.EventSuppressionUndone, now, map[string]any{
			"batch": string(batch), "removed": removed, "by": by,
		})}
	})
}

// Waive lets a tenant send mail of the class ("" for all) without an audit. It is
// the platform operator's decision, and kept with its reason.
func (s *Service) Waive(ctx context.Context, tenant myodai.TenantID, class myodai.ClassName, reason, by string) (myodai.ListAudit, error) {
	reason = strings.TrimSpace(reason)
	const maxReason = 500
	if reason == "" || len(reason) > maxReason {
		return myodai.ListAudit{}, myodai.Refuse(myodai.CodeInvalid, "reason", "say in at most %d octets why no audit is needed", maxReason)
	}
	now := time.Now()
	a := myodai.ListAudit{
		ID: myodai.NewID[myodai.ListAuditID](now, s.o.Random), TenantID: tenant, Class: class, By: by, Reason: reason,
		State: myodai.ListAuditWaived, CreatedAt: now, UpdatedAt: now, FinishedAt: now, Summary: newSummary(),
	}
	return a, s.o.Store.CreateListAudit(ctx, a, s.event(tenant, myodai.EventAuditWaived, now, map[string]any{
		"audit_id": string(a.ID), "class": string(class), "reason": reason, "by": by,
	}))
}
