package hygiene

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// New audits.
type NewAudit struct {
	TenantID myodai.TenantID
	Title    string           // at most 200 octets; "" is named by its time
	Class    myodai.ClassName // of mail; "" for all
	By       string           // who begins it
}

// Intake is an audit whose files are being read. It is used by one goroutine,
// and ended with Judge or Abandon.
type Intake struct {
	s       *Service
	ctx     context.Context // of the upload
	audit   myodai.ListAudit
	spool   *spool
	hours   hours
	found   []myodai.ListAuditFinding // invalid ones, not written yet
	number  int64
	told    time.Time // when progress was written last
	octets  *counted  // of the file under way
	before  int64     // octets of earlier files
	failure error     // of spool or store, kept for the end
}

const (
	maxTitle    = 200
	maxProblems = 200 // kept of an audit
	tellEvery   = time.Second
	batchSize   = 500 // findings or entries of one transaction
	// staleAfter is when an audit that tells of no progress is given up: its node
	// is gone, and the spooled addresses with it.
	staleAfter = 15 * time.Minute
)

// Begin begins an audit. A tenant has one under way at a time, which is refused
// with CodeLimited.
func (s *Service) Begin(ctx context.Context, n NewAudit) (*Intake, error) {
	n.Title = strings.TrimSpace(n.Title)
	if len(n.Title) > maxTitle || strings.ContainsAny(n.Title, "\r\n\x00") {
		return nil, myodai.Refuse(myodai.CodeInvalid, "title", "a title is one line of at most %d octets", maxTitle)
	}
	if !s.enter(n.TenantID) {
		return nil, myodai.Refuse(myodai.CodeLimited, "", "an audit is under way; wait until it has ended")
	}
	now := time.Now()
	in := &Intake{s: s, ctx: ctx, hours: hours{}, told: now, audit: myodai.ListAudit{
		ID: myodai.NewID[myodai.ListAuditID](now, s.o.Random), TenantID: n.TenantID, Title: n.Title, Class: n.Class, By: n.By,
		State: myodai.ListAuditReading, CreatedAt: now, UpdatedAt: now, Summary: newSummary(),
	}}
	var err error
	if in.spool, err = newSpool(s.o.Dir); err != nil {
		s.leave(n.TenantID)
		return nil, err
	}
	err = s.o.Store.CreateListAudit(ctx, in.audit, s.event(n.TenantID, myodai.EventAuditStarted, now, map[string]any{
		"audit_id": string(in.audit.ID), "title": n.Title, "class": string(n.Class), "by": n.By,
	}))
	if err != nil {
		in.spool.close()
		s.leave(n.TenantID)
		return nil, err
	}
	return in, nil
}

func newSummary() myodai.ListAuditSummary {
	return myodai.ListAuditSummary{
		Counts: map[myodai.ListAuditVerdict]int{}, Listed: map[myodai.ListAuditVerdict]int{},
		Clusters: []myodai.ListAuditCluster{}, Bursts: []myodai.ListAuditBurst{}, Problems: []myodai.ListAuditProblem{},
	}
}

func (s *Service) enter(tenant myodai.TenantID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[tenant] || s.ctx.Err() != nil {
		return false
	}
	s.busy[tenant] = true
	return true
}

func (s *Service) leave(tenant myodai.TenantID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, tenant)
}

// Audit is the audit as it is now.
func (in *Intake) Audit() myodai.ListAudit { return in.audit }

// Add reads one file: a list, a mailbox, a mail, or an archive of those. What is
// wrong with the file goes into the summary; an error is a fault, or says that
// the upload broke off or is too large, and the audit is to be abandoned.
func (in *Intake) Add(name string, from io.Reader) error {
	in.octets = &counted{r: from}
	limited := &bounded{r: in.octets, left: in.s.o.MaxOctets - in.before}
	err := readFile(name, limited, in.s.o.Dir, in, 0)
	in.before += in.octets.n
	in.audit.Progress.Octets = in.before
	switch {
	case in.failure != nil:
		return in.failure
	case limited.left <= 0:
		return myodai.Refuse(myodai.CodeTooLarge, "", "the files are longer than %d octets; make several audits of them", in.s.o.MaxOctets)
	case errors.Is(err, errFull):
		return myodai.Refuse(myodai.CodeTooLarge, "", "the files have more than %d addresses; make several audits of them", in.s.o.MaxAddresses)
	case errors.Is(err, io.ErrUnexpectedEOF) && in.octets.ended: // the file is cut, and not the upload
		in.problem(name, 0, "the file is cut short")
		return nil
	case err != nil:
		return fmt.Errorf("read the files of %s: %w", in.audit.ID, err)
	}
	return nil
}

var errFull = errors.New("too many addresses")

// record implements sink.
func (in *Intake) record(r record) error {
	p := &in.audit.Progress
	if p.Addresses++; p.Addresses > in.s.o.MaxAddresses {
		return errFull
	}
	if r.kind == kindListed {
		in.hours.add(r)
	} else {
		in.audit.Summary.Bounces++
	}
	if in.failure = in.spool.add(r); in.failure != nil {
		return in.failure
	}
	return in.tell()
}

// tell writes progress down, once a second.
func (in *Intake) tell() error {
	if in.audit.Progress.Addresses%256 != 0 || time.Since(in.told) < tellEvery {
		return nil
	}
	in.audit.Progress.Octets = in.before + in.octets.n
	in.failure = in.progress(in.ctx)
	return in.failure
}

