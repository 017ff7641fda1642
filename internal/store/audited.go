package store

import (
	"context"
	"maps"
	"strings"
	"sync"

	"github.com/myodai/myodai"
)

// Audited returns a context under which the first transaction that changes
// something also writes the entry. A request is audited so by the edge that knows
// who asks, and what is between that edge and the store need not know of it.
//
// The store fills in what only the change itself knows: the object when the
// entry has none, and the event that tells of it. A method that is given entries
// of its own writes those instead.
func Audited(ctx context.Context, entry myodai.AuditEntry) context.Context {
	return context.WithValue(ctx, pendingKey{}, &pending{entry: entry})
}

type pendingKey struct{}

// pending is an entry that waits for its change.
type pending struct {
	mu      sync.Mutex
	entry   myodai.AuditEntry
	written bool
}

// pendingOf is the entry that waits in a context; nil for none.
func pendingOf(ctx context.Context) *pending {
	p, _ := ctx.Value(pendingKey{}).(*pending)
	return p
}

func (p *pending) waiting() bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.written
}

func (p *pending) done() {
	if p != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.written = true
	}
}

// noted is what one transaction has written that the audit trail asks about.
type noted struct {
	changed bool // at least a row
	audited bool
	event   *myodai.Event // the first
}

// audited runs do and then writes the entry that waits, if any.
func (s *Store) audited(q session, do func(session) error) error {
	if err := do(q); err != nil {
		return err
	}
	p := pendingOf(q.ctx)
	if !q.noted.changed || q.noted.audited || !p.waiting() {
		return nil
	}
	return s.addAudit(q, []myodai.AuditEntry{completed(p.entry, q.noted.event)})
}

// completed adds what the first event of the change knows; there may be none.
func completed(e myodai.AuditEntry, first *myodai.Event) myodai.AuditEntry {
	if first == nil {
		return e
	}
	e.Data = maps.Clone(e.Data)
	if e.Data == nil {
		e.Data = map[string]string{}
	}
	e.Data["event"] = string(first.Kind)
	for name, value := range first.Data {
		text, ok := value.(string)
		if ok && strings.HasSuffix(name, "_id") && e.Object == "" {
			e.Object = text
		} else if ok {
			e.Data[name] = text
		}
	}
	if e.Object == "" {
		e.Object = string(first.DomainID)
	}
	return e
}
