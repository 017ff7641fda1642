package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

const visitColumns = `id, tenant_id, message_id, delivery_id, kind, happened_at, link, url, agent, visitor, reason, is_first`

var visitNames = strings.Split(strings.ReplaceAll(visitColumns, " ", ""), ",")

func visitFields(v *myodai.Visit) []any {
	return []any{
		&v.ID, &v.Copy.TenantID, &v.Copy.MessageID, &v.Copy.DeliveryID, &v.Kind, instant{&v.At}, &v.Link, &v.URL,
		&v.Agent, &v.By, &v.Reason, &v.First,
	}
}

// SuspendedTenants lists the tenants that may not use the platform.
func (s *Store) SuspendedTenants(ctx context.Context) ([]myodai.TenantID, error) {
	list, err := all(s.read(ctx), only[myodai.TenantID], `select id from tenants where state = $1`, myodai.TenantSuspended)
	return list, wrap("list suspended tenants", err)
}

// Delivered says for each copy when it was delivered, or accepted while it is
// not. A copy that is gone, or is not its tenant's, is left out.
func (s *Store) Delivered(ctx context.Context, copies []myodai.Copy) (map[myodai.Copy]time.Time, error) {
	found := map[myodai.Copy]time.Time{}
	for some := range slices.Chunk(copies, maxParameters) {
		if err := s.read(ctx).delivered(some, found); err != nil {
			return nil, wrap("read when mail was delivered", err)
		}
	}
	return found, nil
}

func (q session) delivered(copies []myodai.Copy, found map[myodai.Copy]time.Time) error {
	var messages, deliveries []any
	asked := map[myodai.Copy]bool{}
	for _, c := range copies {
		asked[c] = true
		if c.DeliveryID == "" {
			messages = append(messages, c.MessageID)
		} else {
			deliveries = append(deliveries, c.DeliveryID)
		}
	}
	if len(messages) > 0 {
		list, err := all(q, func(m *myodai.Message) []any { return []any{&m.TenantID, &m.ID, instant{&m.AcceptedAt}} },
			`select tenant_id, id, accepted_at from messages where id in (`+placeholders(1, len(messages))+`)`, messages...)
		if err != nil {
			return err
		}
		for _, m := range list {
			if c := (myodai.Copy{TenantID: m.TenantID, MessageID: m.ID}); asked[c] {
				found[c] = m.AcceptedAt
			}
		}
	}
	if len(deliveries) == 0 {
		return nil
	}
	list, err := all(q, func(d *myodai.Delivery) []any {
		return []any{&d.TenantID, &d.MessageID, &d.ID, &d.State, instant{&d.QueuedAt}, document{&d.Last}}
	}, `select tenant_id, message_id, id, state, queued_at, last_outcome from deliveries
		 where id in (`+placeholders(1, len(deliveries))+`)`, deliveries...)
	if err != nil {
		return err
	}
	for _, d := range list {
		at := d.QueuedAt
		if d.State == myodai.DeliveryDelivered {
			at = d.Last.At
		}
		if c := (myodai.Copy{TenantID: d.TenantID, MessageID: d.MessageID, DeliveryID: d.ID}); asked[c] {
			found[c] = at
		}
	}
	return nil
}

// RecordVisits writes those visits that are not there yet and whose message is,
// in one transaction with the sums they count in and with what tell makes of
// each. First is filled in. The same visit again changes nothing.
func (s *Store) RecordVisits(ctx context.Context, list []myodai.Visit, tell func(myodai.Visit) []myodai.Event) error {
	return s.write(ctx, "record visits", func(q session) error {
		fresh, err := q.freshVisits(list)
		if err != nil || len(fresh) == 0 {
			return err
		}
		seen, err := q.visitedCopies(fresh)
		if err != nil {
			return err
		}
		sums := visitSums{hours: map[visitHour]myodai.Visits{}, links: map[visitLink]myodai.Visits{}}
		var rows [][]any
		var events []myodai.Event
		for _, v := range fresh {
			v.First = seen.first(v)
			sums.add(v, seen.firstOfKind(v))
			rows = append(rows, []any{
				v.ID, v.Copy.TenantID, v.Copy.MessageID, v.Copy.DeliveryID, v.Kind, v.At, v.Link, v.URL,
				v.Agent, v.By, v.Reason, v.First,
			})
			events = append(events, tell(v)...)
		}
		if err := q.insert("visits", visitNames, rows); err != nil {
			return err
		}
		if err := q.addSums(sums); err != nil {
			return err
		}
		return q.addEvents(events)
	})
}

// freshVisits leaves out the visits that are there, and those of messages that
// are not.
func (q session) freshVisits(list []myodai.Visit) ([]myodai.Visit, error) {
	var fresh []myodai.Visit
	for some := range slices.Chunk(list, maxParameters/2) {
		var ids, messages []any
		for _, v := range some {
			ids, messages = append(ids, v.ID), append(messages, v.Copy.MessageID)
		}
		there, err := all(q, only[myodai.VisitID], `select id from visits where id in (`+placeholders(1, len(ids))+`)`, ids...)
		if err != nil {
			return nil, err
		}
		owners, err := all(q, func(m *myodai.Message) []any { return []any{&m.ID, &m.TenantID} },
			`select id, tenant_id from messages where id in (`+placeholders(1, len(messages))+`)`, messages...)
		if err != nil {
			return nil, err
		}
		owner := map[myodai.MessageID]myodai.TenantID{}
		for _, m := range owners {
			owner[m.ID] = m.TenantID
		}
		for _, v := range some {
			if owner[v.Copy.MessageID] == v.Copy.TenantID && v.Copy.TenantID != "" && !slices.Contains(there, v.ID) {
				fresh = append(fresh, v)
				there = append(there, v.ID) // the list may have it twice
			}
		}
	}
	return fresh, nil
}

