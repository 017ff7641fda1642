package submission_test

import (
	"context"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/submission"
)

// The rows of requirements D as a platform with a normal path has them: what is
// verified and listed takes the route of its class, all else the normal path.
func TestDecideRows(t *testing.T) {
	const shopDomain, address = "interfactory1.example", "test@testinterfactory1.example"
	for _, tt := range []struct{ name, list, from, verified, want string }{
		{"row 1: the domain", shopDomain, "test@interfactory1.example", shopDomain, "delivery"},
		{"row 2: another domain", shopDomain, "test@example.com", "", "normal"},
		{"row 2, though it is verified", shopDomain, "test@example.com", "example.com", "normal"},
		{"row 3: a subdomain", shopDomain, "test@test.interfactory1.example", shopDomain, "delivery"},
		{"row 4: a name that ends alike", shopDomain, address, "", "normal"},
		{"row 5: a comma", shopDomain + ",example.com", "test@interfactory1.example", shopDomain, "delivery"},
		{"row 6: a line break", shopDomain + "\nexample.com", "test@interfactory1.example", shopDomain, "delivery"},
		{"row 7: the address", address, address, address, "delivery"},
		{"row 8: an address elsewhere", address, "test@example.com", "", "normal"},
		{"row 9: nothing set", "", address, address, "normal"},
		{"listed and not verified", shopDomain, "test@interfactory1.example", "", "normal"},
	} {
		from := addresses(tt.from)[0]
		list, err := myodai.ParseSenderList(tt.list)
		if err != nil {
			t.Fatal(err)
		}
		p := myodai.Effective(myodai.Policy{Verification: myodai.VerifyEither, Senders: &list}, myodai.Policy{})
		s := submission.Standing{Lacking: "register it"}
		switch {
		case strings.Contains(tt.verified, "@"):
			s.Sender = myodai.SenderAddress{ID: "snd_1", Address: from, ConfirmedAt: time.Unix(1, 0)}
		case tt.verified != "":
			s.Domain, s.Lacking = domain(shop, myodai.Name(tt.verified), myodai.DomainVerified), ""
		}
		c := myodai.Class{Name: "a", Route: myodai.RouteDelivery, Unverified: myodai.UnverifiedNormal}
		if w := submission.Decide(p, c, from, s, true); string(w.Route) != tt.want || w.Fate != submission.FateSend {
			t.Errorf("%s: %+v, want %s", tt.name, w, tt.want)
		}
	}
}

// F2, F6, D4, E5: what has to be proved, and what becomes of what is not.
func TestDecide(t *testing.T) {
	from := addresses("a@example.com")[0]
	verified := domain(shop, "example.com", myodai.DomainVerified)
	confirmed := myodai.SenderAddress{ID: "snd_1", Address: from, ConfirmedAt: time.Unix(1, 0)}
	for _, tt := range []struct {
		name            string
		v               myodai.Verification
		domain, address bool
		rule            myodai.UnverifiedRule
		foreign, normal bool
		want            string // fate basis route
	}{
		{"domain: the domain", "domain", true, false, "refuse", false, false, "send domain smarthost:x"},
		{"domain: the address alone", "domain", false, true, "refuse", false, false, "refuse  "},
		{"address: the address alone", "address", false, true, "refuse", false, false, "send address smarthost:x"},
		{"address: the domain alone", "address", true, false, "refuse", false, false, "refuse  "},
		{"address: both sign as the domain", "address", true, true, "refuse", false, false, "send domain smarthost:x"},
		{"both: both", "both", true, true, "refuse", false, false, "send domain smarthost:x"},
		{"both: the domain alone", "both", true, false, "hold", false, false, "hold  "},
		{"both: the address alone", "both", false, true, "refuse", false, false, "refuse  "},
		{"either: the domain", "either", true, false, "refuse", false, false, "send domain smarthost:x"},
		{"either: the address", "either", false, true, "refuse", false, false, "send address smarthost:x"},
		{"either: neither", "either", false, false, "refuse", false, false, "refuse  "},
		{"unverified: held", "domain", false, false, "hold", false, false, "hold  "},
		{"unverified: from the platform", "domain", false, false, "platform", false, false, "send platform smarthost:x"},
		{"unverified: by the normal path", "domain", false, false, "normal", false, true, "send normal normal"},
		{"unverified: by a normal path that is no more", "domain", false, false, "normal", false, false, "refuse  "},
		{"somebody else's, by the normal path", "domain", false, false, "normal", true, true, "refuse  "},
		{"somebody else's, from the platform", "domain", false, false, "platform", true, true, "send platform smarthost:x"},
	} {
		s := submission.Standing{Foreign: tt.foreign}
		if tt.domain {
			s.Domain = verified
		} else {
			s.Lacking = "example.com is not a verified domain of yours"
		}
		if tt.address {
			s.Sender = confirmed
		}
		p := myodai.DefaultPolicy()
		p.Verification = tt.v
		w := submission.Decide(p, myodai.Class{Route: "smarthost:x", Unverified: tt.rule}, from, s, tt.normal)
		if got := strings.Join([]string{string(w.Fate), string(w.Basis), string(w.Route)}, " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if missing := w.Basis != myodai.BasisDomain && w.Basis != myodai.BasisAddress; missing != (w.Lacking != "") {
			t.Errorf("%s: what is lacking is %q", tt.name, w.Lacking)
		}
	}
}

