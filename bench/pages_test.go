package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/console"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/hygiene"
	plans "github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/senders"
	"github.com/myodai/myodai/internal/store"
	"github.com/myodai/myodai/internal/submission"
	"github.com/myodai/myodai/internal/webhook"
)

// BenchmarkPages asks for every page of the console, as an owner of the busiest
// tenant and as an operator, with 10,000 domains of 1,000 tenants and 1,000,000
// messages on SQLite, of which one tenant has half. It logs the median and the
// 99th percentile of each page, the CPU time of both sides, and what it weighs on
// the wire, and reports the worst. One round asks for all pages once: -benchtime 100x.
func BenchmarkPages(b *testing.B) {
	h := newPagesHouse(b)
	took, weight, cpu := map[string][]time.Duration{}, map[string]int{}, map[string]time.Duration{}
	// Asked once before: what is remembered is remembered in service, too. Pages
	// that need a ticket answer that there is none, and are left out.
	list := slices.DeleteFunc(h.pages(b), func(p askedPage) bool { return h.get(b, p) == 0 })
	for b.Loop() {
		for _, p := range list {
			began, before := time.Now(), busy()
			n := h.get(b, p)
			cpu[p.path] += busy() - before
			took[p.path] = append(took[p.path], time.Since(began))
			weight[p.path] = n
		}
	}
	var worst50, worst99, dearest time.Duration
	heaviest := 0
	slices.SortFunc(list, func(x, y askedPage) int { return cmp.Compare(median(took[y.path]), median(took[x.path])) })
	for _, p := range list {
		all := took[p.path]
		slices.Sort(all)
		p50, p99 := median(all), all[len(all)*99/100]
		fmt.Printf("%-58s p50 %8s  p99 %8s  CPU %8s  %6.1f KiB\n", p.pattern,
			p50.Round(10*time.Microsecond), p99.Round(10*time.Microsecond), (cpu[p.path] / time.Duration(len(all))).Round(10*time.Microsecond), float64(weight[p.path])/1024)
		dearest = max(dearest, cpu[p.path]/time.Duration(len(all)))
		worst50, worst99, heaviest = max(worst50, p50), max(worst99, p99), max(heaviest, weight[p.path])
	}
	b.ReportMetric(float64(worst50.Microseconds())/1000, "ms-worst-p50")
	b.ReportMetric(float64(worst99.Microseconds())/1000, "ms-worst-p99")
	b.ReportMetric(float64(dearest.Microseconds())/1000, "ms-CPU-dearest")
	b.ReportMetric(float64(heaviest)/1024, "KiB-heaviest")
	b.ReportMetric(float64(len(list)), "pages")
}

