package hygiene_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/hygiene"
)

const shop myodai.TenantID = "ten_shop"

// ledger is a store in memory. Of findings it can keep the number alone.
type ledger struct {
	mu        sync.Mutex
	audits    map[myodai.ListAuditID]myodai.ListAudit
	findings  []myodai.ListAuditFinding
	countOnly bool
	counted   int
	list      map[string]myodai.Suppression
	events    []myodai.Event
}

func newLedger() *ledger {
	return &ledger{audits: map[myodai.ListAuditID]myodai.ListAudit{}, list: map[string]myodai.Suppression{}}
}

func (l *ledger) CreateListAudit(_ context.Context, a myodai.ListAudit, events ...myodai.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.audits[a.ID], l.events = a, append(l.events, events...)
	return nil
}

func (l *ledger) ChangeListAudit(ctx context.Context, _ myodai.TenantID, id myodai.ListAuditID,
	change func(myodai.ListAudit) (myodai.ListAudit, []myodai.Event, error)) (myodai.ListAudit, error) {
	if err := ctx.Err(); err != nil {
		return myodai.ListAudit{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	a, events, err := change(l.audits[id])
	if err != nil {
		return myodai.ListAudit{}, err
	}
	l.audits[id], l.events = a, append(l.events, events...)
	return a, nil
}

func (l *ledger) ListAudit(_ context.Context, tenant myodai.TenantID, id myodai.ListAuditID) (myodai.ListAudit, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, ok := l.audits[id]
	if !ok || a.TenantID != tenant {
		return a, myodai.Refuse(myodai.CodeNotFound, "", "there is no audit %s", id)
	}
	return a, nil
}

func (l *ledger) AddListAuditFindings(_ context.Context, _ myodai.TenantID, _ myodai.ListAuditID, list []myodai.ListAuditFinding) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counted += len(list)
	if !l.countOnly {
		l.findings = append(l.findings, list...)
	}
	return nil
}

func (l *ledger) ListAuditFindings(_ context.Context, _ myodai.TenantID, _ myodai.ListAuditID, verdict myodai.ListAuditVerdict, page myodai.Page) (
	[]myodai.ListAuditFinding, string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []myodai.ListAuditFinding
	for _, f := range l.findings {
		number := fmt.Sprintf("%09d", f.Number)
		if (verdict == "" || f.Verdict == verdict) && number > page.After {
			if len(found) == page.Size() {
				return found, fmt.Sprintf("%09d", found[len(found)-1].Number), nil
			}
			found = append(found, f)
		}
	}
	return found, "", nil
}

func (l *ledger) AddSuppressions(_ context.Context, _ myodai.TenantID, list []myodai.Suppression, tell func(int) []myodai.Event) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	added := 0
	for _, s := range list {
		if _, ok := l.list[s.Address.String()]; !ok {
			l.list[s.Address.String()] = s
			added++
		}
	}
	l.events = append(l.events, tell(added)...)
	return added, nil
}

func (l *ledger) RemoveBatch(_ context.Context, _ myodai.TenantID, batch myodai.BatchID, _ time.Time, _ string, tell func(int) []myodai.Event) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.list)
	maps.DeleteFunc(l.list, func(_ string, s myodai.Suppression) bool { return s.Batch == batch })
	l.events = append(l.events, tell(before-len(l.list))...)
	return before - len(l.list), nil
}

func (l *ledger) kinds() (list []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		list = append(list, string(e.Kind))
	}
	return slices.Compact(list)
}

// world is DNS: names of hosts that take mail end in .example, but for some.
func world(_ context.Context, name myodai.Name, t myodai.RecordType) myodai.Answer {
	a := myodai.Answer{Question: myodai.Question{Name: name, Type: t, Recursive: true}, RCode: "NOERROR"}
	soa := []myodai.Record{{Name: name, Type: myodai.TypeSOA, Data: "ns. h. 1 1 1 1 1"}}
	switch {
	case strings.HasPrefix(string(name), "gone"):
		a.RCode, a.Authority = "NXDOMAIN", soa
	case name == "null.example" && t == myodai.TypeMX:
		a.Records = []myodai.Record{{Name: name, Type: t, Data: "0 ."}}
	case name == "empty.example", name == "web.example" && t != myodai.TypeA:
		a.Authority = soa
	case name == "silent.example":
		a.RCode, a.Err = "", "timeout"
	default:
		a.Records = []myodai.Record{{Name: name, Type: t, Data: "10 mx." + string(name)}}
	}
	return a
}

func service(t testing.TB, l *ledger) *hygiene.Service {
	t.Helper()
	s := hygiene.New(hygiene.Options{Store: l, Lookup: world, Random: rand.Reader, Dir: t.TempDir()})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx) // which has no errors
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return s
}

// file is an upload.
type file struct{ name, content string }

// audit uploads files and waits for what they come to.
func audit(t testing.TB, s *hygiene.Service, files ...file) myodai.ListAudit {
	t.Helper()
	in, err := s.Begin(t.Context(), hygiene.NewAudit{TenantID: shop, Title: "members", By: "crd_1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := in.Add(f.name, strings.NewReader(f.content)); err != nil {
			t.Fatal(err)
		}
	}
	a, err := in.Judge()
	if err != nil {
		t.Fatal(err)
	}
	return finished(t, s, a.ID)
}

func finished(t testing.TB, s *hygiene.Service, id myodai.ListAuditID) (last myodai.ListAudit) {
	t.Helper()
	if err := s.Watch(t.Context(), shop, id, func(a myodai.ListAudit) { last = a }); err != nil {
		t.Fatal(err)
	}
	if last.State != myodai.ListAuditFinished {
		t.Fatalf("the audit is %s: %s", last.State, last.Reason)
	}
	return last
}

// verdicts is every finding in short.
func (l *ledger) verdicts() map[string]string {
	found := map[string]string{}
	for _, f := range l.findings {
		found[f.Address] = strings.TrimSpace(string(f.Verdict) + " " + f.Cause + " " + f.Suggestion)
	}
	return found
}