// A9: unverified mail of a tenant goes from the platform's own address, with the
// author's name, and answers go to the author; it is signed so that DMARC of the
// platform's zone passes.
func TestFromThePlatform(t *testing.T) {
	for _, tt := range []struct {
		name, header string
		from, reply  string
	}{
		{"with a name", "From: =?UTF-8?B?44GC?= <a@unknown.example>\r\n", "あ via Plat <no-reply@plat.example>", "あ <a@unknown.example>"},
		{"without a name", "From: a@unknown.example\r\n", "Shop GmbH via Plat <no-reply@plat.example>", " <a@unknown.example>"},
		{"with an address for a name", "From: \"boss@rival.example\" <a@unknown.example>\r\n", "Shop GmbH via Plat <no-reply@plat.example>", "boss@rival.example <a@unknown.example>"},
		{"with answers elsewhere", "From: A <a@unknown.example>\r\nReply-To: b@unknown.example\r\nSender: x@rival.example\r\n", "A via Plat <no-reply@plat.example>", " <b@unknown.example>"},
	} {
		l := newLedger()
		l.policy.Classes = []myodai.Class{{Name: "chat", Unverified: myodai.UnverifiedPlatform}}
		r, err := withPlatform(l).Submit(context.Background(), request(tt.header+"Subject: Hi\r\n\r\nHello\r\n"))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		body := l.accepted[0].Body
		m, err := mail.ReadMessage(strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		read := func(field string) string {
			list, err := m.Header.AddressList(field)
			if err != nil || len(list) != 1 {
				t.Fatalf("%s: %s %v, %v", tt.name, field, list, err)
			}
			return list[0].Name + " <" + list[0].Address + ">"
		}
		if from, reply := read("From"), read("Reply-To"); from != tt.from || reply != tt.reply {
			t.Errorf("%s: from %q, answers to %q", tt.name, from, reply)
		}
		if m.Header.Get("Sender") != "" || len(m.Header["From"]) != 1 {
			t.Errorf("%s: %v", tt.name, m.Header)
		}
		if got := l.verify(body, time.Now()); got != "plat.example pass" {
			t.Errorf("%s: a receiver says %s", tt.name, got)
		}
		d := l.accepted[0].Deliveries[0]
		if r.Message.Basis != myodai.BasisPlatform || r.Message.DomainID != "" || d.ReturnPath.Domain != "plat.example" || d.Route != myodai.RouteDelivery {
			t.Errorf("%s: %+v, %+v", tt.name, r.Message, d)
		}
	}
}

// withPlatform is an engine that can send as the platform.
func withPlatform(l *ledger) *submission.Engine {
	l.tenants[myodai.PlatformTenant] = myodai.TenantActive
	l.domains = append(l.domains, myodai.Domain{
		ID: myodai.PlatformDomain, TenantID: myodai.PlatformTenant, Name: "plat.example", State: myodai.DomainVerified, ReturnPath: "plat.example",
	})
	return submission.New(submission.Options{
		Store: l, Suppressions: l, Addresses: l, Random: &counter{}, ReturnKey: returnKey, MailHost: "mx.plat.example", Routes: []string{myodai.NormalRoute},
		Own: submission.Mailbox{Name: "Plat", Address: addresses("no-reply@plat.example")[0]},
	})
}

// D10c, T12: an address confirmed by itself carries exactly that address, signed
// by the platform.
func TestFromAnAddress(t *testing.T) {
	l := newLedger()
	l.policy.Verification = myodai.VerifyEither
	from := addresses("sales@unknown.example")[0]
	l.confirmed = []myodai.SenderAddress{{ID: "snd_1", TenantID: shop, Address: from, ConfirmedAt: time.Unix(1, 0)}}
	e := withPlatform(l)
	r, err := e.Submit(context.Background(), request("From: Sales <sales@unknown.example>\r\n\r\nHello\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Message.Basis != myodai.BasisAddress || r.Message.SenderID != "snd_1" || r.Message.DomainID != "" || r.Deliveries[0].ReturnPath.Domain != "plat.example" {
		t.Errorf("accepted %+v", r)
	}
	if got := l.verify(l.accepted[0].Body, time.Now()); got != "plat.example pass" {
		t.Errorf("a receiver says %s", got)
	}
	refused := 0
	locals := []string{"Sales", "SALES", "sales+1", "sales-1", "sales.1", "sale", "saless", "postmaster", "abuse", "info", "\"sales\"", "s.ales", "sales%x"}
	for _, local := range locals {
		for _, host := range []string{"unknown.example", "x.unknown.example", "example", "xunknown.example", "unknown.example.rival.example"} {
			if local == "\"sales\"" && host == "unknown.example" {
				continue // the same address, refused for its form
			}
			if _, err := e.Submit(context.Background(), request("From: "+local+"@"+host+"\r\n\r\nHello\r\n")); err == nil {
				t.Errorf("%s@%s is let through", local, host)
			} else {
				refused++
			}
		}
	}
	if _, err := e.Submit(context.Background(), request("From: sales@unknown.example\r\nSender: ceo@unknown.example\r\n\r\nHello\r\n")); !refuses(err, myodai.CodeForbidden) {
		t.Errorf("another Sender of that domain: %v", err)
	}
	if refused < 40 {
		t.Errorf("%d variants were tried, want 40", refused)
	}
}

// T18: no rule of a class lets anybody send as a domain that is somebody else's.
func TestForeignAuthorsGoNowhere(t *testing.T) {
	for _, rule := range []myodai.UnverifiedRule{myodai.UnverifiedRefuse, myodai.UnverifiedHold, myodai.UnverifiedNormal, myodai.UnverifiedPlatform} {
		for _, from := range []string{"a@rival.example", "a@x.rival.example", "a@team.example.com", "a@plat.example", "no-reply@plat.example"} {
			l := newLedger()
			l.policy.Classes = []myodai.Class{{Name: "chat", Unverified: rule}}
			_, err := withPlatform(l).Submit(context.Background(), request("From: "+from+"\r\n\r\nHello\r\n"))
			if refused := rule == myodai.UnverifiedRefuse || rule == myodai.UnverifiedNormal; refused != (err != nil) {
				t.Errorf("%s, %s: %v", from, rule, err)
			}
			for _, a := range l.accepted {
				held := slices.ContainsFunc(a.Deliveries, func(d myodai.Delivery) bool { return d.State == myodai.DeliveryHeld })
				if !held && !strings.Contains(string(a.Body), "via Plat <no-reply@plat.example>") {
					t.Errorf("%s, %s: goes out as\n%s", from, rule, a.Body)
				}
			}
		}
	}
}
