package store_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// visit is a click on a link of a copy, or an open with link 0.
func visit(c myodai.Copy, link int, at time.Time, by myodai.Visitor) myodai.Visit {
	v := myodai.Visit{
		ID: myodai.NewID[myodai.VisitID](at, rand.Reader), Copy: c, Kind: myodai.VisitClick, At: at, Link: link,
		URL: fmt.Sprintf("https://shop.example/%d?who=%s", link, c.DeliveryID), Agent: "Mozilla/5.0 (X11)", By: by,
	}
	if link == 0 {
		v.Kind, v.URL = myodai.VisitOpen, ""
	}
	return v
}

func copyOf(d myodai.Delivery) myodai.Copy {
	return myodai.Copy{TenantID: d.TenantID, MessageID: d.MessageID, DeliveryID: d.ID}
}

// told is an event that says which visit it is of.
func told(v myodai.Visit) []myodai.Event {
	e := event(v.Copy.TenantID, myodai.EventMessageClicked, v.At)
	e.Data["visit"], e.Data["first"] = string(v.ID), v.First
	return []myodai.Event{e}
}

// Every visit counts once, however often it is brought, and its event with it.
func TestRecordVisits(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s).ID
		a := letter(newDomain(t, s, tenant, "example.com"), t0, rcpt("a", "example.net"), rcpt("b", "example.net"))
		accept(t, s, a)
		one, two := copyOf(a.Deliveries[0]), copyOf(a.Deliveries[1])
		gone := one
		gone.MessageID = myodai.NewID[myodai.MessageID](t0, rand.Reader)
		stolen := one
		stolen.TenantID = newTenant(t, s).ID
		list := []myodai.Visit{
			visit(one, 0, t0.Add(time.Minute), myodai.VisitorProxy),
			visit(one, 1, t0.Add(time.Hour), myodai.VisitorPerson),
			visit(one, 1, t0.Add(time.Hour+time.Minute), myodai.VisitorPerson),
			visit(one, 2, t0.Add(2*time.Hour), myodai.VisitorPerson),
			visit(two, 0, t0.Add(time.Minute), myodai.VisitorUnknown),
			visit(two, 1, t0.Add(time.Second), myodai.VisitorMachine),
			visit(two, 1, t0.Add(25*time.Hour), myodai.VisitorPerson),
			visit(gone, 1, t0, myodai.VisitorPerson),
			visit(stolen, 1, t0, myodai.VisitorPerson),
		}
		ok(t, s.RecordVisits(t.Context(), list[:4], told))
		for range 2 { // as after a crash: the same ones, and more
			ok(t, s.RecordVisits(t.Context(), append(list, list[0]), told))
		}
		clicks := 0
		for _, e := range every(t, func(p myodai.Page) ([]myodai.Event, string, error) { return s.Events(t.Context(), tenant, p) }) {
			if e.Kind == myodai.EventMessageClicked {
				clicks++
			}
		}
		if clicks != 7 {
			t.Errorf("%d events, want 7", clicks)
		}
		all := every(t, func(p myodai.Page) ([]myodai.Visit, string, error) {
			return s.Visits(t.Context(), tenant, a.Message.ID, p)
		})
		first := ""
		for _, v := range all {
			if v.First {
				first += fmt.Sprintf(" %s%d", v.Kind, v.Link)
			}
		}
		if len(all) != 7 || strings.Count(first, " ") != 4 {
			t.Errorf("%d visits, first ones:%s", len(all), first)
		}
		stats := must(s.MessageVisits(t.Context(), tenant, a.Message.ID))(t)
		same(t, "clicks", stats.Clicks, myodai.Visits{People: 4, Unique: 2, Machines: 1})
		same(t, "opens", stats.Opens, myodai.Visits{People: 1, Unique: 1, Unknown: 1})
		if len(stats.Links) != 3 || stats.Links[0].Visits.People != 2 || len(stats.Hours) != 4 {
			t.Errorf("links %+v, hours %+v", stats.Links, stats.Hours)
		}
		total := must(s.TenantVisits(t.Context(), tenant, t0, t0.Add(48*time.Hour)))(t)
		same(t, "tenant's clicks", total.Clicks, myodai.Visits{People: 4, Unique: 2, Machines: 1})
		same(t, "tenant's links", total.Links, []myodai.LinkVisits{
			{URL: "https://shop.example/1", Visits: myodai.Visits{People: 3, Unique: 2, Machines: 1}},
			{URL: "https://shop.example/2", Visits: myodai.Visits{People: 1, Unique: 1}},
		})
		same(t, "hours", len(total.Hours), 4)
		early := must(s.TenantVisits(t.Context(), tenant, t0, t0.Add(time.Hour)))(t)
		same(t, "the first hour", early.Clicks, myodai.Visits{Machines: 1})
		_, err := s.MessageVisits(t.Context(), stolen.TenantID, a.Message.ID)
		wantCode(t, err, myodai.CodeNotFound)
		_, _, err = s.Visits(t.Context(), stolen.TenantID, a.Message.ID, myodai.Page{})
		wantCode(t, err, myodai.CodeNotFound)
	})
}

