package api_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
)

// token is what the newest mail has in its link.
func (w *world) token() string {
	w.t.Helper()
	if len(w.mails) == 0 {
		w.t.Fatal("nobody was asked")
	}
	m := regexp.MustCompile(`https://plat\.example/confirm/(\S+)`).FindStringSubmatch(w.mails[len(w.mails)-1].Text)
	if m == nil {
		w.t.Fatal(w.mails[len(w.mails)-1].Text)
	}
	return m[1]
}

// answers makes DNS answer a question with records, or with none.
func (w *world) answers(t myodai.RecordType, name string, data ...string) {
	if w.dns == nil {
		w.dns = map[string]myodai.Answer{}
	}
	a := myodai.Answer{Question: myodai.Question{Name: myodai.Name(name), Type: t}, RCode: "NOERROR", Authoritative: true}
	if len(data) == 0 {
		a.Authority = []myodai.Record{{Type: myodai.TypeSOA}}
	}
	for _, d := range data {
		a.Records = append(a.Records, myodai.Record{Name: a.Name, Type: t, Data: d})
	}
	w.dns[string(t)+" "+name] = a
}

// B1, B26, B27, B28, B29, A23, E11: a domain comes first, and then an address is
// registered on it with a label of letters and digits; what cannot be a sender is
// refused with the reason.
func TestRegisterSender(t *testing.T) {
	w := newWorld(t, plenty).populate()
	w.answers(myodai.TypeMX, "acme.example", "10 mx.acme.example.")
	var a api.Sender
	w.call("POST", "/v1/senders", w.acme.key, `{"label":"Info2","address":"info@acme.example","name":"Acme 株式会社","reply_to":"help@acme.example"}`, http.StatusCreated, &a)
	if !a.Verified || a.Outlook.Receives != "yes" || a.Outlook.Via != "" || a.Confirmation != nil || len(w.mails) != 0 {
		t.Errorf("registered: %+v", a)
	}
	for body, why := range map[string]string{
		`{"label":"a#b","address":"b@acme.example"}`:                       "half-width letters and digits",
		`{"label":"ａｂ","address":"b@acme.example"}`:                        "half-width letters and digits",
		`{"label":"","address":"b@acme.example"}`:                          "1 to 40",
		`{"label":"b","address":"b@evil.example"}`:                         "not a verified domain of yours; verified are acme.example",
		`{"label":"b","address":"b@notacme.example"}`:                      "not a verified domain",
		`{"label":"b","address":"b@gmail.com"}`:                            "mail provider's domain",
		`{"label":"b","address":"b@docomo.ne.jp"}`:                         "mail provider's domain",
		`{"label":"b","address":"no-reply@plat.example"}`:                  "belongs to this platform",
		`{"label":"b","address":"b"}`:                                      "not a mail address",
		`{"label":"b","address":"b@acme.example","name":"boss@x.example"}`: "plain text",
		`{"label":"b","address":"b@acme.example","reply_to":"nobody"}`:     "not a mail address",
	} {
		if a := w.call("POST", "/v1/senders", w.acme.key, body, http.StatusUnprocessableEntity, nil); !strings.Contains(string(a.body), why) {
			t.Errorf("%s is refused with %s", body, a.body)
		}
	}
	w.call("POST", "/v1/senders", w.acme.key, `{"label":"Info2","address":"b@acme.example"}`, http.StatusConflict, nil)
	w.call("POST", "/v1/senders", w.acme.key, `{"label":"b","address":"INFO@acme.example"}`, http.StatusConflict, nil)
	w.call("PUT", "/v1/policy", w.operator, `{"addresses":"one"}`, http.StatusOK, nil)
	a2 := w.call("POST", "/v1/senders", w.acme.key, `{"label":"b","address":"b@acme.example"}`, http.StatusConflict, nil)
	if !strings.Contains(string(a2.body), "change that one") { // E2
		t.Errorf("a second one is refused with %s", a2.body)
	}
	var o api.Outlook
	w.call("POST", "/v1/outlook", w.acme.key, `{"address":"x@acme.example"}`, http.StatusOK, &o)
	if len(o.VerifiedNames) != 1 || o.VerifiedNames[0] != "acme.example" || o.NeedsDomain || o.Refused != "" { // B28
		t.Errorf("outlook: %+v", o)
	}
}

