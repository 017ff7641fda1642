package submission_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
	"github.com/myodai/myodai/internal/submission"
)

const (
	shop  myodai.TenantID = "ten_shop"
	rival myodai.TenantID = "ten_rival"
)

// ledger is a store in memory: it keeps what was accepted, and answers for the
// tenants, domains and keys it was given.
type ledger struct {
	mu          sync.Mutex
	tenants     map[myodai.TenantID]myodai.TenantState
	domains     []myodai.Domain
	signers     map[myodai.DomainID][]dkim.Signer // the platform's under ""
	suppressed  map[myodai.Address]myodai.Suppression
	policy      myodai.Policy // over the defaults
	own         myodai.Policy // of every tenant, over policy
	confirmed   []myodai.SenderAddress
	audited     map[myodai.ClassName]bool
	events      []myodai.Event // of what was not accepted
	accepted    []myodai.Accepted
	brokenAt    string // the method that fails, "" for none
	published   map[myodai.Name]string
	acceptCalls int
}

var errDatabase = errors.New("pq: the database system is shutting down")

func (l *ledger) fail(method string) error {
	if l.brokenAt == method {
		return errDatabase
	}
	return nil
}

func (l *ledger) Tenant(_ context.Context, id myodai.TenantID) (myodai.Tenant, error) {
	state, ok := l.tenants[id]
	if !ok {
		return myodai.Tenant{}, myodai.Refuse(myodai.CodeNotFound, "", "no such tenant")
	}
	return myodai.Tenant{ID: id, Name: "Shop GmbH", State: state}, l.fail("Tenant")
}

func (l *ledger) SendingDomains(_ context.Context, names []myodai.Name) ([]myodai.Domain, error) {
	var found []myodai.Domain
	for _, d := range l.domains {
		for _, name := range names {
			if d.Name == name && d.CanSend() && l.tenants[d.TenantID] == myodai.TenantActive {
				found = append(found, d)
			}
		}
	}
	return found, l.fail("SendingDomains")
}

func (l *ledger) DomainNamed(_ context.Context, tenant myodai.TenantID, name myodai.Name) (myodai.Domain, error) {
	for _, d := range l.domains {
		if d.TenantID == tenant && d.Name == name {
			return d, l.fail("DomainNamed")
		}
	}
	return myodai.Domain{}, myodai.Refuse(myodai.CodeNotFound, "", "no such domain")
}

func (l *ledger) Policy(context.Context, myodai.TenantID) (myodai.Policy, error) {
	return myodai.Effective(l.policy, l.own), l.fail("Policy")
}

func (l *ledger) ConfirmedSender(_ context.Context, tenant myodai.TenantID, address myodai.Address) (myodai.SenderAddress, error) {
	for _, a := range l.confirmed {
		if a.TenantID == tenant && a.Address == address && a.Confirmed() {
			return a, nil
		}
	}
	return myodai.SenderAddress{}, myodai.Refuse(myodai.CodeNotFound, "", "not confirmed")
}

func (l *ledger) Suppressed(_ context.Context, tenant myodai.TenantID, class myodai.ClassName, list []myodai.Address, now time.Time) (
	map[myodai.Address]myodai.Suppression, error) {
	found := map[myodai.Address]myodai.Suppression{}
	for _, a := range list {
		if s, ok := l.suppressed[a]; ok && s.TenantID == tenant && s.Counts(class, now) {
			found[a] = s
		}
	}
	return found, l.fail("Suppressed")
}

func (l *ledger) ClaimProbe(_ context.Context, entry myodai.Suppression, delivery myodai.DeliveryID, now time.Time) (bool, error) {
	if err := l.fail("ClaimProbe"); err != nil {
		return false, err
	}
	s := l.suppressed[entry.Address]
	if s.ProbeAt != entry.ProbeAt {
		return false, nil
	}
	s.Probe, s.ProbeAt = delivery, now.Add(s.ProbeAfter)
	l.suppressed[entry.Address] = s
	return true, nil
}

func (l *ledger) ListAuditPassed(_ context.Context, _ myodai.TenantID, class myodai.ClassName) (bool, error) {
	return l.audited[class] || l.audited[""], l.fail("AuditPassed")
}

func (l *ledger) AddEvents(_ context.Context, events ...myodai.Event) error {
	l.events = append(l.events, events...)
	return l.fail("AddEvents")
}

func (l *ledger) Signers(_ context.Context, _ myodai.TenantID, domain myodai.DomainID) ([]dkim.Signer, error) {
	return l.signers[domain], l.fail("Signers")
}

func (l *ledger) Accept(_ context.Context, a myodai.Accepted) (myodai.Message, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acceptCalls++
	if err := l.fail("Accept"); err != nil {
		return myodai.Message{}, false, err
	}
	for _, earlier := range l.accepted {
		if a.IdempotencyKey == "" || a.IdempotencyKey != earlier.IdempotencyKey || a.Message.TenantID != earlier.Message.TenantID {
			continue
		}
		if a.RequestHash != earlier.RequestHash {
			return myodai.Message{}, false, myodai.Refuse(myodai.CodeConflict, "", "the key was used for another request")
		}
		return earlier.Message, true, nil
	}
	a.Body = bytes.Clone(a.Body)
	l.accepted = append(l.accepted, a)
	return a.Message, false, nil
}

