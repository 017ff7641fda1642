package submission_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
	"github.com/myodai/myodai/internal/dkim"
	"github.com/myodai/myodai/internal/submission"
)

const hello = "From: Shop <news@example.com>\r\nTo: someone@example.net\r\nSubject: =?ISO-2022-JP?B?GyRCJDMkcyRLJEEkTxsoQg==?=\r\n\r\nHello\r\n"

func TestSubmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		example := l.domains[0]
		l.publish(example.ID, "example.com", "s1", myodai.KeyRSA)
		e := submission.New(submission.Options{
			Store: l, Suppressions: l, Random: &counter{}, ReturnKey: returnKey, MailHost: "mx.plat.example", MaxAge: 72 * time.Hour,
		})
		now := time.Now()
		r := request(hello)
		r.Recipients = addresses("a@one.example", "b@two.example", "a@one.example", "gone@two.example")
		l.suppressed[r.Recipients[3]] = myodai.Suppression{ID: "sup_1", TenantID: shop, Reason: myodai.SuppressionBounced}
		before := bytes.Clone(r.Raw)
		got, err := e.Submit(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(r.Raw, before) {
			t.Error("the submitter's message was changed")
		}
		if len(l.accepted) != 1 || got.Repeated {
			t.Fatalf("accepted %d, %+v", len(l.accepted), got)
		}
		a := l.accepted[0]
		m := a.Message
		want := myodai.Message{
			ID: m.ID, TenantID: shop, DomainID: example.ID, Basis: myodai.BasisDomain, CredentialID: "crd_shop", Class: "transactional", From: addresses("news@example.com")[0],
			Subject: "こんにちは", HeaderID: "<" + strings.TrimPrefix(string(m.ID), "msg_") + "@example.com>", Size: int64(len(a.Body)),
			AcceptedAt: now, ExpiresAt: now.Add(72 * time.Hour),
		}
		if m != want || got.Message != want {
			t.Errorf("message = %+v, want %+v", m, want)
		}
		if got := l.verify(a.Body, now); got != "example.com pass, example.com pass, plat.example pass" {
			t.Errorf("a receiver says %s", got)
		}
		checkDeliveries(t, a, now)
		checkEvents(t, a)
	})
}

// counter is randomness that never repeats and is the same in every run.
type counter struct{ n byte }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		c.n++
		p[i] = c.n
	}
	return len(p), nil
}

func checkDeliveries(t *testing.T, a myodai.Accepted, now time.Time) {
	t.Helper()
	var said []string
	for _, d := range a.Deliveries {
		said = append(said, d.Recipient.String()+" "+string(d.State))
		origin, err := bounce.ReadReturnPath(returnKey, d.ReturnPath, now)
		if err != nil || origin != (bounce.Origin{Delivery: d.ID}) || d.ReturnPath.Domain != "rp.example.com" {
			t.Errorf("return path %s is of %s, %v; want %s at rp.example.com", d.ReturnPath, origin.Delivery, err, d.ID)
		}
		if d.MessageID != a.Message.ID || d.TenantID != shop || !d.DueAt.Equal(now) || !d.QueuedAt.Equal(now) ||
			!d.ExpiresAt.Equal(a.Message.ExpiresAt) || d.Attempts != 0 {
			t.Errorf("delivery = %+v", d)
		}
	}
	want := []string{"a@one.example accepted", "b@two.example accepted", "gone@two.example suppressed"}
	if !slices.Equal(said, want) {
		t.Errorf("deliveries = %q, want %q", said, want)
	}
}

func checkEvents(t *testing.T, a myodai.Accepted) {
	t.Helper()
	if len(a.Events) != 2 {
		t.Fatalf("%d events, want 2", len(a.Events))
	}
	accepted, suppressed := a.Events[0], a.Events[1]
	if accepted.Kind != myodai.EventMessageAccepted || accepted.Data["recipients"] != 3 || accepted.Data["suppressed"] != 1 ||
		accepted.DeliveryID != "" {
		t.Errorf("first event = %+v", accepted)
	}
	if suppressed.Kind != myodai.EventMessageSuppressed || suppressed.DeliveryID != a.Deliveries[2].ID ||
		suppressed.Data["reason"] != "bounced" || suppressed.Data["recipient"] != "gone@two.example" {
		t.Errorf("second event = %+v", suppressed)
	}
	for _, e := range a.Events {
		if e.TenantID != shop || e.MessageID != a.Message.ID || e.DomainID != a.Message.DomainID || e.At != a.Message.AcceptedAt {
			t.Errorf("event = %+v", e)
		}
	}
}

