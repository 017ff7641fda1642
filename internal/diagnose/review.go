package diagnose

import (
	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// selectors are DKIM selectors that mail services and hosts are known to give
// to everybody. Selectors cannot be listed (RFC 6376 §3.1), so a review asks for
// these.
var selectors = []string{
	"default", "dkim", "mail", "email", "smtp", "selector", "key1", "key2", "s1", "s2", "k1", "k2", "k3", "m1", "m2",
	"google", "selector1", "selector2", "fm1", "fm2", "fm3", "protonmail", "protonmail2", "protonmail3", "sig1", "zoho",
	"zmail", "mailjet", "mandrill", "mte1", "brevo1", "brevo2", "hs1", "hs2", "pm", "resend", "smtpapi", "cm", "kl", "kl2",
	"zendesk1", "zendesk2", "ctct1", "ctct2", "everlytickey1", "everlytickey2", "mxvault", "turbo-smtp", "dk", "sakura",
}

// Review is the plan for a domain nobody made a plan for: its SPF and DMARC
// records as they are, and the keys that are there. An Input with it has
// Known.Reviewing set. It grows with the observation.
func Review(domain myodai.Name, o myodai.Observation) plan.Plan {
	p := plan.Plan{Domain: domain, Items: []plan.Item{
		{Purpose: myodai.PurposeSPF, Name: domain, Type: myodai.TypeTXT, Required: true},
		{Purpose: myodai.PurposeDMARC, Name: domain.Child("_dmarc"), Type: myodai.TypeTXT, Required: true},
	}}
	// A wildcard has every selector.
	if _, wildcard := published(noSelector, domain, o); wildcard {
		return p
	}
	for _, selector := range selectors {
		if item, ok := published(selector, domain, o); ok {
			p.Items = append(p.Items, item)
		}
	}
	return p
}

// noSelector is one that nobody has.
const noSelector = "no-such-selector"

// ReviewQuestions are those that show which keys a domain has.
func ReviewQuestions(domain myodai.Name) []myodai.Question {
	list := []myodai.Question{{Name: domain.Child(noSelector + "._domainkey"), Type: myodai.TypeTXT, OneServer: true}}
	for _, selector := range selectors {
		list = append(list, myodai.Question{Name: domain.Child(selector + "._domainkey"), Type: myodai.TypeTXT, OneServer: true})
	}
	return list
}

// published is a selector's record as it is there: the text, or the alias that
// leads to one.
func published(selector string, domain myodai.Name, o myodai.Observation) (item plan.Item, ok bool) {
	name := domain.Child(selector + "._domainkey")
	item = plan.Item{Purpose: myodai.PurposeDKIM, Selector: selector, Name: name, Type: myodai.TypeTXT, Required: true}
	for _, a := range o.About(name, myodai.TypeTXT) {
		if a.Kind() != myodai.AnswerPositive {
			continue
		}
		for _, rr := range a.Records {
			switch {
			case rr.Type == myodai.TypeCNAME && rr.Name == name:
				item.Type, item.Value = myodai.TypeCNAME, rr.Data
			case rr.Type == myodai.TypeTXT:
				ok = true
			}
		}
		if item.Type == myodai.TypeCNAME && a.RCode == "NOERROR" {
			ok = true // servers of another zone know where it leads
		}
	}
	return item, ok
}
