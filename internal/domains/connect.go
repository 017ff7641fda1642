package domains

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/handoff"
	"github.com/myodai/myodai/internal/plan"
)

// Offer is a DNS host that writes records itself, when the domain's owner agrees
// there (Domain Connect).
type Offer struct {
	Host    string      // what the host calls itself
	At      myodai.Name // where people are sent to
	Records []plan.Item // that it would write
	Left    []plan.Item // open ones that it would not
}

// Back is where the DNS host sends people when they are done.
type Back struct {
	URI   string // "" for nowhere
	State string // comes back with them
}

// Link leads to the DNS host, which writes the offer's records when the domain's
// owner agrees.
type Link struct {
	Offer
	URL string
}

// Offered asks the DNS host of a domain whether it writes records itself. It
// refuses when the host does not, or nothing is open.
func (h *Handover) Offered(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID) (Offer, error) {
	a, err := h.application(ctx, tenant, id)
	if err != nil {
		return Offer{}, err
	}
	return h.offer(a)
}

func (h *Handover) offer(a handoff.Application) (Offer, error) {
	o := Offer{Host: a.Host.Name(), At: a.Host.At()}
	o.Records, o.Left = h.Connect.Writes(a)
	if len(o.Records) == 0 {
		return o, myodai.Refuse(myodai.CodeConflict, "", "there is no open record that the DNS host could enter by itself")
	}
	return o, nil
}

// application is all that a link is made of, but for where it leads back to.
func (h *Handover) application(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID) (handoff.Application, error) {
	r, err := h.Domains.Read(ctx, tenant, id)
	if err != nil {
		return handoff.Application{}, err
	}
	zone := r.Zone()
	if !h.connects() {
		return handoff.Application{}, errNoConnect(zone)
	}
	settings, err := h.hosts.ask(ctx, zone, h.discover)
	if err != nil {
		return handoff.Application{}, err
	}
	var servers []myodai.Name
	if z, ok := r.Last.Observation.ZoneOf(r.Domain.Name); ok {
		for _, s := range z.Servers {
			servers = append(servers, s.Name)
		}
	}
	if !settings.Serves(servers) {
		return handoff.Application{}, myodai.Refuse(myodai.CodeConflict, "",
			"what %s says of the zone %s is about other name servers than it has now, so it is probably left over from another DNS host; enter the records by hand", settings.Name(), zone)
	}
	return handoff.Application{Host: settings, Zone: zone, Domain: r.Domain, Plan: r.Plan, Checks: r.Seen}, nil
}

// Link makes the link for what is open now.
func (h *Handover) Link(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID, back Back) (Link, error) {
	if err := h.mayReturn(back); err != nil {
		return Link{}, err
	}
	a, err := h.application(ctx, tenant, id)
	if err != nil {
		return Link{}, err
	}
	a.RedirectURI, a.State = back.URI, back.State
	o, err := h.offer(a)
	if err != nil {
		return Link{}, err
	}
	label, key, err := h.signer(ctx)
	if err != nil {
		return Link{}, err
	}
	address, _, err := h.Connect.ApplyURL(a, label, key)
	return Link{Offer: o, URL: address}, err
}

// The bounds of where people come back to, in octets.
const (
	maxRedirect = 1000
	maxState    = 500
)

// mayReturn refuses to send people to a place that the template does not name: a
// signed link would make the DNS host lead them anywhere (T72).
func (h *Handover) mayReturn(back Back) error {
	printable := func(s string) bool { return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' }) }
	if len(back.State) > maxState || !printable(back.State) {
		return myodai.Refuse(myodai.CodeInvalid, "state", "the state is at most %d characters of printable ASCII", maxState)
	}
	if back.URI == "" {
		return nil
	}
	u, err := url.Parse(back.URI)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "" ||
		len(back.URI) > maxRedirect || !printable(back.URI) || !slices.Contains(h.Connect.RedirectDomains, myodai.Name(strings.ToLower(u.Hostname()))) {
		return myodai.Refuse(myodai.CodeInvalid, "redirect_uri",
			"people cannot be sent back to %q; its host has to be among those that the platform operator told DNS hosts of", back.URI)
	}
	return nil
}

// Returns reports whether people can be sent back to an address.
func (h *Handover) Returns(uri string) bool { return h.mayReturn(Back{URI: uri}) == nil }

// Returned looks at DNS when somebody comes back from the DNS host. failure is the
// error code it sent them with, "" for none (RFC 6749 §4.1.2.1). Neither is
// believed: what stands in DNS decides.
func (h *Handover) Returned(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID, failure string) (myodai.Check, error) {
	return h.Domains.CheckSaid(ctx, tenant, id, Said{Connected: failure == ""}, nil)
}

// connects reports whether DNS hosts are asked at all.
func (h *Handover) connects() bool { return h.Connect.ProviderID != "" && h.Outward != nil }

// errNoConnect is the answer where a DNS host does not speak Domain Connect.
func errNoConnect(zone myodai.Name) error {
	return myodai.Refuse(myodai.CodeConflict, "", "the DNS host of %s cannot enter the records by itself; enter them by hand, or send them to who can", zone)
}