// E5, E7, E9, E10, E12, E13, D12, F5, T10, T13: where both are wanted, a verified
// domain does not send before its address is confirmed by mail, in its time, and
// again for every new address.
func TestConfirmSender(t *testing.T) {
	w := newWorld(t, plenty).populate()
	w.call("PUT", "/v1/policy", w.operator, `{"verification":"both"}`, http.StatusOK, nil)
	var a api.Sender
	w.call("POST", "/v1/senders", w.acme.key, `{"label":"news","address":"news@acme.example"}`, http.StatusCreated, &a)
	if a.Verified || a.Confirmation == nil || len(a.Confirmation.Code) != 8 || a.Confirmation.State != "open" || len(w.mails) != 1 {
		t.Fatalf("registered: %+v", a)
	}
	mail := w.mails[0]
	for _, want := range []string{"Acme", "news@acme.example", "127.0.0.1", "確認コード", "24 hours", "24時間", "this was not me"} {
		if !strings.Contains(mail.Text, want) {
			t.Errorf("the mail does not say %q:\n%s", want, mail.Text)
		}
	}
	if mail.Subject != "Email Address Verification Request" || strings.Contains(mail.Text, a.Confirmation.Code) || strings.Contains(w.log.String(), w.token()) {
		t.Errorf("subject %q, or a secret told where it does not belong", mail.Subject)
	}
	w.call("POST", "/v1/messages", w.acme.key, draft("news@acme.example"), http.StatusForbidden, nil)
	old := w.token()
	w.call("POST", "/v1/senders/"+string(a.ID)+"/ask", w.acme.key, "", http.StatusOK, &a)
	w.call("POST", "/v1/confirmations", w.acme.key, `{"token":"`+old+`"}`, http.StatusConflict, nil)
	// The session of another tenant is none.
	w.call("POST", "/v1/confirmations", w.evil.key, `{"token":"`+w.token()+`"}`, http.StatusForbidden, nil)
	var done api.Answered
	w.call("POST", "/v1/confirmations", w.acme.key, `{"token":"`+w.token()+`"}`, http.StatusOK, &done)
	w.call("POST", "/v1/confirmations", w.acme.key, `{"token":"`+w.token()+`"}`, http.StatusConflict, nil)
	a = api.Sender{ID: a.ID}
	w.call("GET", "/v1/senders/"+string(a.ID), w.acme.key, "", http.StatusOK, &a)
	if done.State != "confirmed" || !a.Verified || a.Confirmation.State != "confirmed" || a.Confirmation.Code != "" {
		t.Errorf("%+v, %+v", done, a)
	}
	w.call("POST", "/v1/messages", w.acme.key, draft("news@acme.example"), http.StatusAccepted, nil)
	w.call("POST", "/v1/messages", w.acme.key, draft("other@acme.example"), http.StatusForbidden, nil)

	// E12, E13: another address asks again; of the same domain no DNS, of another DNS too.
	w.call("PATCH", "/v1/senders/"+string(a.ID), w.acme.key, `{"label":"news2","name":"N"}`, http.StatusOK, &a)
	if !a.Verified {
		t.Errorf("another label: %+v", a)
	}
	w.call("PATCH", "/v1/senders/"+string(a.ID), w.acme.key, `{"address":"hello@acme.example"}`, http.StatusOK, &a)
	if a.Verified || a.Outlook.NeedsDomain || !a.Outlook.NeedsConfirm || a.Confirmation.State != "open" || len(w.mails) != 3 {
		t.Errorf("another address of the domain: %+v", a)
	}
	w.call("PATCH", "/v1/senders/"+string(a.ID), w.acme.key, `{"address":"hello@else.example"}`, http.StatusOK, &a)
	if a.Verified || !a.Outlook.NeedsDomain || !a.Outlook.NeedsConfirm {
		t.Errorf("an address of another domain: %+v", a)
	}
	kinds := map[string]int{}
	var events api.List[api.Event]
	w.call("GET", "/v1/events?limit=200", w.acme.key, "", http.StatusOK, &events)
	for _, e := range events.Items {
		kinds[string(e.Kind)]++
	}
	if kinds["sender.registered"] != 2 || kinds["sender.asked"] != 4 || kinds["sender.confirmed"] != 1 || kinds["sender.changed"] != 3 {
		t.Errorf("events: %v", kinds)
	}
}

