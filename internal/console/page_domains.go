package console

import (
	"net/url"

	"github.com/myodai/myodai"
)

// domainsView is the list of a tenant's domains.
type domainsView struct {
	Domains []domainLine
	MayAdd  bool
	Next    string // address of the next part of the list, "" at its end
}

// domainLine is one domain in the list.
type domainLine struct {
	Path    string
	Name    string // as people write it
	ASCII   string // as DNS has it, where that differs
	State   chip
	Ability string // what it can do now, in a sentence
	Checked moment
}

func (s *Server) routeDomains() {
	s.add("GET /domains", members, listDomains)
	s.add("GET /domains/new", administrators, newDomain)
	s.add("POST /domains", administrators, registerDomain)
	s.add("GET /domains/hint", administrators, hintDomain)
	s.add("GET /domains/{domain}", members, showDomain)
	s.add("GET /domains/{domain}/records", administrators, showRecords)
	s.add("GET /domains/{domain}/check", administrators, showCheck)
	s.add("POST /domains/{domain}/check", administrators, checkDomain)
	s.add("GET /domains/{domain}/live", administrators, watchDomain)
	s.add("POST /domains/{domain}/shape", administrators, reshapeDomain)
	s.add("POST /domains/{domain}/settings", administrators, changeDomain)
	s.add("POST /domains/{domain}/rotate", administrators, rotateKeys)
	s.add("GET /domains/{domain}/history", members, showHistory)
	s.add("GET /domains/{domain}/history/{check}", members, showPastCheck)
	s.add("GET /domains/{domain}/dmarc", administrators, showDMARC)
	s.add("GET /domains/{domain}/delete", administrators, askToDelete)
	s.add("POST /domains/{domain}/delete", administrators, deleteDomain)
}

func listDomains(v *visit) error {
	page := myodai.Page{After: v.r.URL.Query().Get("after")}
	list, next, err := v.o.Store.Domains(v.r.Context(), v.actor.Tenant, page)
	if err != nil {
		return err
	}
	return v.show("domains", v.say("domains.title"), newDomainsView(v.reader, list, next, v.actor.may(administrators)))
}

func newDomainsView(r reader, list []myodai.Domain, next string, mayAdd bool) domainsView {
	out := domainsView{MayAdd: mayAdd}
	for _, d := range list {
		line := domainLine{
			Path: domainPath(d.ID), Name: d.Name.Unicode(), State: r.domainChip(d), Checked: r.moment(d.CheckedAt),
			Ability: r.say("domains.ability_" + string(d.State)),
		}
		if line.Name != string(d.Name) {
			line.ASCII = string(d.Name)
		}
		out.Domains = append(out.Domains, line)
	}
	if next != "" {
		out.Next = "/domains?" + url.Values{"after": {next}}.Encode()
	}
	return out
}

// domainPath is the page of a domain.
func domainPath(id myodai.DomainID) string { return "/domains/" + string(id) }

// domainChip says where a domain stands (A22).
func (r reader) domainChip(d myodai.Domain) chip {
	tones := map[myodai.DomainState]tone{
		myodai.DomainPending: toneOpen, myodai.DomainVerified: toneGood, myodai.DomainAtRisk: toneWarn, myodai.DomainSuspended: toneBad,
	}
	return chip{r.say("domains.state_" + string(d.State)), tones[d.State]}
}
