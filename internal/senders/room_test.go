package senders_test

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/senders"
	"github.com/myodai/myodai/internal/store"
	"github.com/myodai/myodai/internal/submission"
)

// room is the engine with its real neighbors: SQLite and the engine that takes
// mail in. What DNS says of DMARC is a table.
type room struct {
	*senders.Service
	t       *testing.T
	store   *store.Store
	sending *submission.Engine
	dmarc   map[myodai.Name]string // by the record's owner; "?" for nobody answers
	mails   []myodai.OwnMail
}

func newRoom(t *testing.T, p myodai.Policy) *room {
	t.Helper()
	r := &room{t: t, dmarc: map[myodai.Name]string{}}
	var err error
	if r.store, err = store.Open(t.Context(), store.Options{URL: filepath.Join(t.TempDir(), "myodai.db"), Key: [32]byte{1}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.store.Close() })
	if _, err := r.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.store.SetPolicy(t.Context(), "", p); err != nil {
		t.Fatal(err)
	}
	r.sending = submission.New(submission.Options{Store: r.store, Addresses: r.store, Random: rand.Reader, MailHost: "mail.plat.example"})
	r.Service = senders.New(senders.Options{
		Store: r.store, Owner: r.sending.Owner, Lookup: r.lookup, Zone: "plat.example", Platform: "Plat", BaseURL: "https://plat.example", Random: rand.Reader,
		Send: func(_ context.Context, m myodai.OwnMail) (myodai.MessageID, error) {
			r.mails = append(r.mails, m)
			return "msg_1", nil
		},
	})
	return r
}

func (r *room) lookup(_ context.Context, name myodai.Name, t myodai.RecordType) myodai.Answer {
	a := myodai.Answer{Question: myodai.Question{Name: name, Type: t}, RCode: "NOERROR", Authoritative: true}
	switch txt, ok := r.dmarc[name]; {
	case t == myodai.TypeTXT && txt == "?":
		return myodai.Answer{Question: a.Question, Err: "nobody answers"}
	case t == myodai.TypeTXT && ok:
		a.Records = []myodai.Record{{Name: name, Type: t, Data: txt}}
	default:
		a.Authority = []myodai.Record{{Type: myodai.TypeSOA}}
	}
	return a
}

func (r *room) tenant(name string) senders.Asking {
	r.t.Helper()
	now := time.Now()
	tenant := myodai.Tenant{ID: myodai.NewID[myodai.TenantID](now, rand.Reader), Name: name, State: myodai.TenantActive, CreatedAt: now}
	if err := r.store.CreateTenant(r.t.Context(), tenant); err != nil {
		r.t.Fatal(err)
	}
	return senders.Asking{Tenant: tenant.ID}
}

// verify gives a tenant a verified domain.
func (r *room) verify(who senders.Asking, name myodai.Name) {
	r.t.Helper()
	now := time.Now()
	d := myodai.Domain{
		ID: myodai.NewID[myodai.DomainID](now, rand.Reader), TenantID: who.Tenant, Name: name, State: myodai.DomainVerified,
		Token: myodai.NewToken(rand.Reader), Shape: myodai.ShapeCNAME, ReturnPath: "bounce." + name, RegisteredAt: now, NextCheckAt: now.Add(time.Hour),
	}
	if err := r.store.CreateDomain(r.t.Context(), d, nil); err != nil {
		r.t.Fatal(err)
	}
}

// register registers an address, with the refusal when it cannot be.
func (r *room) register(who senders.Asking, label, address string) (senders.Registered, *myodai.Error) {
	r.t.Helper()
	got, err := r.Register(r.t.Context(), who, senders.Registration{Label: &label, Address: &address})
	return got, r.refusal(err)
}

// confirm agrees to the newest mail as the tenant.
func (r *room) confirm(who senders.Asking) *myodai.Error {
	r.t.Helper()
	token := regexp.MustCompile(`/confirm/(\S+)`).FindStringSubmatch(r.mails[len(r.mails)-1].Text)[1]
	_, err := r.Confirm(r.t.Context(), token, who.Tenant, "")
	return r.refusal(err)
}

func (r *room) refusal(err error) *myodai.Error {
	r.t.Helper()
	refusal, ok := errors.AsType[*myodai.Error](err)
	if err != nil && !ok {
		r.t.Fatal(err)
	}
	return refusal
}
