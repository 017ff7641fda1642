package console

import (
	"net/http"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
	"github.com/myodai/myodai/internal/domains"
)

// domainView is the page of one domain (A22).
type domainView struct {
	Name      string
	ASCII     string // "" when it is the same
	Path      string
	State     chip
	Lead      string
	Abilities []ability
	Board     board
	Keys      []keyView
	MayRotate bool
	May       bool // change things
	Pending   bool
	Trouble   bool
	Deadline  moment // when sending stops
	Facts     []fact
	Settings  settingsView
	Events    string // address of the history
	Problem   string
}

// ability is something the domain can or cannot do now.
type ability struct {
	Title string
	Chip  chip
	Text  string
}

type fact struct {
	Label string
	Value string
	At    moment
	Code  bool
}

type keyView struct {
	Selector  string
	Algorithm string
	State     chip
	Text      string
	Created   moment
}

// settingsView is what can be changed about a domain.
type settingsView struct {
	From    field
	Report  field
	RootSPF bool
	Shape   myodai.Shape
	Other   myodai.Shape
	Switch  string
}

func showDomain(v *visit) error { return v.showDomain(http.StatusOK, problem{}) }

func (v *visit) showDomain(status int, p problem) error {
	in, err := v.domain()
	if err != nil {
		return err
	}
	links, _, err := v.o.Store.TrackingDomains(v.r.Context(), v.actor.Tenant, myodai.Page{Limit: myodai.MaxPage})
	if err != nil {
		return err
	}
	view := newDomainView(v.reader, in, v.actor.may(administrators), p)
	view.Abilities = append(view.Abilities, v.linkAbility(in.Domain, links))
	if view.May && v.offers(in, view.Board.Host) {
		view.Board.Host.Offer = view.Path + "/connect"
	}
	return v.write(status, "domain", in.Domain.Name.Unicode(), view)
}

func newDomainView(r reader, in reading, may bool, p problem) domainView {
	d := in.Domain
	out := domainView{
		Name: d.Name.Unicode(), Path: domainPath(d.ID), State: r.domainChip(d), Lead: r.say("domain.lead_" + string(d.State)),
		Board: newBoard(r, in, form{}), May: may, Pending: d.State == myodai.DomainPending,
		Trouble: d.State == myodai.DomainAtRisk || d.State == myodai.DomainSuspended,
		Events:  domainPath(d.ID) + "/history", Settings: newSettingsView(r, d, p),
	}
	if p.Field != "from" && p.Field != "report_address" {
		out.Problem = p.Message
	}
	if out.Name != string(d.Name) {
		out.ASCII = string(d.Name)
	}
	if d.State == myodai.DomainAtRisk {
		out.Deadline = r.moment(d.AtRiskAt.Add(myodai.GracePeriod))
	}
	out.Abilities = r.abilities(in)
	for _, k := range in.Keys {
		out.Keys = append(out.Keys, newKeyView(r, k))
		out.MayRotate = out.MayRotate || k.State == myodai.KeyStandby && d.CanSend()
	}
	out.Facts = []fact{
		{Label: r.say("domain.registered"), At: r.moment(d.RegisteredAt)},
		{Label: r.say("domain.verified"), At: r.moment(d.VerifiedAt), Value: r.say("domain.not_yet")},
		{Label: r.say("domain.checked"), At: r.moment(d.CheckedAt), Value: r.say("domain.not_yet")},
		{Label: r.say("domain.next"), At: r.moment(d.NextCheckAt)},
		{Label: r.say("domain.dns_host"), Value: r.hostFact(out.Board.Host)},
		{Label: r.say("domain.id"), Value: string(d.ID), Code: true},
	}
	return out
}

// hostFact names the DNS host, or says that it is not known.
func (r reader) hostFact(h hostView) string {
	if !h.Known {
		return r.say("domain.host_unknown")
	}
	return h.Name
}