func (l *ledger) Deliveries(_ context.Context, _ myodai.TenantID, message myodai.MessageID) ([]myodai.Delivery, error) {
	for _, a := range l.accepted {
		if a.Message.ID == message {
			return a.Deliveries, l.fail("Deliveries")
		}
	}
	return nil, l.fail("Deliveries")
}

// keys are made once: an RSA key takes a while.
var keys = sync.OnceValue(func() (k struct{ rsa, ed25519 crypto.Signer }) {
	var err1, err2 error
	k.rsa, err1 = dkim.GenerateKey(myodai.KeyRSA, rand.Reader)
	k.ed25519, err2 = dkim.GenerateKey(myodai.KeyEd25519, rand.Reader)
	if err := errors.Join(err1, err2); err != nil {
		panic(err)
	}
	return k
})

// newLedger is a world in which the shop has example.com, and its rival
// team.example.com and rival.example.
func newLedger() *ledger {
	l := &ledger{
		tenants: map[myodai.TenantID]myodai.TenantState{shop: myodai.TenantActive, rival: myodai.TenantActive},
		domains: []myodai.Domain{
			domain(shop, "example.com", myodai.DomainVerified),
			domain(shop, "atrisk.example", myodai.DomainAtRisk),
			domain(shop, "pending.example", myodai.DomainPending),
			domain(shop, "suspended.example", myodai.DomainSuspended),
			domain(rival, "team.example.com", myodai.DomainVerified),
			domain(rival, "rival.example", myodai.DomainVerified),
		},
		signers:    map[myodai.DomainID][]dkim.Signer{},
		suppressed: map[myodai.Address]myodai.Suppression{},
		published:  map[myodai.Name]string{},
	}
	for _, d := range l.domains {
		l.publish(d.ID, d.Name, "e1", myodai.KeyEd25519)
	}
	l.publish("", "plat.example", "p1", myodai.KeyEd25519)
	return l
}

// domain makes a claim.
func domain(tenant myodai.TenantID, name myodai.Name, state myodai.DomainState) myodai.Domain {
	return myodai.Domain{
		ID: myodai.DomainID("dom_" + string(tenant) + string(name)), TenantID: tenant, Name: name, State: state,
		ReturnPath: name.Child("rp"),
	}
}

// publish gives a domain a key, in the store and in DNS.
func (l *ledger) publish(id myodai.DomainID, name myodai.Name, selector string, alg myodai.KeyAlgorithm) {
	key := keys().ed25519
	if alg == myodai.KeyRSA {
		key = keys().rsa
	}
	l.signers[id] = append(l.signers[id], dkim.Signer{Domain: name, Selector: selector, Key: key})
	l.published[name.Child(selector+"._domainkey")] = dkim.KeyRecord(alg, dkim.Public(key))
}

// verify is what a receiver says of the signatures of a message: "domain result"
// from top to bottom.
func (l *ledger) verify(message []byte, now time.Time) string {
	var said []string
	for _, v := range dkim.Verify(message, func(name myodai.Name) ([]string, error) {
		return []string{l.published[name]}, nil
	}, now) {
		said = append(said, string(v.Domain)+" "+string(v.Result))
	}
	return strings.Join(said, ", ")
}

var returnKey = [32]byte{1, 2, 3}

func engine(l *ledger) *submission.Engine {
	return submission.New(submission.Options{Store: l, Suppressions: l, Random: rand.Reader, ReturnKey: returnKey, MailHost: "mx.plat.example"})
}

// submit sends raw as the shop, to one recipient.
func submit(l *ledger, raw string) (submission.Result, error) {
	return engine(l).Submit(context.Background(), request(raw))
}

func request(raw string) submission.Request {
	return submission.Request{
		Credential: myodai.Credential{ID: "crd_shop", TenantID: shop, Kind: myodai.CredentialSMTP},
		Recipients: addresses("someone@example.net"),
		Raw:        []byte(raw),
	}
}

func addresses(list ...string) []myodai.Address {
	var parsed []myodai.Address
	for _, s := range list {
		a, err := myodai.ParseAddress(s)
		if err != nil {
			panic(err)
		}
		parsed = append(parsed, a)
	}
	return parsed
}

// refusal is the refusal in err; the test ends when it is none.
func refusal(t testing.TB, err error) *myodai.Error {
	t.Helper()
	refused, ok := errors.AsType[*myodai.Error](err)
	if !ok {
		t.Fatalf("error = %v, want a refusal", err)
	}
	if len(refused.Message) < 20 || strings.HasSuffix(refused.Message, ".") || strings.ContainsAny(refused.Message, "\r\n") {
		t.Errorf("%q is not a sentence that helps", refused.Message)
	}
	return refused
}
