package diagnose

import (
	"testing"

	"github.com/myodai/myodai"
)

// TestReview: the plan is what is there, and nothing where a wildcard has
// everything.
func TestReview(t *testing.T) {
	answer := func(name myodai.Name, records ...myodai.Record) myodai.Answer {
		return myodai.Answer{
			Question: myodai.Question{Name: name, Type: myodai.TypeTXT}, RCode: "NOERROR", Authoritative: true, Records: records,
		}
	}
	google, s1, none := myodai.Name("google._domainkey.acme.example"), myodai.Name("s1._domainkey.acme.example"), myodai.Name("no-such-selector._domainkey.acme.example")
	key := myodai.Record{Name: google, Type: myodai.TypeTXT, Data: "v=DKIM1; p="}
	alias := myodai.Record{Name: s1, Type: myodai.TypeCNAME, Data: "s1.esp.example"}
	o := myodai.Observation{Domain: "acme.example", Answers: []myodai.Answer{
		answer(google, key), answer(s1, alias), answer("k1._domainkey.acme.example"),
	}}
	p := Review("acme.example", o)
	if len(p.Items) != 4 {
		t.Fatalf("items = %+v", p.Items)
	}
	if i := p.Items[2]; i.Name != s1 || i.Type != myodai.TypeCNAME || i.Value != "s1.esp.example" || i.Selector != "s1" {
		t.Errorf("alias = %+v", i)
	}
	if i := p.Items[3]; i.Name != google || i.Type != myodai.TypeTXT || i.Value != "" {
		t.Errorf("key = %+v", i)
	}
	o.Answers = append(o.Answers, answer(none, myodai.Record{Name: none, Type: myodai.TypeTXT, Data: "v=spf1 -all"}))
	if p := Review("acme.example", o); len(p.Items) != 2 {
		t.Errorf("with a wildcard: %+v", p.Items)
	}
	if list := ReviewQuestions("acme.example"); len(list) > MaxProbes {
		t.Errorf("%d questions are more than one check may ask", len(list))
	}
}
