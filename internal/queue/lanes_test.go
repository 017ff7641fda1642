package queue

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/shaping"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// some are deliveries of a tenant, "a.example×3" each, whose leases end long after t0.
func some(tenant myodai.TenantID, what ...string) (list []myodai.Delivery) {
	for _, text := range what {
		domain, number, _ := strings.Cut(text, "×")
		n := 1
		_, _ = fmt.Sscan(number, &n)
		for i := range n {
			list = append(list, myodai.Delivery{
				ID: myodai.DeliveryID(fmt.Sprintf("%s-%s-%d", tenant, domain, i)), TenantID: tenant, Class: myodai.ClassMarketing,
				Recipient: myodai.Address{Local: "u", Domain: myodai.Name(domain)}, Route: myodai.RouteDelivery, LeasedUntil: t0.Add(time.Hour),
			})
		}
	}
	return list
}

// world is lanes whose sites are known: each domain is one, but all that begin
// with "at-" are the same.
type world struct {
	*lanes
	t       *testing.T
	now     time.Time
	running []begin
	aside   map[string]int // deliveries in the store, by queue
}

func newWorld(t *testing.T, sessions, claimed, jobSize int, rules string) *world {
	t.Helper()
	r, err := shaping.Parse([]byte(rules))
	if err != nil {
		t.Fatal(err)
	}
	return &world{lanes: newLanes(sessions, claimed, jobSize, r), t: t, now: t0, aside: map[string]int{}}
}

func (w *world) put(list []myodai.Delivery) *world {
	w.add(list, w.now)
	for to, ok := w.places.next(); ok; to, ok = w.places.next() {
		site := myodai.SiteOf(to.domain)
		if strings.HasPrefix(string(to.domain), "at-") {
			site = "mx.example"
		}
		w.placed(to, site, w.now)
	}
	return w
}

// begins takes out jobs as long as there are any, as "tenant:domain×size".
func (w *world) begins() string {
	var jobs []string
	w.wake(w.now)
	for {
		b, ok := w.next(w.now)
		if !ok {
			return strings.Join(jobs, " ")
		}
		w.running = append(w.running, b)
		text := fmt.Sprintf("%s:%s×%d", b.tenant, b.list[0].Recipient.Domain, len(b.list))
		if b.outlet.source.Name != "" {
			text += "@" + b.outlet.source.Name
		}
		jobs = append(jobs, text)
	}
}

// known has a site answer to somebody's mail, before the test begins.
func (w *world) known(domain string) *world {
	w.put(some("nobody", domain)).begins()
	w.end(myodai.Name(domain), true)
	return w
}

// end ends the jobs to a domain, after which its servers have answered or not.
func (w *world) end(domain myodai.Name, answers bool) {
	rest := w.running[:0]
	for _, b := range w.running {
		if b.list[0].Recipient.Domain == domain {
			w.ended(b, answers, len(b.list), w.now)
		} else {
			rest = append(rest, b)
		}
	}
	w.running = rest
}

// answer has a server of a site answer, and others take what it takes.
func (w *world) answer(site myodai.Site) {
	for _, a := range w.lanes.lanes {
		if a.site == site {
			w.answered(a)
		}
	}
}

// say has a server of a site answer to a job there.
func (w *world) say(site myodai.Site, o myodai.Outcome) {
	for _, b := range w.running {
		if b.lane.site == site {
			w.heard(b, o, w.now)
			return
		}
	}
	w.t.Fatalf("no job goes to %s", site)
}

// feed takes in what was set aside, from a store in which each queue has so much.
func (w *world) feed(stored map[myodai.ScheduledQueue]int) string {
	var fed []string
	for {
		a, from, n := w.hungry(w.now)
		if a == nil {
			return strings.Join(fed, " ")
		}
		n = min(n, stored[from])
		stored[from] -= n
		fed = append(fed, fmt.Sprintf("%s:%s×%d", from.TenantID, from.Domain, n))
		w.refill(a, from, some(from.TenantID, fmt.Sprintf("%s×%d", from.Domain, n)), stored[from] > 0, w.now)
	}
}

func (w *world) want(what, got, want string) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

var busy = myodai.Outcome{Kind: myodai.OutcomeTransient, Code: 421, Text: "too many messages"}

func TestLanes(t *testing.T) {
	w := newWorld(t, 100, 1000, 10, "default: {connections: 3}")
	w.known("a").end("a", true)
	w.put(some("t", "a×55", "b×2", "c"))
	w.want("b and c are not known yet, and have one session each", w.begins(), "t:a×10 t:b×2 t:c×1 t:a×10 t:a×10")
	w.want("no change, no job", w.begins(), "")
	w.end("a", false)
	w.want("none of its servers answered in the last", w.begins(), "t:a×10")
	w.end("a", true)
	w.want("now they do", w.begins(), "t:a×10 t:a×5")
	for _, site := range []myodai.Name{"a", "b", "c"} {
		w.end(site, true)
	}
	w.forget(t0.Add(2 * time.Hour))
	if w.lanes.running != 0 || w.waiting != 0 || len(w.lanes.lanes) != 0 || len(w.tenants) != 0 {
		t.Errorf("left behind: %+v", w.lanes)
	}
}