func TestDelivered(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		a := letter(newDomain(t, s, newTenant(t, s).ID, "example.com"), t0, rcpt("a", "example.net"), rcpt("b", "example.net"))
		accept(t, s, a)
		claimed, _ := claim(t, s, "n1", 1, t0)
		must(s.FinishDeliveries(t.Context(), "n1", []myodai.Finished{finished(claimed[0], myodai.DeliveryDelivered, t0.Add(time.Minute))}))(t)
		one, two := copyOf(a.Deliveries[0]), copyOf(a.Deliveries[1])
		if claimed[0].ID != one.DeliveryID {
			one, two = two, one
		}
		shared := myodai.Copy{TenantID: one.TenantID, MessageID: one.MessageID}
		stolen := myodai.Copy{TenantID: newTenant(t, s).ID, MessageID: one.MessageID, DeliveryID: one.DeliveryID}
		got := must(s.Delivered(t.Context(), []myodai.Copy{one, two, shared, stolen}))(t)
		if len(got) != 3 || !got[one].Equal(t0.Add(time.Minute)) || !got[two].Equal(t0) || !got[shared].Equal(t0) {
			t.Errorf("%+v", got)
		}
	})
}

// Charts of a tenant and of a message stay quick. MYODAI_TEST_VISITS says with
// how many visits; docs/performance.md has the figures of a million.
func TestVisitStatsStayQuick(t *testing.T) {
	count := 60_000
	if text := os.Getenv("MYODAI_TEST_VISITS"); text != "" {
		count = must(strconv.Atoi(text))(t)
	}
	eachURL(t, func(t *testing.T, url string) {
		s := open(t, url)
		must(s.Migrate(t.Context()))(t)
		tenant := newTenant(t, s).ID
		a := letter(newDomain(t, s, tenant, "example.com"), t0, rcpt("a", "example.net"))
		accept(t, s, a)
		ok(t, s.RecordVisits(t.Context(), []myodai.Visit{visit(copyOf(a.Deliveries[0]), 1, t0, myodai.VisitorPerson)},
			func(myodai.Visit) []myodai.Event { return nil }))
		// The others belong to messages of a hundred visits each.
		exec(t, raw(t, url), fmt.Sprintf(`
			with recursive n (i) as (select 1 union all select i + 1 from n where i < %d)
			insert into messages (id, tenant_id, domain_id, credential_id, from_local, from_domain, subject, header_id, size, accepted_at, expires_at, class)
			select 'msg_' || i, tenant_id, domain_id, credential_id, from_local, from_domain, subject, header_id, size, accepted_at, expires_at, class
			  from messages, n where id = '%s'`, count/100, a.Message.ID))
		exec(t, raw(t, url), fmt.Sprintf(`
			with recursive n (i) as (select 1 union all select i + 1 from n where i < %d)
			insert into visits (id, tenant_id, message_id, delivery_id, kind, happened_at, link, url, agent, visitor, reason, is_first)
			select 'vis_' || i, '%s', 'msg_' || (1 + i %% %d), '', 'click', %d + cast(i as bigint) * 3600000, 1, 'https://shop.example/' || (i %% 50), 'x', 'person', '', i < 100 from n`,
			count, tenant, count/100, t0.UnixMicro()))
		exec(t, raw(t, url), fmt.Sprintf(`
			insert into visit_hours (tenant_id, kind, hour, people, firsts, unknown, machines)
			select tenant_id, kind, happened_at - happened_at %% 3600000000, count(*), 0, 0, 0 from visits
			 where happened_at >= %d group by 1, 2, 3`, t0.Add(time.Hour).UnixMicro()))
		began := time.Now()
		stats := must(s.TenantVisits(t.Context(), tenant, t0, t0.Add(60*24*time.Hour)))(t)
		must(s.MessageVisits(t.Context(), tenant, "msg_77"))(t)
		must(s.MessageVisits(t.Context(), tenant, a.Message.ID))(t)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("charts took %s", took)
		}
		if stats.Clicks.People < int64(count*9/10) {
			t.Errorf("%d clicks", stats.Clicks.People)
		}
		t.Logf("three charts of %d visits in %s", count, time.Since(began))
	})
}

