package track_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
	"github.com/myodai/myodai/internal/track"
)

// shop is a tenant with mail of two recipients that has been accepted.
type shop struct {
	*store.Store
	away     atomic.Bool // the database does not answer
	commits  atomic.Int64
	lose     atomic.Bool // commits are made, and their success is not heard of
	tenant   myodai.TenantID
	accepted myodai.Accepted
}

var errAway = errors.New("the database is away")

func (s *shop) SuspendedTenants(ctx context.Context) ([]myodai.TenantID, error) {
	if s.away.Load() {
		return nil, errAway
	}
	return s.Store.SuspendedTenants(ctx)
}

func (s *shop) Delivered(ctx context.Context, c []myodai.Copy) (map[myodai.Copy]time.Time, error) {
	if s.away.Load() {
		return nil, errAway
	}
	return s.Store.Delivered(ctx, c)
}

func (s *shop) RecordVisits(ctx context.Context, list []myodai.Visit, tell func(myodai.Visit) []myodai.Event) error {
	if s.away.Load() {
		return errAway
	}
	s.commits.Add(1)
	if err := s.Store.RecordVisits(ctx, list, tell); err != nil || !s.lose.Load() {
		return err
	}
	return errAway
}

func (s *shop) Unsubscribe(ctx context.Context, u myodai.Unsubscription, id myodai.SuppressionID,
	tell func(myodai.Unsubscription, myodai.Address) []myodai.Event) error {
	if s.away.Load() {
		return errAway
	}
	return s.Store.Unsubscribe(ctx, u, id, tell)
}