// abilities says what the domain can do now: From, bounces, tracking, reports.
func (r reader) abilities(in reading) []ability {
	d := in.Domain
	yes := chip{r.say("domain.yes"), toneGood}
	no := chip{r.say("domain.no"), toneOpen}
	of := func(purpose myodai.Purpose) (as myodai.RecordStatus) {
		as = myodai.StatusAsPlanned
		for _, c := range in.Seen {
			if c.Purpose == purpose && c.Required && c.Status != myodai.StatusAsPlanned {
				as = c.Status
			}
		}
		return as
	}
	list := []ability{
		{Title: r.say("domain.from_title"), Chip: no, Text: r.say("domain.from_no", d.Name.Unicode())},
		{Title: r.say("domain.bounce_title"), Chip: no, Text: r.say("domain.bounce_no", string(d.ReturnPath))},
		{Title: r.say("domain.report_title"), Chip: no, Text: r.say("domain.report_no")},
	}
	if d.CanSend() {
		list[0].Chip, list[0].Text = yes, r.say("domain.from_yes", d.Name.Unicode())
	}
	if of(myodai.PurposeReturnPath) == myodai.StatusAsPlanned && in.current() {
		list[1].Chip, list[1].Text = yes, r.say("domain.bounce_yes", string(d.ReturnPath))
	}
	if text, policy, ok := dmarcOf(in); ok {
		list[2].Chip, list[2].Text = yes, r.say("domain.report_theirs", policy)
		for _, item := range in.Plan.Items {
			if item.Purpose == myodai.PurposeDMARC && text == item.Value {
				list[2].Text = r.say("domain.report_ours")
			}
		}
	}
	return list
}

// linkAbility says whether links in mail lead through a name at the domain.
func (r reader) linkAbility(d myodai.Domain, links []myodai.TrackingDomain) ability {
	for _, t := range links {
		if t.State == myodai.TrackingVerified && t.Name.Under(d.Name) {
			return ability{r.say("domain.link_title"), chip{r.say("domain.yes"), toneGood}, r.say("domain.link_yes", string(t.Name))}
		}
	}
	return ability{r.say("domain.link_title"), chip{r.say("domain.no"), toneNone}, r.say("domain.link_no")}
}

// dmarcOf is the DMARC record that the last check found.
func dmarcOf(in reading) (text, policy string, ok bool) {
	for _, c := range in.Seen {
		if c.Purpose != myodai.PurposeDMARC || c.Status != myodai.StatusAsPlanned {
			continue
		}
		for _, found := range c.Found {
			text := myodai.UnescapeText(trimType(found))
			if record, _, err := dmarc.Parse(text); err == nil {
				return text, string(record.Policy), true
			}
		}
	}
	return "", "", false
}

func newKeyView(r reader, k myodai.Key) keyView {
	tones := map[myodai.KeyState]tone{myodai.KeyActive: toneGood, myodai.KeyStandby: toneNone, myodai.KeyRetired: toneOpen, myodai.KeyRevoked: toneOpen}
	names := map[myodai.KeyAlgorithm]string{myodai.KeyRSA: "RSA", myodai.KeyEd25519: "Ed25519"}
	return keyView{
		Selector: k.Selector, Algorithm: names[k.Algorithm], Created: r.moment(k.CreatedAt),
		State: chip{r.say("key." + string(k.State)), tones[k.State]}, Text: r.say("key.text_" + string(k.State)),
	}
}

func newSettingsView(r reader, d myodai.Domain, p problem) settingsView {
	other := myodai.ShapeTXT
	if d.Shape == myodai.ShapeTXT {
		other = myodai.ShapeCNAME
	}
	return settingsView{
		RootSPF: d.RootSPF, Shape: d.Shape, Other: other, Switch: r.say("record.all_" + string(other)),
		From: field{
			Name: "default_from", Label: r.say("new.from"), Value: d.DefaultFrom, Code: true, Mode: "email", Optional: true,
			Problem: p.at("from"), Hint: r.say("domain.from_hint", d.Name.Unicode()),
		},
		Report: field{
			Name: "report_address", Label: r.say("domain.report_address"), Value: d.ReportAddress, Code: true, Mode: "email",
			Optional: true, Problem: p.at("report_address"), Hint: r.say("domain.report_hint"),
		},
	}
}

// changeDomain saves the settings.
func changeDomain(v *visit) error {
	id, err := v.domainID()
	if err != nil {
		return err
	}
	from, report := v.r.PostFormValue("default_from"), v.r.PostFormValue("report_address")
	root := v.r.PostFormValue("root_spf") != ""
	_, err = v.o.Domains.Change(v.r.Context(), v.actor.Tenant, id, domains.Change{DefaultFrom: &from, ReportAddress: &report, RootSPF: &root})
	if p, status, ok := v.judge(err); ok {
		return v.showDomain(status, p)
	}
	if err != nil {
		return err
	}
	return v.done(domainPath(id), "domain.saved")
}

// rotateKeys puts the standby keys into service.
func rotateKeys(v *visit) error {
	id, err := v.domainID()
	if err != nil {
		return err
	}
	_, err = v.o.Domains.Rotate(v.r.Context(), v.actor.Tenant, id)
	if p, status, ok := v.judge(err); ok {
		p.Field = "" // said above the page: there is no field
		return v.showDomain(status, p)
	}
	if err != nil {
		return err
	}
	return v.done(domainPath(id), "domain.rotated")
}
