package store_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

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
		ID: myodai.NewID[myodai.MessageID](at, rand.Reader), TenantID: d.TenantID, DomainID: d.ID, Basis: myodai.BasisDomain, Class: myodai.ClassMarketing,
		CredentialID: myodai.NewID[myodai.CredentialID](at, rand.Reader),
		From:         myodai.Address{Local: "news", Domain: d.Name}, Subject: "認証のご案内", HeaderID: "<1@" + string(d.Name) + ">",
		Size: 21, AcceptedAt: at, ExpiresAt: at.Add(72 * time.Hour),
	}
	a := myodai.Accepted{Message: m, Body: []byte("Subject: x\r\n\r\nHello\r\n")}
	for _, rcpt := range recipients {
		delivery := myodai.Delivery{
			ID: myodai.NewID[myodai.DeliveryID](at, rand.Reader), TenantID: d.TenantID, MessageID: m.ID, Recipient: rcpt,
			ReturnPath: myodai.Address{Local: "b-token", Domain: d.ReturnPath}, Route: myodai.RouteDelivery, Class: m.Class, State: myodai.DeliveryAccepted,
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

// removal is how the tests take entries off suppression lists; removed is what
// came of it.
var removal = store.Removal{At: t0, By: "crd_1"}

func removed(_ int, err error) error { return err }
