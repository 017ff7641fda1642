package myodai_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// F2, F6: what a tenant's policy does not say, the platform's does, and what
// neither says, the defaults do.
func TestPolicyLayers(t *testing.T) {
	platform := myodai.Policy{Verification: myodai.VerifyEither, Addresses: myodai.AddressesOne, FreeMailAllowed: []myodai.Name{"gmail.com"}}
	tenant := myodai.Policy{Verification: myodai.VerifyBoth, FreeMailAllowed: []myodai.Name{}, Senders: &myodai.SenderList{}}
	got := myodai.Effective(platform, tenant)
	want := myodai.DefaultPolicy()
	want.Verification, want.Addresses, want.FreeMailAllowed = myodai.VerifyBoth, myodai.AddressesOne, []myodai.Name{}
	want.Senders = &myodai.SenderList{}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if err := want.Check(nil); err != nil {
		t.Errorf("what counts is refused: %v", err)
	}
}

// TestPolicyJSON keeps what is stored and shown readable, and the same after
// reading it back.
func TestPolicyJSON(t *testing.T) {
	list, err := myodai.ParseSenderList("example.com,news@example.net")
	if err != nil {
		t.Fatal(err)
	}
	p := myodai.Policy{
		ConfirmationLife: myodai.Span(36 * time.Hour), Senders: &list,
		Classes: []myodai.Class{{Name: "news", Route: "smarthost:bulk", Life: myodai.Span(90 * time.Minute)}},
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"confirmation_life":"36h","senders":"example.com\nnews@example.net","classes":[{"name":"news","route":"smarthost:bulk","life":"1h30m"}]}`
	if string(text) != want {
		t.Errorf("got %s\nwant %s", text, want)
	}
	var back myodai.Policy
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, p) {
		t.Errorf("read back: %+v, %v", back, err)
	}
	if text, _ := json.Marshal(myodai.Policy{}); string(text) != "{}" {
		t.Errorf("nothing said is %s", text)
	}
}

func TestPolicyCheck(t *testing.T) {
	class := func(c myodai.Class) myodai.Policy { return myodai.Policy{Classes: []myodai.Class{c}} }
	for _, tt := range []struct {
		name  string
		p     myodai.Policy
		field string // "" when it is good
	}{
		{"nothing", myodai.Policy{}, ""},
		{"a made-up verification", myodai.Policy{Verification: "none"}, "verification"},
		{"no texts at all", myodai.Policy{KeepBodies: myodai.Span(time.Minute)}, "keep_bodies"},
		{"records of a day", myodai.Policy{KeepRecords: myodai.Span(24 * time.Hour)}, "keep_records"},
		{"a link for a month", myodai.Policy{ConfirmationLife: myodai.Span(720 * time.Hour)}, "confirmation_life"},
		{"a subject on two lines", myodai.Policy{ConfirmationSubject: "a\r\nBcc: b"}, "confirmation_subject"},
		{"an exception that is no name", myodai.Policy{FreeMailAllowed: []myodai.Name{"GMAIL"}}, "free_mail_allowed[0]"},
		{"no class at all", myodai.Policy{Classes: []myodai.Class{}}, "classes"},
		{"a class with a space", class(myodai.Class{Name: "my news"}), "classes[0].name"},
		{"a class twice", myodai.Policy{Classes: []myodai.Class{{Name: "a"}, {Name: "a"}}}, "classes[1].name"},
		{"a smarthost there is", class(myodai.Class{Name: "a", Route: "smarthost:bulk"}), ""},
		{"a smarthost there is not", class(myodai.Class{Name: "a", Route: "smarthost:none"}), "classes[0].route"},
		{"a route that is none", class(myodai.Class{Name: "a", Route: "bulk"}), "classes[0].route"},
		{"the normal path where there is none", class(myodai.Class{Name: "a", Route: "normal"}), "classes[0].route"},
		{"unverified by the normal path where there is none", class(myodai.Class{Name: "a", Unverified: "normal"}), "classes[0].unverified"},
		{"unverified anyhow", class(myodai.Class{Name: "a", Unverified: "send"}), "classes[0].unverified"},
		{"return paths of nobody", class(myodai.Class{Name: "a", ReturnPath: "domain"}), "classes[0].return_path"},
		{"delivery for a year", class(myodai.Class{Name: "a", Life: myodai.Span(8760 * time.Hour)}), "classes[0].life"},
	} {
		err := tt.p.Check([]string{"bulk"})
		refusal, _ := errors.AsType[*myodai.Error](err)
		if (err == nil) != (tt.field == "") || refusal != nil && refusal.Field != tt.field {
			t.Errorf("%s: %v (in %+v), want a refusal of %q", tt.name, err, refusal, tt.field)
		}
	}
}
