package store

import (
	"context"
	"strconv"
	"time"

	"github.com/myodai/myodai"
)

// maxStatLinks bounds the links of a summary.
const maxStatLinks = 100

// Visits lists the clicks and opens of a message, oldest first.
func (s *Store) Visits(ctx context.Context, tenant myodai.TenantID, message myodai.MessageID, page myodai.Page) (list []myodai.Visit, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	q := s.read(ctx)
	if _, err := q.message(tenant, message); err != nil {
		return nil, "", wrap("list visits", err)
	}
	list, err = all(q, visitFields,
		`select `+visitColumns+` from visits where tenant_id = $1 and message_id = $2 and id > $3 order by id limit $4`,
		tenant, message, after, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list visits", err)
	}
	list, next = cut(list, page, func(v myodai.Visit) string { return string(v.ID) })
	return list, next, nil
}

// visitsOf are the sums of a group of visits; of says what makes one the first.
const visitsOf = `
	sum(case when visitor in ('person', 'proxy') then 1 else 0 end),
	sum(case when is_first then 1 else 0 end),
	sum(case when visitor = 'unknown' then 1 else 0 end),
	sum(case when visitor = 'machine' then 1 else 0 end)`

// MessageVisits sums up the clicks and opens of a message.
func (s *Store) MessageVisits(ctx context.Context, tenant myodai.TenantID, message myodai.MessageID) (myodai.VisitStats, error) {
	q := s.read(ctx)
	stats, err := q.messageVisits(tenant, message)
	return stats, wrap("sum up visits", err)
}

func (q session) messageVisits(tenant myodai.TenantID, message myodai.MessageID) (myodai.VisitStats, error) {
	if _, err := q.message(tenant, message); err != nil {
		return myodai.VisitStats{}, err
	}
	hours, err := all(q, hourFields, `
		select kind, happened_at - happened_at % 3600000000,`+visitsOf+`
		  from visits where tenant_id = $1 and message_id = $2
		 group by kind, happened_at - happened_at % 3600000000 order by 2, 1`, tenant, message)
	if err != nil {
		return myodai.VisitStats{}, err
	}
	stats := sumUp(hours)
	stats.Links, err = all(q, linkFields, `
		select url,`+visitsOf+` from visits where tenant_id = $1 and message_id = $2 and kind = 'click'
		 group by url order by 2 desc, 5 desc, 1 limit $3`, tenant, message, maxStatLinks)
	if err != nil {
		return stats, err
	}
	// Of several links in one mail, somebody who presses two is one.
	firsts, err := all(q, only[int64], `
		select count(distinct delivery_id) from visits
		 where tenant_id = $1 and message_id = $2 and kind = 'click' and is_first`, tenant, message)
	if err == nil {
		stats.Clicks.Unique = firsts[0]
	}
	return stats, err
}

// TenantVisits sums up the clicks and opens of a tenant's messages from one
// instant up to another, in whole hours. Links are without query, and are summed
// up by whole days (UTC).
func (s *Store) TenantVisits(ctx context.Context, tenant myodai.TenantID, from, to time.Time) (myodai.VisitStats, error) {
	q := s.read(ctx)
	hours, err := all(q, hourFields, `
		select kind, hour, people, firsts, unknown, machines from visit_hours
		 where tenant_id = $1 and kind in ('click', 'open') and hour >= $2 and hour < $3 order by hour, kind`,
		tenant, from.Truncate(time.Hour), to)
	if err != nil {
		return myodai.VisitStats{}, wrap("sum up visits", err)
	}
	stats := sumUp(hours)
	stats.Links, err = all(q, linkFields, `
		select url, sum(people), sum(firsts), sum(unknown), sum(machines) from visit_links
		 where tenant_id = $1 and day >= $2 and day < $3 group by url order by 2 desc, 5 desc, 1 limit $4`,
		tenant, from.Truncate(24*time.Hour), to, maxStatLinks)
	return stats, wrap("sum up visits", err)
}

// kindHour is the visits of one kind in one hour.
type kindHour struct {
	kind   myodai.VisitKind
	hour   time.Time
	visits myodai.Visits
}

func hourFields(h *kindHour) []any {
	return append([]any{&h.kind, instant{&h.hour}}, sumFields(&h.visits)...)
}

func linkFields(l *myodai.LinkVisits) []any { return append([]any{&l.URL}, sumFields(&l.Visits)...) }

func sumFields(v *myodai.Visits) []any {
	return []any{sum{&v.People}, sum{&v.Unique}, sum{&v.Unknown}, sum{&v.Machines}}
}

// sum is the place for a sum of whole numbers, which PostgreSQL may give as a
// decimal.
type sum struct{ of *int64 }

// Scan implements sql.Scanner.
func (s sum) Scan(from any) (err error) {
	switch v := from.(type) {
	case int64:
		*s.of = v
	case string:
		*s.of, err = strconv.ParseInt(v, 10, 64)
	case []byte:
		*s.of, err = strconv.ParseInt(string(v), 10, 64)
	case nil:
		*s.of = 0
	}
	return err
}

// sumUp makes hours, which are in order, and totals of sums by kind and hour.
func sumUp(list []kindHour) myodai.VisitStats {
	stats := myodai.VisitStats{Links: []myodai.LinkVisits{}, Hours: []myodai.HourVisits{}}
	for _, k := range list {
		if n := len(stats.Hours); n == 0 || !stats.Hours[n-1].Hour.Equal(k.hour) {
			stats.Hours = append(stats.Hours, myodai.HourVisits{Hour: k.hour})
		}
		hour, total := &stats.Hours[len(stats.Hours)-1].Clicks, &stats.Clicks
		if k.kind == myodai.VisitOpen {
			hour, total = &stats.Hours[len(stats.Hours)-1].Opens, &stats.Opens
		}
		*hour = k.visits
		total.People += k.visits.People
		total.Unique += k.visits.Unique
		total.Unknown += k.visits.Unknown
		total.Machines += k.visits.Machines
	}
	return stats
}