// TestDomainsOfOneSite share what it allows.
func TestDomainsOfOneSite(t *testing.T) {
	w := newWorld(t, 100, 1000, 10, "default: {connections: 2}")
	w.put(some("t", "at-a", "at-b", "at-c"))
	w.want("not tried yet", w.begins(), "t:at-a×1")
	w.answer("mx.example")
	w.want("two sessions for all of them", w.begins(), "t:at-b×1")
	w.end("at-a", true)
	w.want("then", w.begins(), "t:at-c×1")
}

// TestTenantsTakeTurns puts a hundred times as much of one tenant before another's
// (P20).
func TestTenantsTakeTurns(t *testing.T) {
	w := newWorld(t, 100, 10_000, 10, "default: {connections: 1}")
	w.known("at-a")
	w.put(some("big", "at-a×30", "at-b×20", "at-c×500")).put(some("small", "at-a×5", "at-b×5"))
	got := ""
	for range 6 {
		w.end("at-a", true)
		w.end("at-b", true)
		w.end("at-c", true)
		got += w.begins() + " "
	}
	w.want("jobs", got, "big:at-a×10 small:at-a×5 big:at-b×10 small:at-b×5 big:at-c×10 big:at-a×10 ")
}

// TestRoomForOthers has one tenant fill what a node may hold: the next finds room
// all the same, and so does the one after that (P20, P21).
func TestRoomForOthers(t *testing.T) {
	w := newWorld(t, 100, 300, 10, "")
	var all []string
	for i := range 100 {
		all = append(all, fmt.Sprintf("d%d×10", i))
	}
	for _, tenant := range []myodai.TenantID{"a", "b", "c"} {
		w.put(some(tenant, all...))
	}
	if a, b, c := w.of("a").waiting, w.of("b").waiting, w.of("c").waiting; a < 60 || b < 60 || c < 30 {
		t.Errorf("%d, %d and %d wait here", a, b, c)
	}
	if n := len(w.overflow); n != 3000-w.waiting {
		t.Errorf("%d set aside", n)
	}
}

// TestTarpitsLeaveSessions gives one tenant far more tarpits than there are
// sessions: others find some, and sites that answer more of them (P10).
func TestTarpitsLeaveSessions(t *testing.T) {
	w := newWorld(t, 30, 1000, 10, "")
	w.known("known")
	var tarpits []string
	for i := range 100 {
		tarpits = append(tarpits, fmt.Sprint("tarpit", i))
	}
	w.put(some("a", tarpits...))
	w.begins()
	if n := w.of("a").running; n != 20 {
		t.Errorf("one tenant has %d of 30 sessions", n)
	}
	w.put(some("b", "new", "new2")).put(some("a", "known"))
	w.want("others, and a site that answers", w.begins(), "b:new×1 b:new2×1 a:known×1")
}

// TestPausedSite sets aside what waits for a site that wants to be left alone, and
// comes back to it with one job more than nothing.
func TestPausedSite(t *testing.T) {
	w := newWorld(t, 100, 1000, 10, "default: {connections: 4}\nreplies: [{name: r, codes: [421], do: pause, for: 10m}]")
	w.known("at-a").put(some("t", "at-a×90")).put(some("u", "at-b×5"))
	w.want("four", w.begins(), "t:at-a×10 u:at-b×5 t:at-a×10 t:at-a×10")
	w.say("mx.example", busy)
	if w.waiting != 0 || len(w.overflow) != 60 {
		t.Errorf("%d still wait, %d set aside", w.waiting, len(w.overflow))
	}
	if !w.running[0].outlet.halted.Load() {
		t.Error("jobs under way are not told")
	}
	w.put(some("t", "at-c"))
	w.end("at-a", true)
	w.end("at-b", true)
	stored := map[myodai.ScheduledQueue]int{
		myodai.ScheduledQueueOf(some("t", "at-a")[0]): 70, myodai.ScheduledQueueOf(some("t", "at-c")[0]): 1,
	}
	w.want("nothing goes", w.feed(stored)+w.begins(), "")
	w.now = w.now.Add(10 * time.Minute)
	w.wake(w.now)
	w.want("the pause is over", w.feed(stored), "t:at-a×20 t:at-c×1 t:at-a×20 t:at-a×20")
	w.want("with half as much at a time", w.begins(), "t:at-a×10 t:at-c×1")
}