// D4, D10c, D11, F3, T12: a domain counts wherever there is one. An address without
// its domain, free mail that the operator allows too, is signed by the platform
// only, which is said; where that could not pass it is refused with the reason.
func TestAddressWithoutDomain(t *testing.T) {
	w := newWorld(t, plenty).populate()
	w.call("PUT", "/v1/policy", w.operator, `{"verification":"either","free_mail_allowed":["gmail.com"]}`, http.StatusOK, nil)
	for name, txt := range map[string][]string{
		"_dmarc.none.example": {"v=DMARC1; p=none"}, "_dmarc.reject.example": {"v=DMARC1; p=reject"},
		"_dmarc.quarantine.example": {"v=DMARC1; p=quarantine"}, "_dmarc.org.example": {"v=DMARC1; p=none; sp=reject"},
		"_dmarc.gmail.com": {"v=DMARC1; p=none"}, "_dmarc.example": nil, "_dmarc.com": nil, "_dmarc.open.example": nil, "_dmarc.sub.org.example": nil,
	} {
		w.answers(myodai.TypeTXT, name, txt...)
	}
	for _, tt := range []struct{ address, via, dmarc, refused string }{
		{"a@acme.example", "", "no", ""},
		{"a@none.example", "plat.example", "no", ""},
		{"a@open.example", "plat.example", "no", ""},
		{"a@silent.example", "plat.example", "unknown", ""},
		{"a@reject.example", "plat.example", "yes", "p=reject"},
		{"a@quarantine.example", "plat.example", "yes", "p=quarantine"},
		{"a@sub.org.example", "plat.example", "yes", "p=reject"},
		{"a@gmail.com", "plat.example", "no", ""},
		{"a@yahoo.co.jp", "plat.example", "", "mail provider's domain"},
	} {
		var o api.Outlook
		w.call("POST", "/v1/outlook", w.acme.key, `{"address":"`+tt.address+`"}`, http.StatusOK, &o)
		if o.Via != tt.via || tt.dmarc != "" && string(o.DMARC) != tt.dmarc || (o.Refused != "") != (tt.refused != "") || !strings.Contains(o.Refused, tt.refused) {
			t.Errorf("%s: %+v", tt.address, o)
		}
		label := strings.NewReplacer("@", "", ".", "").Replace(tt.address)
		want := http.StatusCreated
		if tt.refused != "" {
			want = http.StatusUnprocessableEntity
		}
		w.call("POST", "/v1/senders", w.acme.key, `{"label":"`+label+`","address":"`+tt.address+`"}`, want, nil)
	}
	w.call("POST", "/v1/messages", w.acme.key, draft("a@gmail.com"), http.StatusForbidden, nil)
	w.call("POST", "/v1/confirmations", w.acme.key, `{"token":"`+w.token()+`"}`, http.StatusOK, nil)
	var m api.AcceptedMessage
	w.call("POST", "/v1/messages", w.acme.key, draft("a@gmail.com"), http.StatusAccepted, &m)
	if m.Basis != myodai.BasisAddress || m.DomainID != "" || !strings.HasSuffix(m.Deliveries[0].ReturnPath, "@plat.example") {
		t.Errorf("accepted: %+v", m)
	}
	// A record that came meanwhile counts when the link is pressed.
	var a api.Sender
	w.call("POST", "/v1/senders", w.acme.key, `{"label":"late","address":"late@none.example"}`, http.StatusCreated, &a)
	w.answers(myodai.TypeTXT, "_dmarc.none.example", "v=DMARC1; p=reject")
	w.call("POST", "/v1/confirmations", w.acme.key, `{"token":"`+w.token()+`"}`, http.StatusUnprocessableEntity, nil)
}

