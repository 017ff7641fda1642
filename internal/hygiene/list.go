package hygiene

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// Import is a suppression list to be entered.
type Import struct {
	TenantID myodai.TenantID
	Class    myodai.ClassName   // of lines that name none; "" for all mail
	Classes  []myodai.ClassName // that lines may name
	Preview  bool               // nothing is entered
	By       string
}

// ImportResult is what became of an import, or would.
type ImportResult struct {
	Batch   myodai.BatchID
	Lines   int // with something on them
	Added   int // or would be, as far as the list can tell by itself
	Known   int // were on the list already; 0 in a preview
	Wrong   int // lines that could not be read
	Errors  []myodai.ListAuditProblem
	Why     []error              // of each of Errors, to be told in other languages
	Entries []myodai.Suppression // the first ones
}

const (
	maxErrors  = 1000 // told of an import
	maxSamples = 20
)

// ImportList reads a suppression list as CSV: a column with the address, and where
// they are, columns named reason, class and expires. It is entered in parts, under
// one batch, as it is read; what one part said stays when a later one fails, and
// UndoBatch takes all of it back.
func (s *Service) ImportList(ctx context.Context, i Import, name string, from io.Reader) (ImportResult, error) {
	now := time.Now()
	r := ImportResult{Batch: myodai.NewID[myodai.BatchID](now, s.o.Random), Errors: []myodai.ListAuditProblem{}, Entries: []myodai.Suppression{}}
	t := newTable(&bounded{r: from, left: s.o.MaxOctets})
	var c columns
	var part []myodai.Suppression
	for first := true; ; first = false {
		row, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		switch {
		case errors.Is(err, errLongRow):
			r.wrong(name, t.line, errLongRow)
			continue
		case errors.Is(err, errTooMuch):
			return r, myodai.Refuse(myodai.CodeTooLarge, "", "the list is longer than %d octets; cut it in parts", s.o.MaxOctets)
		case err != nil:
			return r, fmt.Errorf("read suppression list: %w", err)
		}
		if first {
			if c = columnsOf(row); c.header {
				continue
			}
		}
		if cell(row, c.address) == "" {
			continue
		}
		r.Lines++
		entry, err := i.entry(row, c, now)
		if err != nil {
			r.wrong(name, t.line, err)
			continue
		}
		entry.ID, entry.Batch = myodai.NewID[myodai.SuppressionID](now, s.o.Random), r.Batch
		if len(r.Entries) < maxSamples {
			r.Entries = append(r.Entries, entry)
		}
		if i.Preview {
			r.Added++
			continue
		}
		if part = append(part, entry); len(part) == batchSize {
			if err := s.enterPart(ctx, i, &r, part, now); err != nil {
				return r, err
			}
			part = part[:0]
		}
	}
	return r, s.enterPart(ctx, i, &r, part, now)
}

// enterPart enters one part of a list.
func (s *Service) enterPart(ctx context.Context, i Import, r *ImportResult, part []myodai.Suppression, now time.Time) error {
	if len(part) == 0 {
		return nil
	}
	added, err := s.o.Store.AddSuppressions(ctx, i.TenantID, part, s.tellImported(i.TenantID, r.Batch, i.By, now))
	if err != nil {
		return fmt.Errorf("import suppressions: %w", err)
	}
	r.Added += added
	r.Known += len(part) - added
	return nil
}

func (r *ImportResult) wrong(name string, line int, err error) {
	if r.Wrong++; len(r.Errors) < maxErrors {
		r.Errors = append(r.Errors, myodai.ListAuditProblem{File: name, Line: line, Detail: err.Error()})
		r.Why = append(r.Why, err)
	}
}

// entry reads one line.
func (i Import) entry(row []string, c columns, now time.Time) (myodai.Suppression, error) {
	address, err := parseListed(cell(row, c.address))
	if err != nil {
		return myodai.Suppression{}, err
	}
	entry := myodai.Suppression{
		TenantID: i.TenantID, Address: address, Class: i.Class, Reason: myodai.SuppressionImported, CreatedAt: now,
	}
	switch reason := myodai.SuppressionReason(strings.ToLower(cell(row, c.reason))); reason {
	case myodai.SuppressionComplained, myodai.SuppressionUnsubscribed, myodai.SuppressionManual:
		entry.Reason = reason
	case myodai.SuppressionBounced:
		entry.Reason = reason
		entry = entry.Suppress(now, myodai.ProbeAfter)
	}
	if class := myodai.ClassName(cell(row, c.class)); class != "" {
		if !slices.Contains(i.Classes, class) {
			return entry, myodai.Invalidf("there is no class of mail %.40q", class)
		}
		entry.Class = class
	}
	if text := cell(row, c.expires); text != "" {
		at, ok := parseTime(text)
		if !ok || !at.After(now) {
			return entry, myodai.Invalidf("%.40q is no time to come", text)
		}
		entry.ExpiresAt = at
	}
	if text := cell(row, c.evidence); text != "" {
		const maxEvidence = 1000
		entry.Evidence = strings.ToValidUTF8(text[:min(len(text), maxEvidence)], "")
	}
	return entry, nil
}

// WriteList writes a suppression list as CSV that ImportList reads. next returns
// the entries part by part, none at the end.
func WriteList(w io.Writer, next func() ([]myodai.Suppression, error)) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	_ = c.Write([]string{"address", "reason", "class", "since", "expires", "evidence", "id"}) // Flush below tells of any trouble
	for {
		part, err := next()
		if err != nil {
			return err
		}
		for _, s := range part {
			expires := ""
			if !s.ExpiresAt.IsZero() {
				expires = s.ExpiresAt.UTC().Format(time.RFC3339)
			}
			_ = c.Write([]string{
				inCell(s.Address.String()), string(s.Reason), string(s.Class), s.CreatedAt.UTC().Format(time.RFC3339), expires,
				inCell(s.Evidence), string(s.ID),
			})
		}
		c.Flush()
		if err := c.Error(); err != nil || len(part) == 0 {
			return err
		}
	}
}
