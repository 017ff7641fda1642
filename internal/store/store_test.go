package store_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// masterKey is the master key of every database of the tests.
var masterKey = [32]byte{0: 'm', 15: 0xff, 31: 'k'}

// t0 is when the tests begin.
var t0 = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

// each runs a test on every database there is, migrated and empty.
func each(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	eachURL(t, func(t *testing.T, url string) {
		s := open(t, url)
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		test(t, s)
	})
}

// eachURL runs a test on every database there is, without anything in it.
func eachURL(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, filepath.Join(t.TempDir(), "myodai #1?.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newPostgres(t))
	})
}

// postgres is one database for all tests, on the server of
// MYODAI_TEST_POSTGRES. Every test has a schema of its own in it, because making
// a database takes most of a second on a busy machine.
var postgres struct {
	once  sync.Once
	admin *sql.DB // connected to the server's own database
	url   *url.URL
	name  string
	err   error
}

func TestMain(m *testing.M) {
	flag.Parse()
	status := m.Run()
	if postgres.url != nil {
		if _, err := postgres.admin.Exec("drop database " + postgres.name + " with (force)"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

func createPostgres() {
	server := os.Getenv("MYODAI_TEST_POSTGRES")
	u, err := url.Parse(server)
	if err != nil {
		postgres.err = err
		return
	}
	if postgres.admin, postgres.err = sql.Open("pgx", server); postgres.err != nil {
		return
	}
	postgres.name = "myodai_test_" + strings.ToLower(rand.Text())
	_, postgres.err = postgres.admin.Exec("create database " + postgres.name + " template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'")
	if postgres.err == nil {
		u.Path = "/" + postgres.name
		postgres.url = u
	}
}

// newPostgres is the URL of an empty schema on a PostgreSQL server.
func newPostgres(t *testing.T) string {
	t.Helper()
	if os.Getenv("MYODAI_TEST_POSTGRES") == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("MYODAI_TEST_POSTGRES names no server, and CI must test on PostgreSQL")
		}
		t.Skip("MYODAI_TEST_POSTGRES names no server")
	}
	postgres.once.Do(createPostgres)
	ok(t, postgres.err)
	schema := "test_" + strings.ToLower(rand.Text())
	u := *postgres.url
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	db, err := sql.Open("pgx", u.String())
	ok(t, err)
	exec(t, db, "create schema "+schema)
	ok(t, db.Close())
	return u.String()
}

func open(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, Key: masterKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// raw opens a database past the store, as its administrator would.
func raw(t *testing.T, url string) *sql.DB {
	t.Helper()
	driver, dsn := "pgx", url
	if !strings.HasPrefix(url, "postgres://") {
		driver, dsn = "sqlite", "file:"+strings.NewReplacer("#", "%23", "?", "%3f", " ", "%20").Replace(url)+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// code is the code of a refusal, or "" for any other error and none.
func code(err error) myodai.Code {
	if refusal, ok := errors.AsType[*myodai.Error](err); ok {
		return refusal.Code
	}
	return ""
}

// wantCode fails unless err is a refusal with the given code.
func wantCode(t *testing.T, err error, want myodai.Code) {
	t.Helper()
	if code(err) != want {
		t.Errorf("got error %v, want a refusal with code %s", err, want)
	}
}

// ok stops the test at an error.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must returns v and stops the test at an error.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// same fails unless got and want are deeply equal.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// every reads a list to its end in pages of two.
func every[T any](t *testing.T, list func(page myodai.Page) ([]T, string, error)) []T {
	t.Helper()
	var entries []T
	page := myodai.Page{Limit: 2}
	for {
		some, next, err := list(page)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, some...)
		if next == "" {
			return entries
		}
		if len(some) != 2 || next == page.After {
			t.Fatalf("page of %d entries after %q ends with cursor %q", len(some), page.After, next)
		}
		page.After = next
	}
}

// newTenant adds an active tenant.
func newTenant(t *testing.T, s *store.Store) myodai.Tenant {
	t.Helper()
	tenant := myodai.Tenant{
		ID: myodai.NewID[myodai.TenantID](t0, rand.Reader), Name: "Größe & Söhne", State: myodai.TenantActive, CreatedAt: t0,
	}
	ok(t, s.CreateTenant(t.Context(), tenant, event(tenant.ID, myodai.EventTenantCreated, t0)))
	return tenant
}

// newDomain adds a verified domain with two keys, an active one with selector
// s1 and one in reserve.
func newDomain(t *testing.T, s *store.Store, tenant myodai.TenantID, name myodai.Name) myodai.Domain {
	t.Helper()
	d := draftDomain(tenant, name)
	keys := []myodai.NewKey{newKey(t, "s1-"+d.Tag(), myodai.KeyActive), newKey(t, "s2-"+d.Tag(), myodai.KeyStandby)}
	ok(t, s.CreateDomain(t.Context(), d, keys, event(tenant, myodai.EventDomainRegistered, t0)))
	return d
}

func draftDomain(tenant myodai.TenantID, name myodai.Name) myodai.Domain {
	return myodai.Domain{
		ID: myodai.NewID[myodai.DomainID](t0, rand.Reader), TenantID: tenant, Name: name,
		State: myodai.DomainVerified, Token: myodai.NewToken(rand.Reader),
		Shape: myodai.ShapeCNAME, Shapes: map[myodai.Name]myodai.Shape{name.Child("mail"): myodai.ShapeTXT},
		ReturnPath: name.Child("mail"), RootSPF: true, ReportAddress: "dmarc@" + string(name),
		RegisteredAt: t0, VerifiedAt: t0.Add(time.Minute), FailedChecks: 1, Notices: 2,
		CheckedAt: t0.Add(time.Minute), NextCheckAt: t0.Add(time.Hour), ChangedAt: t0,
	}
}

// newKey makes an Ed25519 key pair, which is quick.
func newKey(t *testing.T, selector string, state myodai.KeyState) myodai.NewKey {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	ok(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	ok(t, err)
	return myodai.NewKey{Private: der, Key: myodai.Key{
		ID: myodai.NewID[myodai.KeyID](t0, rand.Reader), Selector: selector, Algorithm: myodai.KeyEd25519,
		Public: base64.StdEncoding.EncodeToString(public), State: state, CreatedAt: t0,
	}}
}

// publicOf is the public half of a signer, as in p=.
func publicOf(t *testing.T, key crypto.Signer) string {
	t.Helper()
	public, is := key.Public().(ed25519.PublicKey)
	if !is {
		t.Fatalf("the key is a %T", key)
	}
	return base64.StdEncoding.EncodeToString(public)
}

func event(tenant myodai.TenantID, kind myodai.EventKind, at time.Time) myodai.Event {
	return myodai.Event{ID: myodai.NewID[myodai.EventID](at, rand.Reader), TenantID: tenant, Kind: kind, At: at, Data: map[string]any{}}
}

// letter is a message of d to the recipients, accepted at the instant at.
func letter(d myodai.Domain, at time.Time, recipients ...myodai.Address) myodai.Accepted {
	m := myodai.Message{
		ID: myodai.NewID[myodai.MessageID](at, rand.Reader), TenantID: d.TenantID, DomainID: d.ID,
		CredentialID: myodai.NewID[myodai.CredentialID](at, rand.Reader),
		From:         myodai.Address{Local: "news", Domain: d.Name}, Subject: "認証のご案内", HeaderID: "<1@" + string(d.Name) + ">",
		Size: 21, AcceptedAt: at, ExpiresAt: at.Add(72 * time.Hour),
	}
	a := myodai.Accepted{Message: m, Body: []byte("Subject: x\r\n\r\nHello\r\n")}
	for _, rcpt := range recipients {
		delivery := myodai.Delivery{
			ID: myodai.NewID[myodai.DeliveryID](at, rand.Reader), TenantID: d.TenantID, MessageID: m.ID, Recipient: rcpt,
			ReturnPath: myodai.Address{Local: "b-token", Domain: d.ReturnPath}, State: myodai.DeliveryAccepted,
			DueAt: at, QueuedAt: at, ExpiresAt: m.ExpiresAt,
		}
		a.Deliveries = append(a.Deliveries, delivery)
		e := event(d.TenantID, myodai.EventMessageAccepted, at)
		e.DomainID, e.MessageID, e.DeliveryID = d.ID, m.ID, delivery.ID
		e.Data = map[string]any{"recipient": rcpt.String()}
		a.Events = append(a.Events, e)
	}
	return a
}

// accept takes in a message.
func accept(t *testing.T, s *store.Store, a myodai.Accepted) {
	t.Helper()
	_, repeated, err := s.Accept(t.Context(), a)
	if err != nil || repeated {
		t.Fatalf("Accept: repeated %t, error %v", repeated, err)
	}
}

func rcpt(local string, domain myodai.Name) myodai.Address {
	return myodai.Address{Local: local, Domain: domain}
}

// finished is what an attempt at d ended in.
func finished(d myodai.Delivery, state myodai.DeliveryState, at time.Time) myodai.Finished {
	outcome := myodai.Outcome{
		Kind: myodai.OutcomeTransient, Code: 451, Enhanced: "4.7.1", Text: "greylisted, come back later",
		Host: "mx.example.net", Address: "192.0.2.25:25", TLS: "TLS 1.3, certificate not verified",
		Dialogue: "S: 220 mx.example.net ESMTP\nC: EHLO out.plat.example\n", At: at, Took: time.Second,
	}
	if state == myodai.DeliveryDelivered {
		outcome.Kind, outcome.Code, outcome.Enhanced, outcome.Text = myodai.OutcomeDelivered, 250, "2.0.0", "queued"
	}
	f := myodai.Finished{Delivery: d}
	f.Delivery.State, f.Delivery.DueAt, f.Delivery.Last = state, at.Add(5*time.Minute), outcome
	f.Attempt = myodai.Attempt{
		ID: myodai.NewID[myodai.AttemptID](at, rand.Reader), TenantID: d.TenantID, DeliveryID: d.ID, Number: d.Attempts, Outcome: outcome,
	}
	e := event(d.TenantID, myodai.EventMessageDeferred, at)
	e.MessageID, e.DeliveryID = d.MessageID, d.ID
	f.Events = []myodai.Event{e}
	return f
}

// kinds counts the events of a tenant by kind.
func kinds(t *testing.T, s *store.Store, tenant myodai.TenantID) map[myodai.EventKind]int {
	t.Helper()
	count := map[myodai.EventKind]int{}
	for _, e := range every(t, func(p myodai.Page) ([]myodai.Event, string, error) { return s.Events(t.Context(), tenant, p) }) {
		count[e.Kind]++
	}
	return count
}

func TestPing(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ok(t, s.Ping(t.Context()))
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Ping(canceled); !errors.Is(err, context.Canceled) {
			t.Errorf("Ping with a canceled context = %v", err)
		}
	})
}

// The seam counts on $n being a number in both drivers, not a name that is
// bound in the order of its first appearance (docs/decisions/0004-one-sql.md).
func TestPlaceholdersAreNumbers(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		var got [3]int
		err := raw(t, url).QueryRow(`select cast($2 as bigint), cast($1 as bigint), cast($2 as bigint)`, 10, 20).Scan(&got[0], &got[1], &got[2])
		ok(t, err)
		if want := [3]int{20, 10, 20}; got != want {
			t.Errorf("select $2, $1, $2 with 10 and 20 = %v, want %v", got, want)
		}
	})
}

func TestFileOfDatabaseIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "myodai.db")
	must(open(t, path).Migrate(t.Context()))(t)
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		ok(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", filepath.Base(name), info.Mode().Perm())
		}
	}
}

func TestOpenRefusesNothing(t *testing.T) {
	_, err := store.Open(t.Context(), store.Options{Key: masterKey})
	wantCode(t, err, myodai.CodeInvalid)
}

// A password in the URL must not reach a log through an error (T66).
func TestBrokenURLIsNotRepeated(t *testing.T) {
	for _, url := range []string{
		"postgres://u:hunter2@[::1/x",
		"postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=1",
		"postgres://u:hunter2@127.0.0.1:notaport/x",
	} {
		_, err := store.Open(t.Context(), store.Options{URL: url, Key: masterKey})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q) = %v", url, err)
		}
	}
}