// A9, F6, D2, D3: by each rule of a class an unverified From is refused, held,
// sent by the normal path or from the platform, and the explanation says so
// before; what is held goes when its From becomes verified, or the operator says.
func TestUnverifiedFrom(t *testing.T) {
	w := newWorld(t, plenty).populate()
	w.call("PUT", "/v1/policy", w.operator, `{"classes":[{"name":"refuse"},{"name":"hold","unverified":"hold"},
		{"name":"normal","route":"smarthost:bulk","unverified":"normal"},{"name":"platform","unverified":"platform"}]}`, http.StatusOK, nil)
	send := func(class, from string) api.AcceptedMessage {
		t.Helper()
		var m api.AcceptedMessage
		w.call("POST", "/v1/messages", w.acme.key, strings.Replace(draft(from), "{", `{"class":"`+class+`",`, 1), http.StatusAccepted, &m)
		return m
	}
	for _, tt := range []struct {
		class, from, fate, route, basis, en, ja string
	}{
		{"refuse", "a@new.example", "refuse", "", "", "is refused then", "受け付けられません"},
		{"hold", "a@new.example", "hold", "", "", "is held until it is", "保留されます"},
		{"normal", "a@new.example", "send", "normal", "normal", "by the normal path", "通常の配送経路"},
		{"platform", "a@new.example", "send", "delivery", "platform", "from the platform's own address", "プラットフォームのアドレス"},
		{"normal", "a@acme.example", "send", "smarthost:bulk", "domain", "by the smarthost bulk", "認証済み"},
		{"normal", "a@evil.example", "refuse", "", "", "is refused then", "受け付けられません"}, // T18
	} {
		var x api.Explanation
		w.call("POST", "/v1/routes/explain", w.acme.key, `{"class":"`+tt.class+`","from":"`+tt.from+`"}`, http.StatusOK, &x)
		if string(x.Fate) != tt.fate || string(x.Route) != tt.route || string(x.Basis) != tt.basis || !strings.Contains(x.Text.EN, tt.en) || !strings.Contains(x.Text.JA, tt.ja) {
			t.Errorf("%s from %s: %+v", tt.class, tt.from, x)
		}
		if tt.fate == "refuse" {
			w.call("POST", "/v1/messages", w.acme.key, strings.Replace(draft(tt.from), "{", `{"class":"`+tt.class+`",`, 1), http.StatusForbidden, nil)
			continue
		}
		m := send(tt.class, tt.from)
		if string(m.Basis) != tt.basis || string(m.Deliveries[0].Route) != tt.route {
			t.Errorf("%s from %s: %+v", tt.class, tt.from, m)
		}
	}
	first, second := send("hold", "a@later.example"), send("hold", "b@later.example")
	if first.Deliveries[0].State != myodai.DeliveryHeld {
		t.Errorf("held: %+v", first)
	}
	waiting := func(key string) int {
		var held api.List[api.Delivery]
		w.call("GET", "/v1/queue/held", key, "", http.StatusOK, &held)
		return len(slices.DeleteFunc(held.Items, func(d api.Delivery) bool { return d.Hold != "" }))
	}
	if mine, theirs := waiting(w.acme.key), waiting(w.evil.key); mine != 3 || theirs != 0 {
		t.Errorf("%d are held, and %d of a neighbor, want 3 and none", mine, theirs)
	}
	release := func(m api.AcceptedMessage, key, body string, status int) (out api.Message) {
		t.Helper()
		w.call("POST", "/v1/messages/"+string(m.ID)+"/release", key, body, status, nil)
		var now api.MessageWithAttempts
		w.call("GET", "/v1/messages/"+string(m.ID), w.acme.key, "", http.StatusOK, &now)
		return now.Message
	}
	release(first, w.acme.key, `{}`, http.StatusForbidden)
	release(first, w.acme.key, `{"rule":"normal"}`, http.StatusForbidden)
	w.call("POST", "/v1/messages/"+string(first.ID)+"/release", w.evil.key, `{}`, http.StatusNotFound, nil)
	if m := release(first, w.operator, `{"rule":"platform"}`, http.StatusOK); m.From != "no-reply@plat.example" || m.Basis != myodai.BasisPlatform {
		t.Errorf("released by the operator: %+v", m)
	}
	d := w.newDomain(w.acme.tenant.ID, "later.example")
	if m := release(second, w.acme.key, `{}`, http.StatusOK); m.Basis != myodai.BasisDomain || m.DomainID != d.ID {
		t.Errorf("released when verified: %+v", m)
	}
	release(second, w.acme.key, `{}`, http.StatusConflict)

	// D3: with a sender list, what is verified and not on it goes the normal path.
	w.call("PUT", "/v1/tenants/"+string(w.acme.tenant.ID)+"/policy", w.operator, `{"senders":"later.example"}`, http.StatusOK, nil)
	if m := send("normal", "a@acme.example"); m.Deliveries[0].Route != myodai.RouteNormal || m.Basis != myodai.BasisDomain {
		t.Errorf("not on the list: %+v", m)
	}
	if m := send("normal", "a@x.later.example"); m.Deliveries[0].Route != "smarthost:bulk" {
		t.Errorf("on the list: %+v", m)
	}
}

