package main

import (
	"database/sql"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver that the store uses
)

// What fills the database of BenchmarkPages. The N-th row of each is made by the
// database itself, which is many times faster than accepting a message each.
const (
	pagesTenants  = 1_000
	pagesDomains  = 10_000
	pagesMessages = 1_000_000
	pagesEvents   = 200_000
	pagesHours    = 24 * 8
)

var pagesRows = []struct {
	count int
	text  string
}{
	{pagesTenants, `insert into tenants (id, name, state, created_at) select printf('ten_%026d', n), 'Tenant ' || n, 'active', NOW from N`},
	{pagesDomains, `insert into domains (id, tenant_id, name, state, token, shape, shapes, return_path, root_spf, report_address, registered_at, verified_at,
		at_risk_at, failed_checks, notices, checked_at, next_check_at, changed_at, leased_until, deleted_at, cause)
		select printf('dom_%026d', n), printf('ten_%026d', TENANT), 'd' || n || '.example', case when n % 50 = 0 then 'pending' when n % 97 = 0 then 'at_risk' else 'verified' end,
		printf('t%025d', n), 'cname', '{}', 'bounce.d' || n || '.example', 0, '', NOW - 864000000000 + n, NOW, 0, 0, 0, NOW, NOW + 3600000000, NOW, 0, 0, '' from N`},
	{pagesMessages, `insert into messages (id, tenant_id, domain_id, credential_id, from_local, from_domain, subject, header_id, size, accepted_at, expires_at)
		select printf('msg_%026d', n), printf('ten_%026d', TENANT), null, '', 'shop', 'd1.example', 'Order ' || n, '<' || n || '@d1.example>', 12345, NOW - (1000000 - n) * 600000, NOW from N`},
	{pagesMessages, `insert into deliveries (id, tenant_id, message_id, recipient_local, recipient_domain, return_local, return_domain, state, attempts, due_at, queued_at,
		expires_at, last_outcome, lease_owner, leased_until)
		select printf('dlv_%026d', n), printf('ten_%026d', TENANT), printf('msg_%026d', n), 'r' || n, case when n % 3 = 0 then 'd1.example' else 'd' || (n % 2000) || '.example' end,
		'b', 'bounce.d1.example', STATE, 1, NOW + 60000000, NOW - (1000000 - n) * 600000, NOW + 86400000000,
		'{"kind":"transient","code":451,"text":"come back later"}', '', 0 from N`},
	{pagesMessages / 100, `insert into body_chunks (tenant_id, message_id, number, data)
		select printf('ten_%026d', TENANT), printf('msg_%026d', n), 0, 'From: shop@d1.example' || char(13, 10) || char(13, 10) || 'Hello' from N`},
	{pagesMessages / 100, `insert into attempts (id, tenant_id, delivery_id, number, outcome)
		select printf('att_%026d', n), printf('ten_%026d', TENANT), printf('dlv_%026d', n), 1, '{"kind":"transient","code":451,"text":"come back later"}' from N`},
	{pagesEvents, `insert into events (id, tenant_id, kind, happened_at, domain_id, message_id, delivery_id, data, number)
		select printf('evt_%026d', n), printf('ten_%026d', TENANT), case when n % 400 = 0 then 'domain.at_risk' when n % 401 = 0 then 'webhook.disabled' else 'message.delivered' end,
		NOW - (200000 - n) * 3000000, '', '', '', '{"domain":"d1.example","url":"https://d1.example/hook"}', n from N`},
	{pagesTenants * pagesHours, `insert into delivery_hours (tenant_id, hour, delivered, deferred, bounced, expired, suppressed)
		select printf('ten_%026d', (n - 1) % 1000 + 1), (NOW / 3600000000 - (n - 1) / 1000) * 3600000000, 100, 10, 2, 0, 1 from N`},
	{50_000, `insert into suppressions (id, tenant_id, address_local, address_domain, folded, class, reason, evidence, created_at, message_id, delivery_id,
		returned_id, batch, expires_at, probe_at, probe_after, probe, removed_at, removed)
		select printf('sup_%026d', n), printf('ten_%026d', TENANT), 's' || n, 'd1.example', 's' || n || '@d1.example', '', 'bounced', '550 5.1.1 no such user', NOW, '', '', '', '', 0, 0, 0, '', 0, '' from N`},
}

// fillPages fills a migrated database: a tenant owns half of everything, and the
// others the rest; two in a hundred messages wait, as many bounced.
func fillPages(b *testing.B, at string) {
	db, err := sql.Open("sqlite", at+"?_pragma=journal_mode(off)&_pragma=synchronous(off)&_pragma=foreign_keys(off)&_pragma=cache_size(-400000)")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	now := strconv.FormatInt(time.Now().UnixMicro(), 10)
	fill := strings.NewReplacer("NOW", now, "TENANT", "case when n % 2 = 1 then 1 else n / 2 % 1000 + 1 end",
		"STATE", "case n % 50 when 7 then 'deferred' when 9 then 'bounced' else 'delivered' end")
	for _, rows := range pagesRows {
		text := strings.Replace(fill.Replace(rows.text), "from N", "from generate", 1)
		text = "with recursive generate(n) as (select 1 union all select n + 1 from generate where n < " + strconv.Itoa(rows.count) + ") " + text
		if _, err := db.ExecContext(b.Context(), text); err != nil {
			b.Fatalf("%v\n%s", err, text)
		}
	}
	for _, text := range []string{
		"insert into event_counters (tenant_id, last, webhooks) select id, 1000000, 0 from tenants", "pragma journal_mode = wal",
	} {
		if _, err := db.ExecContext(b.Context(), text); err != nil {
			b.Fatal(err)
		}
	}
}