func newShop(t *testing.T) *shop {
	t.Helper()
	ctx, now := t.Context(), time.Now().Add(-time.Hour)
	s := &shop{}
	var err error
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s.Store, err = store.Open(ctx, store.Options{URL: filepath.Join(t.TempDir(), "db"), Key: [32]byte{1}})
	check(err)
	t.Cleanup(func() { _ = s.Close() })
	_, err = s.Migrate(ctx)
	check(err)
	s.tenant = myodai.NewID[myodai.TenantID](now, rand.Reader)
	check(s.CreateTenant(ctx, myodai.Tenant{ID: s.tenant, Name: "Shop", State: myodai.TenantActive, CreatedAt: now}))
	d := myodai.Domain{
		ID: myodai.NewID[myodai.DomainID](now, rand.Reader), TenantID: s.tenant, Name: author, State: myodai.DomainVerified,
		Token: myodai.NewToken(rand.Reader), Shape: myodai.ShapeCNAME, ReturnPath: author.Child("bounce"), RegisteredAt: now, VerifiedAt: now,
	}
	check(s.CreateDomain(ctx, d, nil))
	m := myodai.Message{
		ID: myodai.NewID[myodai.MessageID](now, rand.Reader), TenantID: s.tenant, DomainID: d.ID, Basis: myodai.BasisDomain,
		CredentialID: "crd_x", Class: myodai.ClassMarketing, From: myodai.Address{Local: "news", Domain: author}, AcceptedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	s.accepted = myodai.Accepted{Message: m, Body: []byte("x")}
	for _, local := range []string{"a", "b"} {
		s.accepted.Deliveries = append(s.accepted.Deliveries, myodai.Delivery{
			ID: myodai.NewID[myodai.DeliveryID](now, rand.Reader), TenantID: s.tenant, MessageID: m.ID, State: myodai.DeliveryAccepted,
			Recipient: myodai.Address{Local: local, Domain: "example.net"}, DueAt: now, QueuedAt: now, ExpiresAt: m.ExpiresAt,
		})
	}
	_, _, err = s.Accept(ctx, s.accepted)
	check(err)
	return s
}

func (s *shop) copy(i int) myodai.Copy {
	return myodai.Copy{TenantID: s.tenant, MessageID: s.accepted.Message.ID, DeliveryID: s.accepted.Deliveries[i].ID}
}

func (s *shop) stats(t *testing.T) myodai.VisitStats {
	t.Helper()
	stats, err := s.MessageVisits(t.Context(), s.tenant, s.accepted.Message.ID)
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

// Clicks lead on while the database is away, and each is in the store once
// afterwards, though the process was restarted and commits were made of which
// nobody heard.
func TestVisitsArriveOnce(t *testing.T) {
	db := newShop(t)
	dir := t.TempDir()
	s := newServer(t, track.Options{Store: db, Dir: dir, Settle: 1})
	const count = 600
	var visitors sync.WaitGroup
	for side := range 6 {
		visitors.Go(func() {
			for i := range count / 6 {
				db.away.Store(i > 20)
				path := s.MakeLink(platform, db.copy(side%2), fmt.Sprintf("https://shop.example/%d", i%7))
				if r := request(s, "GET", platform, path); r.StatusCode != http.StatusFound {
					t.Errorf("a click: %s", r.Status)
				}
			}
		})
	}
	visitors.Wait()
	db.away.Store(true)
	s.DrainNow(t.Context())
	if n := db.stats(t).Clicks.People; n != 0 {
		t.Errorf("%d clicks came while the database was away", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db.away.Store(false)
	db.lose.Store(true)
	again := newServer(t, track.Options{Store: db, Dir: dir, Settle: 1})
	again.DrainNow(t.Context())
	again.DrainNow(t.Context())
	db.lose.Store(false)
	again.DrainNow(t.Context())
	again.DrainNow(t.Context())
	stats := db.stats(t)
	if n := stats.Clicks.People + stats.Clicks.Machines; n != count || len(stats.Links) != 7 {
		t.Errorf("%d clicks on %d links, want %d on 7", n, len(stats.Links), count)
	}
	events, _, err := db.Events(t.Context(), db.tenant, myodai.Page{Limit: 200})
	if err != nil || events[0].Kind != myodai.EventMessageClicked || events[0].Data["url"] == "" {
		t.Errorf("%v, %v", events, err)
	}
}

// A visit that is not old enough waits, because those that come after it say
// what it is worth.
func TestVisitsSettle(t *testing.T) {
	db := newShop(t)
	s := newServer(t, track.Options{Store: db, Settle: time.Hour})
	request(s, "GET", platform, s.MakeLink(platform, db.copy(0), "https://shop.example/"))
	s.DrainNow(t.Context())
	if n := db.commits.Load(); n != 0 {
		t.Errorf("%d commits", n)
	}
}

// post presses a button, or is a mail program's one click.
func post(s http.Handler, host myodai.Name, path, contentType, form string) *http.Response {
	r := httptest.NewRequest("POST", path, strings.NewReader(form))
	r.Host = string(host)
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

const urlencoded = "application/x-www-form-urlencoded"

// T44: only who presses unsubscribes.
func TestUnsubscribe(t *testing.T) {
	db := newShop(t)
	s := newServer(t, track.Options{Store: db})
	list, oneClick := s.UnsubscribeFields(db.copy(0), author, author.Child("bounce"), myodai.ClassMarketing)
	if oneClick != "List-Unsubscribe=One-Click" {
		t.Errorf("List-Unsubscribe-Post: %s", oneClick)
	}
	u, err := url.Parse(list[1:strings.IndexByte(list, '>')])
	if err != nil || u.Scheme != "https" || u.Host != string(platform) {
		t.Fatalf("%s: %v", list, err)
	}
	path := u.Path
	suppressed := func() bool {
		t.Helper()
		s.DrainNow(t.Context())
		return db.suppresses(t, db.accepted.Deliveries[0].Recipient)
	}
	for range 100 {
		calm(t, "GET", request(s, "GET", platform, path), http.StatusOK, "配信を停止する", "Stop this mail", `method="post"`)
		request(s, "HEAD", platform, path)
	}
	for _, nothing := range []struct{ contentType, form string }{
		{urlencoded, ""}, {urlencoded, "List-Unsubscribe=Yes"}, {"text/plain", "List-Unsubscribe=One-Click"}, {urlencoded, "wish="}, {urlencoded, "wish=unsubscribe"},
		{"multipart/form-data", "List-Unsubscribe=One-Click"}, {urlencoded, strings.Repeat("x", 9000) + "&List-Unsubscribe=One-Click"}, {"", "x"},
	} {
		calm(t, "POST "+nothing.form[:min(9, len(nothing.form))], post(s, platform, path, nothing.contentType, nothing.form), http.StatusBadRequest)
	}
	for _, forged := range []string{path[:len(path)-1], path + "x", "/u/", "/u/x", strings.Replace(path, "/u/", "/c/", 1)} {
		r := post(s, platform, forged, urlencoded, "List-Unsubscribe=One-Click")
		calm(t, forged, r, r.StatusCode)
		if r.StatusCode < 400 {
			t.Errorf("forged %s: %s", forged, r.Status)
		}
	}
	if suppressed() {
		t.Fatal("somebody was unsubscribed who pressed nothing")
	}
	multipart := "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"
	for _, press := range []struct{ contentType, form string }{
		{urlencoded, "List-Unsubscribe=One-Click"}, {"multipart/form-data; boundary=b", multipart}, {urlencoded, "wish=unsubscribe&sure=yes"},
	} {
		for range 2 {
			calm(t, "press", post(s, platform, path, press.contentType, press.form), http.StatusOK, "配信を停止しました", "This mail has been stopped", `value="undo"`)
		}
		if !suppressed() {
			t.Errorf("%s: not unsubscribed", press.form)
		}
		calm(t, "undo", post(s, platform, path, urlencoded, "wish=undo"), http.StatusOK, "配信を再開しました", "You will get this mail again")
		if suppressed() {
			t.Errorf("%s: not undone", press.form)
		}
	}
	kinds := map[myodai.EventKind]int{}
	events, _, err := db.Events(t.Context(), db.tenant, myodai.Page{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		kinds[e.Kind]++
	}
	if kinds[myodai.EventMessageUnsubscribed] != 3 || kinds[myodai.EventMessageResubscribed] != 3 {
		t.Errorf("events %v", kinds)
	}
}

// suppresses reports whether the address is on the list.
func (s *shop) suppresses(t *testing.T, a myodai.Address) bool {
	t.Helper()
	list, _, err := s.Suppressions(t.Context(), s.tenant, store.SuppressionFilter{}, myodai.Page{})
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range list {
		if entry.Address == a && entry.Reason == myodai.SuppressionUnsubscribed {
			return true
		}
	}
	return false
}

// A wish is not answered before it is durable, and waits for the database.
func TestUnsubscribeWhileTheDatabaseIsAway(t *testing.T) {
	db := newShop(t)
	s := newServer(t, track.Options{Store: db})
	list, _ := s.UnsubscribeFields(db.copy(1), author, author.Child("bounce"), myodai.ClassMarketing)
	path := list[strings.Index(list, "/u/"):strings.IndexByte(list, '>')]
	db.away.Store(true)
	if r := post(s, platform, path, urlencoded, "List-Unsubscribe=One-Click"); r.StatusCode != http.StatusOK {
		t.Errorf("away: %s", r.Status)
	}
	s.DrainNow(t.Context())
	db.away.Store(false)
	s.DrainNow(t.Context())
	if !db.suppresses(t, db.accepted.Deliveries[1].Recipient) {
		t.Error("not unsubscribed when the database was back")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r := post(s, platform, path, urlencoded, "List-Unsubscribe=One-Click")
	calm(t, "when nothing can be kept", r, http.StatusServiceUnavailable, "ただいま受け付けられません", "Please try again")
	if r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// The address in the mailto: form is one delivery's, in any case, and nobody can
// make one.
func TestUnsubscribeByMail(t *testing.T) {
	db := newShop(t)
	s := newServer(t, track.Options{Store: db})
	list, _ := s.UnsubscribeFields(db.copy(0), author, "bounce.shop.example", myodai.ClassMarketing)
	_, text, _ := strings.Cut(list, "<mailto:")
	text, subject, _ := strings.Cut(text, "?")
	a, err := myodai.ParseAddress(text)
	if err != nil || subject != "subject=unsubscribe>" || len(a.Local) > 64 || a.Domain != "bounce.shop.example" {
		t.Fatalf("%s: %v", list, err)
	}
	now := time.Now()
	for _, local := range []string{a.Local, strings.ToUpper(a.Local)} {
		if id, ok := s.ReadMail(myodai.Address{Local: local, Domain: "anywhere.example"}, now); !ok || id != db.copy(0).DeliveryID {
			t.Errorf("%s is of %s, %t", local, id, ok)
		}
	}
	for _, local := range []string{
		"", "u-", "b" + a.Local[1:], a.Local[:len(a.Local)-1] + "0", a.Local[:len(a.Local)-1], a.Local + "0", "u-" + a.Local[29:] + "-" + a.Local[2:28],
	} {
		if id, ok := s.ReadMail(myodai.Address{Local: local, Domain: "x.example"}, now); ok && local != a.Local {
			t.Errorf("%q is of %s", local, id)
		}
	}
	if _, ok := s.ReadMail(a, now.Add(200*24*time.Hour)); ok {
		t.Error("the address is read for ever")
	}
	if err := s.UnsubscribeMail(t.Context(), db.copy(0).DeliveryID, now); err != nil {
		t.Fatal(err)
	}
	s.DrainNow(t.Context())
	if !db.suppresses(t, db.accepted.Deliveries[0].Recipient) {
		t.Error("not unsubscribed")
	}
}

// The server does all that by itself, and ends when it is told to.
func TestRun(t *testing.T) {
	db := newShop(t)
	s := newServer(t, track.Options{Store: db, Settle: 1})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	server := httptest.NewServer(s)
	defer server.Close()
	r, err := http.NewRequest("GET", server.URL+s.MakeOpen(platform, db.copy(0)), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = string(platform)
	r.Header.Set("User-Agent", firefox)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	deadline := time.After(20 * time.Second)
	for look := time.NewTicker(50 * time.Millisecond); db.stats(t).Opens.People != 1; {
		select {
		case <-look.C:
		case <-deadline:
			t.Fatalf("%+v", db.stats(t))
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