// The recipients of a message at one domain share a return path where the class says
// so, also when the message was held first; a tenant's policy counts like the
// platform's.
func TestReturnPathRule(t *testing.T) {
	w := newWorld(t, plenty).populate()
	policy := "/v1/tenants/" + string(w.acme.tenant.ID) + "/policy"
	w.call("PUT", policy, w.operator, `{"classes":[{"name":"own"},{"name":"shared","unverified":"hold","return_path":"message"}]}`, http.StatusOK, nil)
	send := func(class, from string) myodai.MessageID {
		t.Helper()
		var m api.AcceptedMessage
		w.call("POST", "/v1/messages", w.acme.key, `{"class":"`+class+`","from":"`+from+`","subject":"Hi","text":"Hello.",
			"to":["a@example.org","b@example.net"],"bcc":["c@example.org"]}`, http.StatusAccepted, &m)
		return m.ID
	}
	paths := func(id myodai.MessageID) (list []string) {
		t.Helper()
		var m api.MessageWithAttempts
		w.call("GET", "/v1/messages/"+string(id), w.acme.key, "", http.StatusOK, &m)
		slices.SortFunc(m.Deliveries, func(a, b api.DeliveryWithAttempts) int { return strings.Compare(a.Recipient, b.Recipient) })
		for _, d := range m.Deliveries {
			list = append(list, d.ReturnPath)
		}
		return list
	}
	held := send("shared", "a@later.example")
	w.newDomain(w.acme.tenant.ID, "later.example")
	w.call("POST", "/v1/messages/"+string(held)+"/release", w.acme.key, `{}`, http.StatusOK, nil)
	for name, id := range map[string]myodai.MessageID{"sent": send("shared", "a@acme.example"), "released": held} {
		if p := paths(id); p[0] != p[2] || !strings.HasPrefix(p[0], "s-") || !strings.HasPrefix(p[1], "b-") {
			t.Errorf("%s: %q", name, p)
		}
	}
	if p := paths(send("own", "a@acme.example")); p[0] == p[2] || !strings.HasPrefix(p[0], "b-") || !strings.HasPrefix(p[2], "b-") {
		t.Errorf("one for each: %q", p)
	}
}

// P31, A9, D13: what is held goes by itself: what is verified counts, and nobody
// enters it anywhere.
func TestHeldMailGoesByItself(t *testing.T) {
	w := newWorld(t, plenty).populate()
	w.call("PUT", "/v1/policy", w.operator, `{"classes":[{"name":"hold","unverified":"hold"}]}`, http.StatusOK, nil)
	var m api.AcceptedMessage
	w.call("POST", "/v1/messages", w.acme.key, draft("a@later.example"), http.StatusAccepted, &m)
	w.newDomain(w.acme.tenant.ID, "later.example")
	w.runOnce()
	var now api.MessageWithAttempts
	w.call("GET", "/v1/messages/"+string(m.ID), w.acme.key, "", http.StatusOK, &now)
	if now.Basis != myodai.BasisDomain || now.Deliveries[0].State != myodai.DeliveryAccepted {
		t.Errorf("a round later: %+v", now)
	}
}