// busy is the CPU time of this process so far, which neighbors of a busy machine
// disturb less than the clock.
func busy() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func median(list []time.Duration) time.Duration {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// pagesHouse is a console over a large database, with an owner and an operator
// who are signed in.
type pagesHouse struct {
	console  *console.Server
	url      string
	tenant   myodai.TenantID
	owner    *http.Client
	operator *http.Client
	mails    []myodai.OwnMail
}

func (h *pagesHouse) keep(_ context.Context, m myodai.OwnMail) (myodai.MessageID, error) {
	h.mails = append(h.mails, m)
	return "msg_1", nil
}

func newPagesHouse(b *testing.B) *pagesHouse {
	h := &pagesHouse{tenant: myodai.TenantID(filledID("ten", 1))}
	at := filepath.Join(b.TempDir(), "myodai.db")
	open := func() *store.Store {
		s, err := store.Open(b.Context(), store.Options{URL: at})
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	s := open()
	if _, err := s.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	fillPages(b, at)
	info, _ := os.Stat(at)
	b.Logf("filled %d MiB in %s", info.Size()>>20, time.Since(began).Round(time.Second))
	s = open()
	b.Cleanup(func() { _ = s.Close() })
	if err := s.SumDeliveryHours(b.Context(), time.Now().Add(-24*time.Hour)); err != nil {
		b.Fatal(err)
	}
	door := httptest.NewServer(nil)
	b.Cleanup(door.Close)
	h.url = door.URL
	people := h.open(b, s)
	door.Config.Handler = h.console
	h.operator = h.signUp(b, h.firstOperator(b, people), "op@plat.example")
	h.owner = h.signUp(b, h.invited(b, people), "owner@acme.example")
	return h
}

// open makes the console with every room it shows.
func (h *pagesHouse) open(b *testing.B, s *store.Store) *access.Service {
	log := slog.New(slog.DiscardHandler)
	nobody := func(context.Context, myodai.Name, myodai.RecordType) myodai.Answer { return myodai.Answer{} }
	site := plans.Site{
		Zone: "plat.example", MailHost: "mail.plat.example", NameServers: []myodai.Name{"ns1.plat.example"},
		Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
	}
	people := access.New(access.Options{
		Store: s, People: s, Random: rand.Reader, BaseURL: h.url, Log: log, Send: h.keep, Cost: access.Cost{Time: 1, Memory: 64, Threads: 1},
	})
	b.Cleanup(people.Wait)
	sending := submission.New(submission.Options{Store: s, Holds: s, Addresses: s, Random: rand.Reader, MailHost: site.MailHost})
	engine := domains.New(domains.Options{Store: s, Site: site, Random: rand.Reader, Log: log})
	var err error
	h.console, err = console.New(console.Options{
		Store: s, Access: people, Submission: sending, Random: rand.Reader, Log: log, BaseURL: h.url, Lookup: nobody,
		Domains:  engine,
		Handover: domains.NewHandover(domains.HandoverOptions{Domains: engine, Tenants: s, Send: h.keep}),
		Tracking: domains.NewTracking(domains.TrackingOptions{Store: s, Site: site, Random: rand.Reader, Log: log}),
		Senders:  senders.New(senders.Options{Store: s, Owner: sending.Owner, Zone: site.Zone, BaseURL: h.url, Random: rand.Reader, Lookup: nobody, Send: h.keep}),
		Webhooks: webhook.New(webhook.Options{Store: s, Log: log}),
		Hygiene:  hygiene.New(hygiene.Options{Store: s, Lookup: nobody, Random: rand.Reader, Dir: b.TempDir(), Log: log}),
	})
	if err != nil {
		b.Fatal(err)
	}
	return people
}

func (h *pagesHouse) firstOperator(b *testing.B, people *access.Service) string {
	link, err := people.SetupLink(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return link
}

func (h *pagesHouse) invited(b *testing.B, people *access.Service) string {
	_, err := people.Invite(b.Context(), access.ByCommand(), h.tenant, access.NewInvitation{Email: "owner@acme.example", Role: myodai.RoleOwner, Language: "en"})
	if err != nil {
		b.Fatal(err)
	}
	people.Wait()
	return regexp.MustCompile(`http://\S+`).FindString(h.mails[len(h.mails)-1].Text)
}

// signUp accepts an invitation, in a browser of its own.
func (h *pagesHouse) signUp(b *testing.B, link, email string) *http.Client {
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar}
	resp, err := client.PostForm(link, url.Values{"email": {email}, "name": {"Aiko"}, "language": {"en"}, "password": {"correct horse battery"}})
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatal(resp, err)
	}
	_ = resp.Body.Close()
	return client
}

type askedPage struct {
	pattern, path string
	client        *http.Client
}

// pages are all that can be asked for with what is in the database.
func (h *pagesHouse) pages(b *testing.B) []askedPage {
	fill := strings.NewReplacer("{$}", "", "{domain}", filledID("dom", 1), "{message}", filledID("msg", 1), "{tenant}", string(h.tenant))
	var list []askedPage
	for pattern, who := range h.console.Routes() {
		method, path, _ := strings.Cut(pattern, " ")
		if path = fill.Replace(path); method != http.MethodGet || strings.Contains(path, "{") || strings.HasSuffix(path, "/live") ||
			strings.HasSuffix(path, "/export") || path == "/" {
			continue
		}
		client := h.owner
		if who == "operators" {
			client = h.operator
		}
		list = append(list, askedPage{pattern, path, client})
	}
	for _, search := range []string{"?q=d1.example", "?q=r500@d500.example", "?q=Order+777777", "?state=bounced", "?state=deferred", "?after=" + filledID("msg", 500_000)} {
		list = append(list, askedPage{"GET /messages" + search, "/messages" + search, h.owner})
	}
	if len(list) < 40 {
		b.Fatalf("only %d pages were found", len(list))
	}
	return list
}

// get asks for a page and says how many octets came over the wire; none when there
// is no such page.
func (h *pagesHouse) get(b *testing.B, p askedPage) int {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, h.url+p.path, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	resp, err := p.client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode == http.StatusNotFound {
		return 0
	}
	if err != nil || resp.StatusCode >= http.StatusInternalServerError {
		b.Fatalf("%s = %d, %v", p.path, resp.StatusCode, err)
	}
	return len(body)
}

// filledID is the n-th id of a kind.
func filledID(prefix string, n int) string { return fmt.Sprintf("%s_%026d", prefix, n) }