// TestCompleted shows what is added to a message, what it loses, and that the
// rest is as it was.
func TestCompleted(t *testing.T) {
	l := newLedger()
	_, err := submit(l, "Received: from app.internal ([10.1.2.3]) by relay.internal; Mon, 02 Jan 2006 15:04:05 +0900\r\n"+
		"Return-Path: <x@rival.example>\r\nDKIM-Signature: v=1; d=rival.example\r\nfrom:\tnews@Example.COM\r\n"+
		"BCC: hidden@example.net\r\nResent-From: boss@rival.example\r\n"+
		"Authentication-Results: mx.plat.example; dmarc=pass\r\nArc-Seal: i=1\r\n"+
		"Subject: folded\r\n  here\r\nX-Own: kept\r\nX-Own: twice\r\n\r\n.body\r\nwithout a last line end")
	if err != nil {
		t.Fatal(err)
	}
	raw := string(l.accepted[0].Body)
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"Return-Path", "Bcc", "Resent-From", "Authentication-Results", "Arc-Seal"} {
		if _, ok := m.Header[gone]; ok {
			t.Errorf("%s is still there", gone)
		}
	}
	for name, want := range map[string]string{
		"From": "news@Example.COM", "Subject": "folded here", "Mime-Version": "1.0",
		"Message-Id": l.accepted[0].Message.HeaderID,
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := m.Header["X-Own"]; !slices.Equal(got, []string{"kept", "twice"}) {
		t.Errorf("X-Own = %q", got)
	}
	trace := m.Header["Received"]
	if len(trace) != 2 || !strings.HasPrefix(trace[0], "by mx.plat.example id msg_") {
		t.Errorf("Received = %q", trace)
	}
	if _, err := m.Header.Date(); err != nil {
		t.Errorf("Date: %v", err)
	}
	if strings.Contains(raw, "hidden@example.net") || strings.Contains(raw, "d=rival.example") {
		t.Error("something that was dropped is still there")
	}
	if body, _ := io.ReadAll(m.Body); string(body) != ".body\r\nwithout a last line end\r\n" {
		t.Errorf("body = %q", body)
	}
	if got := l.verify(l.accepted[0].Body, time.Now()); got != "example.com pass, plat.example pass" {
		t.Errorf("a receiver says %s", got)
	}
}