func (in *Intake) progress(ctx context.Context) error {
	in.told = time.Now()
	mine := in.audit
	_, err := in.s.o.Store.ChangeListAudit(ctx, mine.TenantID, mine.ID, func(a myodai.ListAudit) (myodai.ListAudit, []myodai.Event, error) {
		a.Progress, a.UpdatedAt = mine.Progress, in.told
		return a, nil, nil
	})
	return err
}

// invalid implements sink.
func (in *Intake) invalid(file string, line int, text, why string) error {
	const maxCell = 320
	if len(text) > maxCell {
		text = strings.ToValidUTF8(text[:maxCell], "")
	}
	in.audit.Summary.Counts[myodai.ListAuditInvalid]++
	return in.find(myodai.ListAuditFinding{
		Verdict: myodai.ListAuditInvalid, Address: text, Cause: causeSyntax,
		Evidence: fmt.Sprintf("%s:%d: %s", file, line, why), Suggestion: repaired(text),
	})
}

func (in *Intake) find(f myodai.ListAuditFinding) error {
	in.number++
	f.Number = in.number
	if in.found = append(in.found, f); len(in.found) < batchSize {
		return nil
	}
	in.failure = in.writeFound(in.ctx)
	return in.failure
}

func (in *Intake) writeFound(ctx context.Context) error {
	if len(in.found) == 0 {
		return nil
	}
	err := in.s.o.Store.AddListAuditFindings(ctx, in.audit.TenantID, in.audit.ID, in.found)
	in.found = in.found[:0]
	return err
}

// problem, row, mail and file implement sink.
func (in *Intake) problem(file string, line int, detail string) {
	if p := &in.audit.Summary.Problems; len(*p) < maxProblems {
		*p = append(*p, myodai.ListAuditProblem{File: strings.ToValidUTF8(file, "\ufffd"), Line: line, Detail: detail})
	}
}

func (in *Intake) row() { in.audit.Progress.Lines++ }

func (in *Intake) mail(read bool) {
	in.audit.Progress.Mails++
	if !read {
		in.audit.Summary.Unread++
	}
}

func (in *Intake) file() { in.audit.Progress.Files++ }

// Abandon ends an audit whose files cannot be read to their end.
func (in *Intake) Abandon(why error) {
	in.s.fail(in.audit, why)
	in.spool.close()
	in.s.leave(in.audit.TenantID)
}

// Judge ends the reading and begins the judging, which goes on after it has
// returned.
func (in *Intake) Judge() (myodai.ListAudit, error) {
	if err := errors.Join(in.spool.done(), in.writeFound(in.ctx)); err != nil {
		in.Abandon(err)
		return in.audit, err
	}
	mine := in.audit
	a, err := in.s.o.Store.ChangeListAudit(in.ctx, mine.TenantID, mine.ID, func(a myodai.ListAudit) (myodai.ListAudit, []myodai.Event, error) {
		a.State, a.Progress, a.Summary, a.UpdatedAt = myodai.ListAuditJudging, mine.Progress, mine.Summary, time.Now()
		return a, nil, nil
	})
	if err != nil {
		in.Abandon(err)
		return in.audit, err
	}
	in.audit = a
	in.audit.Summary.Counts = maps.Clone(a.Summary.Counts) // the judging counts on while the caller reads
	in.audit.Summary.Listed = maps.Clone(a.Summary.Listed)
	in.s.jobs.Go(func() {
		defer in.s.leave(a.TenantID)
		defer in.spool.close()
		release := in.slot(in.s.ctx)
		defer release()
		j := &job{Intake: in}
		if err := j.run(in.s.ctx); err != nil {
			in.s.fail(in.audit, err)
		}
	})
	return a, nil
}

// slot waits for a turn, and shows meanwhile that it does.
func (in *Intake) slot(ctx context.Context) (release func()) {
	alive := time.NewTicker(time.Minute)
	defer alive.Stop()
	for {
		select {
		case in.s.slots <- struct{}{}:
			return func() { <-in.s.slots }
		case <-alive.C:
			if err := in.progress(ctx); err != nil {
				in.s.log.WarnContext(ctx, "show that an audit waits", "audit", in.audit.ID, "err", err)
			}
		case <-ctx.Done():
			return func() {}
		}
	}
}

// fail writes down that an audit came to no end, even when its context has ended.
func (s *Service) fail(mine myodai.ListAudit, why error) {
	const lastWrite = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), lastWrite)
	defer cancel()
	reason := "the service was stopped; upload the files again"
	refusal, refused := errors.AsType[*myodai.Error](why)
	switch {
	case refused:
		reason = refusal.Message
	case s.ctx.Err() == nil && errors.Is(why, io.ErrUnexpectedEOF), errors.Is(why, context.Canceled) && s.ctx.Err() == nil:
		reason = "the upload broke off; upload the files again"
	case s.ctx.Err() == nil:
		reason = "something failed on our side; upload the files again"
		s.log.Error("audit failed", "tenant", mine.TenantID, "audit", mine.ID, "err", why)
	}
	s.metrics.audits.WithLabelValues(string(myodai.ListAuditFailed)).Inc()
	_, err := s.o.Store.ChangeListAudit(ctx, mine.TenantID, mine.ID, func(a myodai.ListAudit) (myodai.ListAudit, []myodai.Event, error) {
		now := time.Now()
		a.State, a.Reason, a.Progress, a.UpdatedAt, a.FinishedAt = myodai.ListAuditFailed, reason, mine.Progress, now, now
		return a, []myodai.Event{s.event(a.TenantID, myodai.EventAuditFailed, now, map[string]any{"audit_id": string(a.ID), "reason": reason})}, nil
	})
	if err != nil {
		s.log.Error("write down that an audit failed", "audit", mine.ID, "err", err)
	}
}