// visitedLink is a link or the picture of a copy that people have visited.
type visitedLink struct {
	copy myodai.Copy
	kind myodai.VisitKind
	link int
}

type visited map[visitedLink]bool

// visitedCopies says which links of the copies people have visited already.
func (q session) visitedCopies(list []myodai.Visit) (visited, error) {
	seen := visited{}
	var messages []any
	asked := map[myodai.MessageID]bool{}
	for _, v := range list {
		if !asked[v.Copy.MessageID] {
			asked[v.Copy.MessageID] = true
			messages = append(messages, v.Copy.MessageID)
		}
	}
	for some := range slices.Chunk(messages, maxParameters) {
		before, err := all(q, func(v *myodai.Visit) []any {
			return []any{&v.Copy.TenantID, &v.Copy.MessageID, &v.Copy.DeliveryID, &v.Kind, &v.Link}
		}, `select tenant_id, message_id, delivery_id, kind, link from visits
			 where is_first and message_id in (`+placeholders(1, len(some))+`)`, some...)
		if err != nil {
			return nil, err
		}
		for _, v := range before {
			seen[visitedLink{v.Copy, v.Kind, v.Link}] = true
			seen[visitedLink{v.Copy, v.Kind, -1}] = true
		}
	}
	return seen, nil
}

// first reports whether v is the first visit by a person to its link, and notes
// it.
func (s visited) first(v myodai.Visit) bool {
	l := visitedLink{v.Copy, v.Kind, v.Link}
	if !byPeople(v) || s[l] {
		return false
	}
	s[l] = true
	return true
}

// firstOfKind is first for all links of a copy together.
func (s visited) firstOfKind(v myodai.Visit) bool {
	v.Link = -1
	return s.first(v)
}

func byPeople(v myodai.Visit) bool {
	return v.By == myodai.VisitorPerson || v.By == myodai.VisitorProxy
}

// visitHour and visitLink are what visits are summed up by.
type visitHour struct {
	tenant myodai.TenantID
	kind   myodai.VisitKind
	hour   int64
}

type visitLink struct {
	tenant myodai.TenantID
	day    int64
	url    string
}

type visitSums struct {
	hours map[visitHour]myodai.Visits
	links map[visitLink]myodai.Visits
}

func (s visitSums) add(v myodai.Visit, firstOfKind bool) {
	h := visitHour{v.Copy.TenantID, v.Kind, v.At.Truncate(time.Hour).UnixMicro()}
	s.hours[h] = counted(s.hours[h], v, firstOfKind)
	if v.Kind == myodai.VisitClick {
		l := visitLink{v.Copy.TenantID, v.At.Truncate(24 * time.Hour).UnixMicro(), page(v.URL)}
		s.links[l] = counted(s.links[l], v, v.First)
	}
}

// page is a URL without its query and fragment. What is personal in a link is
// mostly there, and would make a line of its own for each recipient.
func page(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		return url[:i]
	}
	return url
}

// counted is n with v counted in.
func counted(n myodai.Visits, v myodai.Visit, first bool) myodai.Visits {
	switch {
	case byPeople(v):
		n.People++
	case v.By == myodai.VisitorUnknown:
		n.Unknown++
	default:
		n.Machines++
	}
	if first {
		n.Unique++
	}
	return n
}

// addSums adds to the sums that are there, in one order, so that two
// transactions cannot wait for each other.
func (q session) addSums(s visitSums) error {
	for _, h := range slices.SortedFunc(maps.Keys(s.hours), func(a, b visitHour) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.kind, b.kind), cmp.Compare(a.hour, b.hour))
	}) {
		n := s.hours[h]
		_, err := q.exec(`
			insert into visit_hours (tenant_id, kind, hour, people, firsts, unknown, machines)
			values ($1, $2, $3, $4, $5, $6, $7) on conflict (tenant_id, kind, hour) do update set
			  people = visit_hours.people + excluded.people, firsts = visit_hours.firsts + excluded.firsts,
			  unknown = visit_hours.unknown + excluded.unknown, machines = visit_hours.machines + excluded.machines`,
			h.tenant, h.kind, h.hour, n.People, n.Unique, n.Unknown, n.Machines)
		if err != nil {
			return err
		}
	}
	for _, l := range slices.SortedFunc(maps.Keys(s.links), func(a, b visitLink) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.day, b.day), cmp.Compare(a.url, b.url))
	}) {
		n := s.links[l]
		_, err := q.exec(`
			insert into visit_links (tenant_id, day, url, people, firsts, unknown, machines)
			values ($1, $2, $3, $4, $5, $6, $7) on conflict (tenant_id, day, url) do update set
			  people = visit_links.people + excluded.people, firsts = visit_links.firsts + excluded.firsts,
			  unknown = visit_links.unknown + excluded.unknown, machines = visit_links.machines + excluded.machines`,
			l.tenant, l.day, l.url, n.People, n.Unique, n.Unknown, n.Machines)
		if err != nil {
			return err
		}
	}
	return nil
}
