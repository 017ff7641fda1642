package console_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// mail puts a message of the tenant's into the store, with what became of it.
func (w *world) mail(subject, to string, state myodai.DeliveryState, outcome myodai.Outcome) myodai.Message {
	w.t.Helper()
	now := time.Now()
	d := myodai.Domain{
		ID: myodai.NewID[myodai.DomainID](now, rand.Reader), TenantID: w.tenant.ID, Name: myodai.Name(strings.ToLower(rand.Text()) + ".example"),
		State: myodai.DomainVerified, Token: myodai.NewToken(rand.Reader), Shape: myodai.ShapeTXT, ReturnPath: "rp.acme.example", NextCheckAt: now.Add(time.Hour),
	}
	if err := w.store.CreateDomain(w.t.Context(), d, nil); err != nil {
		w.t.Fatal(err)
	}
	m := myodai.Message{
		ID: myodai.NewID[myodai.MessageID](now, rand.Reader), TenantID: w.tenant.ID, DomainID: d.ID, Basis: myodai.BasisDomain, Class: "transactional",
		From: myodai.Address{Local: "shop", Domain: "acme.example"}, Subject: subject, HeaderID: "<1@acme.example>", Size: 12345,
		AcceptedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	recipient, err := myodai.ParseAddress(to)
	if err != nil {
		w.t.Fatal(err)
	}
	delivery := myodai.Delivery{
		ID: myodai.NewID[myodai.DeliveryID](now, rand.Reader), TenantID: m.TenantID, MessageID: m.ID, Recipient: recipient,
		ReturnPath: myodai.Address{Local: "b", Domain: "rp.acme.example"}, Route: myodai.RouteDelivery, State: myodai.DeliveryAccepted,
		DueAt: now, QueuedAt: now, ExpiresAt: m.ExpiresAt,
	}
	body := "DKIM-Signature: v=1; a=rsa-sha256; d=acme.example;\r\n s=s1-abc; b=x\r\nDKIM-Signature: v=1; a=ed25519-sha256; d=plat.example; s=p1e\r\nFrom: shop@acme.example\r\n\r\nHello\r\n"
	if _, _, err := w.store.Accept(w.t.Context(), myodai.Accepted{Message: m, Body: []byte(body), Deliveries: []myodai.Delivery{delivery}}); err != nil {
		w.t.Fatal(err)
	}
	claimed, err := w.store.ClaimDeliveries(w.t.Context(), "node", 10, now.Add(time.Second), now.Add(time.Minute))
	if err != nil || len(claimed) != 1 {
		w.t.Fatalf("claimed %d, %v", len(claimed), err)
	}
	outcome.At = now
	claimed[0].State, claimed[0].Last = state, outcome
	attempt := myodai.Attempt{ID: myodai.NewID[myodai.AttemptID](now, rand.Reader), TenantID: m.TenantID, DeliveryID: delivery.ID, Number: 1, Outcome: outcome}
	if lost, err := w.store.FinishDeliveries(w.t.Context(), "node", []myodai.Finished{{Delivery: claimed[0], Attempt: attempt}}); err != nil || len(lost) > 0 {
		w.t.Fatal(lost, err)
	}
	return m
}

// hold puts a message into the store that is held for a reason.
func (w *world) hold(to string, why myodai.Hold) myodai.MessageID {
	w.t.Helper()
	now := time.Now()
	recipient, err := myodai.ParseAddress(to)
	if err != nil {
		w.t.Fatal(err)
	}
	m := myodai.Message{
		ID: myodai.NewID[myodai.MessageID](now, rand.Reader), TenantID: w.tenant.ID, Class: "transactional",
		From: myodai.Address{Local: "shop", Domain: "nobody.example"}, Subject: "Held", HeaderID: "<2@nobody.example>", Size: 100,
		AcceptedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	d := myodai.Delivery{
		ID: myodai.NewID[myodai.DeliveryID](now, rand.Reader), TenantID: m.TenantID, MessageID: m.ID, Recipient: recipient,
		State: myodai.DeliveryHeld, Hold: why, Route: myodai.RouteDelivery, DueAt: now, QueuedAt: now, ExpiresAt: m.ExpiresAt,
		Last: myodai.Outcome{Text: "suppressed since yesterday: it bounced"},
	}
	accepted := myodai.Accepted{Message: m, Body: []byte("From: shop@nobody.example\r\n\r\nHello\r\n"), Unsigned: true, Deliveries: []myodai.Delivery{d}}
	if _, _, err := w.store.Accept(w.t.Context(), accepted); err != nil {
		w.t.Fatal(err)
	}
	return m.ID
}

// A message is found by its recipient and its state, and says for each recipient
// what happened, with the dialogue, and why DMARC passes.
func TestMessages(t *testing.T) {
	w := newWorld(t)
	bounced := w.mail("<script>alert(1)</script>", "gone@example.net", myodai.DeliveryBounced, myodai.Outcome{
		Kind: myodai.OutcomePermanent, Code: 550, Enhanced: "5.1.1", Text: "<img src=x onerror=alert(2)>", Host: "mx.example.net",
		Address: "192.0.2.1:25", TLS: "TLS 1.3, certificate verified", Dialogue: "S: 220 mx\nC: EHLO us\nS: 550 5.1.1 </pre><script>\n",
	})
	w.mail("Order", "here@example.org", myodai.DeliveryDelivered, myodai.Outcome{Kind: myodai.OutcomeDelivered, Code: 250})
	b := w.as(memberToken)
	for query, want := range map[string]int{
		"": 2, "?q=gone@example.net": 1, "?q=example.org": 1, "?state=bounced": 1, "?q=order": 1, "?q=nothing": 0, "?state=nonsense": 2,
		"?q=order&state=bounced": 0,
	} {
		p := b.get("/messages" + query)
		if got := len(p.all("tbody tr")); got != want {
			t.Errorf("%q finds %d, want %d", query, got, want)
		}
	}
	p := b.get("/messages/" + string(bounced.ID))
	for selector, want := range map[string]string{
		"h1": "<script>alert(1)</script>", ".quote": "550 5.1.1 <img src=x onerror=alert(2)>", ".dialogue": "</pre><script>",
		".card p": "DMARC passes", "svg title": "Which domains belong together", ".timeline": "attempt 1",
	} {
		if got := p.text(selector); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q in it (T70)", selector, got, want)
		}
	}
	if n := len(p.all("article script")); n != 0 {
		t.Errorf("%d scripts came in with the message (T70)", n)
	}
	if got := len(p.all(".card table tbody tr")); got != 3 {
		t.Errorf("%d proofs in the table, want two signatures and SPF", got)
	}
	ja := b.get("/messages/" + string(bounced.ID) + "?lang=ja")
	if got := ja.text(".card p"); !strings.Contains(got, "DMARC認証に合格します") {
		t.Errorf("in Japanese: %q", got)
	}
	if p := w.as(strangerToken).get("/messages/" + string(bounced.ID)); p.status != 404 {
		t.Errorf("another tenant sees it: %d", p.status)
	}
}

// A message that is not signed yet says so instead of failing DMARC, and one that
// came to its end before, too.
func TestUnsignedMessage(t *testing.T) {
	w := newWorld(t)
	at := "/messages/" + string(w.hold("x@example.net", ""))
	b := w.as(memberToken)
	says := func(en, ja string) {
		t.Helper()
		for lang, want := range map[string]string{"en": en, "ja": ja} {
			p := b.get(at + "?lang=" + lang)
			if got := p.text("[aria-labelledby=alignment] p"); got != want || len(p.all("figure.arrows, .card table")) > 0 {
				t.Errorf("%s: %q, want %q and no picture", lang, got, want)
			}
		}
	}
	says("This message is signed when it is sent. Until then there is no signature to look at.",
		"このメールは送信する直前に署名します。署名はまだありません。")
	if n, err := w.store.ExpireHeld(t.Context(), time.Now().Add(2*time.Hour), 9, func(d myodai.Delivery) myodai.Event {
		return myodai.Event{ID: myodai.NewID[myodai.EventID](time.Now(), rand.Reader), TenantID: d.TenantID, Kind: myodai.EventMessageExpired, At: time.Now()}
	}); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	says("There is no signature to look at: this message was to be signed just before it was sent.",
		"このメールは送信の直前に署名することになっていたため、署名の記録がありません。")
}