// TestQueueBehind keeps new mail of a scheduled queue behind what waits in it.
func TestQueueBehind(t *testing.T) {
	w := newWorld(t, 100, 1000, 10, "")
	from := myodai.ScheduledQueueOf(some("t", "a")[0])
	w.found(from, w.now)
	w.put(nil)
	w.put(some("t", "a"))
	w.want("nothing overtakes", w.begins(), "")
	w.want("fed", w.feed(map[myodai.ScheduledQueue]int{from: 3}), "t:a×3")
	w.put(some("t", "b"))
	w.want("then", w.begins(), "t:a×3 t:b×1")
	w.end("a", true)
	w.put(some("t", "a"))
	w.want("and as always", w.begins(), "t:a×1")
}

func TestPools(t *testing.T) {
	w := newWorld(t, 100, 1000, 1, `
sources:
  one: {ipv4: 192.0.2.1, hello: one.example}
  two: {ipv4: 192.0.2.2}
  new: {ipv4: 192.0.2.3, warm_up: w, since: 2026-03-01}
pools: {default: [one*2, two], fresh: [new]}
warm_ups: {w: [2, 3]}
default: {connections: 3}`)
	w.put(some("t", "a"))
	w.want("one source tries", w.begins(), "t:a×1@one")
	w.end("a", true)
	w.put(some("t", "a×6"))
	w.want("by weight, each with its own limit", w.begins(), "t:a×1@one t:a×1@two t:a×1@one t:a×1@one t:a×1@two t:a×1@two")

	fresh := some("t", "b×6")
	for i := range fresh {
		fresh[i].Pool = "fresh"
	}
	w.put(fresh[:1])
	w.want("a new source", w.begins(), "t:b×1@new")
	w.end("b", true)
	w.put(fresh[1:2])
	w.want("has two messages today", w.begins(), "t:b×1@new")
	w.end("b", true)
	before := len(w.overflow)
	w.put(fresh[2:])
	if w.begins() != "" || len(w.overflow) != before+4 {
		t.Error("and no more: the rest is set aside")
	}
	w.now = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	w.wake(w.now)
	w.want("until tomorrow", w.feed(map[myodai.ScheduledQueue]int{myodai.ScheduledQueueOf(fresh[0]): 4}), "t:b×2 t:b×2")
}

func TestRate(t *testing.T) {
	w := newWorld(t, 100, 1000, 10, "default: {rate: 4/s}")
	w.known("a").now = t0.Add(time.Second)
	w.put(some("t", "a×9"))
	w.want("a second's worth", w.begins(), "t:a×4")
	w.want("is all for now", w.begins(), "")
	if next := w.wake(w.now); !next.Equal(t0.Add(1250 * time.Millisecond)) {
		t.Errorf("wakes at %v", next)
	}
	w.now = w.now.Add(500 * time.Millisecond)
	w.want("half a second later", w.begins(), "t:a×2")
}

func TestRulesThatChange(t *testing.T) {
	w := newWorld(t, 100, 1000, 1, "default: {connections: 1}")
	w.known("a").put(some("t", "a×3"))
	w.want("one", w.begins(), "t:a×1")
	rules, err := shaping.Parse([]byte("default: {connections: 2}\nsources: {s: {ipv4: 192.0.2.1}}\npools: {default: [s]}"))
	if err != nil {
		t.Fatal(err)
	}
	w.shape(rules, w.now)
	w.want("two more, from a source of its own", w.begins(), "t:a×1@s t:a×1@s")
	w.end("a", true)
}

func TestDrop(t *testing.T) {
	w := newWorld(t, 100, 1000, 10, "")
	list := some("t", "a×3", "b")
	list[1].LeasedUntil = t0.Add(-1)
	list[3].LeasedUntil = t0.Add(-1)
	w.put(list[1:2]).put(list[:1]).put(list[2:])
	if got := len(w.drop(t0)); got != 2 {
		t.Errorf("dropped %d", got)
	}
	if w.waiting != 2 || w.begins() != "t:a×2" {
		t.Errorf("left %+v", w.lanes)
	}
}

// TestMessagesOfOneConnection counts what a job takes: so many messages, each with
// as many of its recipients as stand side by side and the site takes at a time.
func TestMessagesOfOneConnection(t *testing.T) {
	for _, tt := range []struct{ messages, want string }{
		{"abcdefgh", "a.example×3"}, {"aaaabbbb", "a.example×6"}, {"abababab", "a.example×3"}, {"aaaaaaaa", "a.example×6"}, {"a", "a.example×1"},
		{"aabccc", "a.example×5"}, {"", "a.example×0"},
	} {
		w := newWorld(t, 10, 1000, 100, "default: {connections: 1, messages: 3, recipients: 2}").known("a.example")
		list := some("t", fmt.Sprintf("a.example×%d", len(tt.messages)))
		for i := range list {
			list[i].MessageID = myodai.MessageID(tt.messages[i : i+1])
			list[i].ReturnPath.Local = tt.messages[i : i+1]
		}
		want := "t:" + tt.want
		if tt.messages == "" {
			want = ""
		}
		if got := w.put(list).begins(); got != want {
			t.Errorf("%s: %s, want %s", tt.messages, got, want)
		}
	}
}