// T44: a wish is done once, taken back, and tells what changed.
func TestUnsubscribe(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s).ID
		a := letter(newDomain(t, s, tenant, "example.com"), t0, rcpt("A", "example.net"))
		a.Message.Class = myodai.ClassMarketing
		accept(t, s, a)
		var heard []string
		tell := func(u myodai.Unsubscription, recipient myodai.Address) []myodai.Event {
			heard = append(heard, fmt.Sprintf("%s %s %s %t", u.Class, recipient, u.Copy.TenantID, u.Undo))
			return []myodai.Event{event(u.Copy.TenantID, myodai.EventMessageUnsubscribed, u.At)}
		}
		wish := func(undo bool, at time.Time) myodai.Unsubscription {
			return myodai.Unsubscription{
				ID: myodai.NewID[myodai.VisitID](at, rand.Reader), Copy: myodai.Copy{DeliveryID: a.Deliveries[0].ID},
				Way: myodai.UnsubscribeMail, Undo: undo, At: at,
			}
		}
		do := func(u myodai.Unsubscription) {
			t.Helper()
			ok(t, s.Unsubscribe(t.Context(), u, myodai.NewID[myodai.SuppressionID](u.At, rand.Reader), tell))
		}
		stop, undo := wish(false, t0), wish(true, t0.Add(time.Hour))
		do(stop)
		do(stop)
		do(wish(false, t0.Add(time.Minute))) // again, by another click
		who := []myodai.Address{rcpt("a", "example.net")}
		if got := must(s.Suppressed(t.Context(), tenant, myodai.ClassMarketing, who, t0))(t); got[who[0]].Reason != myodai.SuppressionUnsubscribed {
			t.Errorf("%+v", got)
		}
		do(undo)
		do(stop) // a replay of what was taken back
		if got := must(s.Suppressed(t.Context(), tenant, myodai.ClassMarketing, who, t0))(t); len(got) != 0 {
			t.Errorf("still suppressed: %+v", got)
		}
		want := fmt.Sprintf("marketing A@example.net %s false; marketing A@example.net %s true", tenant, tenant)
		same(t, "told", strings.Join(heard, "; "), want)
		nobody := wish(false, t0)
		nobody.Copy.DeliveryID = myodai.NewID[myodai.DeliveryID](t0, rand.Reader)
		wantCode(t, s.Unsubscribe(t.Context(), nobody, "sup_x", tell), myodai.CodeNotFound)
		stolen := wish(false, t0)
		stolen.Copy.TenantID = newTenant(t, s).ID
		wantCode(t, s.Unsubscribe(t.Context(), stolen, "sup_x", tell), myodai.CodeNotFound)
	})
}