func TestOwnDateAndMessageIDStay(t *testing.T) {
	l := newLedger()
	got, err := submit(l, "From: a@example.com\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\nMessage-ID: <own@app.example>\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	raw := string(l.accepted[0].Body)
	if strings.Count(raw, "\r\nDate:") != 1 || strings.Count(raw, "\r\nMessage-ID:") != 1 || got.Message.HeaderID != "<own@app.example>" {
		t.Errorf("HeaderID %q in %s", got.Message.HeaderID, raw)
	}
}

// TestIdempotency shows that a request that is repeated with its key is one
// message, and that the key of one request opens no other (P05).
func TestIdempotency(t *testing.T) {
	l := newLedger()
	e := submission.New(submission.Options{Store: l, Suppressions: l, Random: &counter{}, MailHost: "mx.plat.example"})
	r := request(hello)
	r.IdempotencyKey = "order-1"
	first, err := e.Submit(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := e.Submit(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Repeated || again.Message != first.Message || len(again.Deliveries) != 1 || again.Deliveries[0] != first.Deliveries[0] {
		t.Errorf("again = %+v, want %+v", again, first)
	}
	if len(l.accepted) != 1 {
		t.Errorf("%d messages; want 1", len(l.accepted))
	}
	other := r
	other.Recipients = addresses("else@example.net")
	_, err = e.Submit(context.Background(), other)
	if refusal(t, err).Code != myodai.CodeConflict {
		t.Errorf("the key with another request: %v", err)
	}
	other.IdempotencyKey = ""
	if _, err := e.Submit(context.Background(), other); err != nil || len(l.accepted) != 2 {
		t.Errorf("without the key: %v, %d messages", err, len(l.accepted))
	}
	for _, key := range []string{strings.Repeat("k", 256), "line\nend", "ключ", "del\x7f"} {
		r.IdempotencyKey = key
		_, err := e.Submit(context.Background(), r)
		if refusal(t, err).Code != myodai.CodeInvalid {
			t.Errorf("key %q: %v", key, err)
		}
	}
}

// TestWhoMaySend shows every reason to refuse a tenant, an author or a size:
// nothing is accepted then, and the sentence says what to do (P23).
func TestWhoMaySend(t *testing.T) {
	for _, tt := range []struct {
		name   string
		from   string
		change func(l *ledger, r *submission.Request)
		code   myodai.Code
		says   string
	}{
		{"pending", "a@pending.example", nil, myodai.CodeForbidden, "pending.example is not verified yet; publish its records"},
		{"below pending", "a@x.pending.example", nil, myodai.CodeForbidden, "pending.example is not verified yet"},
		{"suspended", "a@suspended.example", nil, myodai.CodeForbidden, "publish them again"},
		{"somebody else's", "a@rival.example", nil, myodai.CodeForbidden, "rival.example is not a verified domain of yours; register it"},
		{"nobody's", "a@nobody.example", nil, myodai.CodeForbidden, "nobody.example is not a verified domain of yours; register it"},
		{"somebody else's below ours", "a@team.example.com", nil, myodai.CodeForbidden, "team.example.com is not a verified domain of yours"},
		{"a suffix that is no parent", "a@notexample.com", nil, myodai.CodeForbidden, "not a verified domain"},
		{"suspended tenant", "a@example.com", func(l *ledger, _ *submission.Request) { l.tenants[shop] = myodai.TenantSuspended },
			myodai.CodeForbidden, "suspended; ask the platform operator"},
		{"the operator", "a@example.com", func(_ *ledger, r *submission.Request) { r.Credential.TenantID = "" },
			myodai.CodeForbidden, "use a credential of a tenant"},
		{"no recipient", "a@example.com", func(_ *ledger, r *submission.Request) { r.Recipients = nil },
			myodai.CodeInvalid, "at least one"},
		{"too many recipients", "a@example.com", func(_ *ledger, r *submission.Request) { r.Recipients = crowd(1001) },
			myodai.CodeTooLarge, "1001 recipients; 1000 are allowed"},
		{"too large", "a@example.com", func(_ *ledger, r *submission.Request) {
			r.Raw = append(r.Raw, bytes.Repeat([]byte("0123456789\r\n"), 25<<20/12)...)
		}, myodai.CodeTooLarge, "26214400 are allowed"},
		{"a foreign sender beside our author", "a@example.com\r\nSender: b@rival.example", nil, myodai.CodeForbidden,
			"rival.example is not a verified domain of yours"},
		{"a broken sender", "a@example.com\r\nSender: b@example.com, c@example.com", nil, myodai.CodeInvalid, "the Sender field:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLedger()
			r := request("From: " + tt.from + "\r\n\r\nHello\r\n")
			if tt.change != nil {
				tt.change(l, &r)
			}
			_, err := engine(l).Submit(context.Background(), r)
			if got := refusal(t, err); got.Code != tt.code || !strings.Contains(got.Message, tt.says) {
				t.Errorf("refused with %s: %s; want %s: …%s…", got.Code, got.Message, tt.code, tt.says)
			}
			if l.acceptCalls != 0 {
				t.Error("something was accepted")
			}
		})
	}
}

func crowd(n int) []myodai.Address {
	list := make([]myodai.Address, n)
	for i := range list {
		list[i] = myodai.Address{Local: fmt.Sprint("r", i), Domain: "example.net"}
	}
	return list
}

func TestWhoMaySendUpToTheLimit(t *testing.T) {
	l := newLedger()
	r := request("From: a@x.example.com\r\nSender: b@atrisk.example\r\n\r\n")
	r.Recipients = crowd(1000)
	missing := 25<<20 - len(r.Raw)
	r.Raw = append(r.Raw, bytes.Repeat([]byte("0123456789\r\n"), missing/12)...)
	r.Raw = append(r.Raw, bytes.Repeat([]byte("x"), missing%12)...)
	got, err := engine(l).Submit(context.Background(), r)
	if err != nil || len(got.Deliveries) != 1000 || got.Message.DomainID != l.domains[0].ID {
		t.Errorf("Submit = %d deliveries, %v", len(got.Deliveries), err)
	}
}

// TestFaultsAcceptNothing breaks the store at each of its methods: what comes
// back is a fault, not a refusal that would make the submitter give up (P03).
func TestFaultsAcceptNothing(t *testing.T) {
	for _, method := range []string{"Tenant", "SendingDomains", "DomainNamed", "Suppressed", "Signers", "Accept"} {
		t.Run(method, func(t *testing.T) {
			l := newLedger()
			l.brokenAt = method
			e := submission.New(submission.Options{Store: l, Suppressions: l, Random: &counter{}, MailHost: "mx.plat.example"})
			raw := hello
			if method == "DomainNamed" {
				raw = "From: a@pending.example\r\n\r\n"
			}
			_, err := e.Submit(context.Background(), request(raw))
			if !errors.Is(err, errDatabase) {
				t.Errorf("Submit = %v, want the fault", err)
			}
			if _, ok := errors.AsType[*myodai.Error](err); ok {
				t.Errorf("Submit = %v, which is a refusal", err)
			}
			if len(l.accepted) != 0 {
				t.Error("something was accepted")
			}
		})
	}
}

// TestNeverUnsigned shows that mail is not accepted rather than sent without
// the domain's signature, or with that of another domain (P23).
func TestNeverUnsigned(t *testing.T) {
	for name, change := range map[string]func(l *ledger, id myodai.DomainID){
		"no active key": func(l *ledger, id myodai.DomainID) { l.signers[id] = nil },
		"somebody else's key": func(l *ledger, id myodai.DomainID) {
			l.signers[id] = append(l.signers[id], dkim.Signer{Domain: "rival.example", Selector: "e1", Key: keys().ed25519})
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger()
			change(l, l.domains[0].ID)
			_, err := submit(l, hello)
			if _, ok := errors.AsType[*myodai.Error](err); ok || err == nil || l.acceptCalls != 0 {
				t.Errorf("Submit = %v, want a fault; %d accepted", err, l.acceptCalls)
			}
		})
	}
}
