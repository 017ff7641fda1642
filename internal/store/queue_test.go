package store_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// fill queues mail of two tenants:
//
//	one: a@x deferred, due in an hour · b@x accepted, due · c@y delivered
//	two: d@x accepted, due in a minute
func fill(t *testing.T, s *store.Store) (one, two myodai.TenantID) {
	t.Helper()
	d1 := newDomain(t, s, newTenant(t, s).ID, "example.com")
	d2 := newDomain(t, s, newTenant(t, s).ID, "example.com")
	a := letter(d1, t0, rcpt("a", "x.example"), rcpt("b", "x.example"), rcpt("c", "y.example"))
	a.Deliveries[0].State, a.Deliveries[0].DueAt = myodai.DeliveryDeferred, t0.Add(time.Hour)
	a.Deliveries[1].QueuedAt = t0.Add(-time.Hour)
	a.Deliveries[2].State = myodai.DeliveryDelivered
	accept(t, s, a)
	b := letter(d2, t0, rcpt("d", "x.example"))
	b.Deliveries[0].DueAt = t0.Add(time.Minute)
	accept(t, s, b)
	return d1.TenantID, d2.TenantID
}

func TestQueue(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		one, two := fill(t, s)
		for _, tt := range []struct {
			name   string
			tenant myodai.TenantID
			want   []myodai.QueueLine
		}{
			{"one tenant", one, []myodai.QueueLine{{Domain: "x.example", Accepted: 1, Deferred: 1, OldestAt: t0.Add(-time.Hour), DueAt: t0.Add(30 * time.Second)}}},
			{"other tenant", two, []myodai.QueueLine{{Domain: "x.example", Accepted: 1, OldestAt: t0, DueAt: t0.Add(time.Minute)}}},
			{"all", "", []myodai.QueueLine{{Domain: "x.example", Accepted: 2, Deferred: 1, OldestAt: t0.Add(-time.Hour), DueAt: t0.Add(30 * time.Second)}}},
			{"nobody", "ten_none", []myodai.QueueLine{}},
		} {
			same(t, tt.name, must(s.Queue(t.Context(), tt.tenant, t0.Add(30*time.Second)))(t), tt.want)
		}
		// What is under way is due when its lease runs out.
		claim(t, s, "n1", 9, t0)
		line := must(s.Queue(t.Context(), one, t0))(t)[0]
		if want := t0.Add(lease); !line.DueAt.Equal(want) {
			t.Errorf("due at %s, want %s", line.DueAt, want)
		}
	})
}

func TestQueued(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		one, two := fill(t, s)
		for tenant, want := range map[myodai.TenantID]map[string]bool{
			one: {"a": true, "b": true}, two: {"d": true}, "": {"a": true, "b": true, "d": true}, "ten_none": {},
		} {
			got := map[string]bool{}
			list := every(t, func(p myodai.Page) ([]myodai.Delivery, string, error) {
				return s.Queued(t.Context(), myodai.Selection{TenantID: tenant}, p)
			})
			for _, d := range list {
				got[d.Recipient.Local] = true
			}
			same(t, "queue of "+string(tenant), got, want)
			if len(list) != len(want) {
				t.Errorf("queue of %q: %d entries, want %d", tenant, len(list), len(want))
			}
		}
	})
}

func TestRetryNow(t *testing.T) {
	for _, tt := range []struct {
		name   string
		tenant func(one, two myodai.TenantID) myodai.TenantID
		domain myodai.Name
		n      int
		due    string // in the order of their former due time
	}{
		{"one tenant", func(one, _ myodai.TenantID) myodai.TenantID { return one }, "", 1, "a"},
		{"all", func(_, _ myodai.TenantID) myodai.TenantID { return "" }, "", 2, "a d"},
		{"all to one domain", func(_, _ myodai.TenantID) myodai.TenantID { return "" }, "x.example", 2, "a d"},
		{"nothing to this domain", func(_, _ myodai.TenantID) myodai.TenantID { return "" }, "y.example", 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, s *store.Store) {
				one, two := fill(t, s)
				claim(t, s, "n1", 9, t0) // b is under way
				n, err := s.RetryNow(t.Context(), myodai.Selection{TenantID: tt.tenant(one, two), Domain: tt.domain}, t0)
				if err != nil || n != tt.n {
					t.Errorf("RetryNow = %d, %v; want %d", n, err, tt.n)
				}
				list, _ := claim(t, s, "n2", 9, t0)
				got := map[string]bool{}
				for _, d := range list {
					got[d.Recipient.Local] = true
				}
				want := map[string]bool{}
				for _, c := range tt.due {
					if c != ' ' {
						want[string(c)] = true
					}
				}
				same(t, "due", got, want)
			})
		})
	}
}

// However many deliveries are finished, and however many wait for room at their
// site, finding what can be claimed reads only that, in order, from its partial
// index.
func TestClaimReadsOnlyWhatWaits(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		s := open(t, url)
		must(s.Migrate(t.Context()))(t)
		db := raw(t, url)
		db.SetMaxOpenConns(1) // settings below are of one connection
		explain := "explain query plan "
		if strings.HasPrefix(url, "postgres://") {
			explain = "explain "
			exec(t, db, "set enable_seqscan = off") // an empty table is read as it is
		}
		for _, tt := range []struct {
			index, query string
			args         []any
		}{
			{"deliveries_due", store.DueDeliveries, []any{t0.UnixMicro(), 10}},
			{"deliveries_queue", strings.Replace(store.ScheduledDeliveries, "$5", "$3", 1), []any{t0.UnixMicro(), 10, "q"}},
			{"deliveries_queue", store.ScheduledQueues, []any{"", 10}},
			{"deliveries_queue_end", store.ExpiredDeliveries, []any{t0.UnixMicro(), 10}},
		} {
			rows, err := db.Query(explain+tt.query, tt.args...)
			ok(t, err)
			plan := lines(t, rows)
			if !strings.Contains(plan, tt.index+" ") || strings.Contains(plan, "SCAN deliveries") || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "Sort") {
				t.Errorf("the plan is:\n%s", plan)
			}
		}
	})
}

// lines is the last column of every row.
func lines(t *testing.T, rows *sql.Rows) string {
	t.Helper()
	defer func() { ok(t, rows.Close()) }()
	columns, err := rows.Columns()
	ok(t, err)
	var b strings.Builder
	for rows.Next() {
		fields := make([]any, len(columns))
		for i := range fields {
			fields[i] = new(any)
		}
		var last string
		fields[len(fields)-1] = &last
		ok(t, rows.Scan(fields...))
		b.WriteString(last + "\n")
	}
	ok(t, rows.Err())
	return b.String()
}
