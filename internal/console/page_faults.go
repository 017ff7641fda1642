package console

import (
	"fmt"
	"slices"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
)

// How far back the operator sees what failed, and how much of each kind.
const (
	faultsBack  = 7 * 24 * time.Hour
	shownFaults = 20
)

// mishaps are the kinds of what befell tenants, as they stand on the page.
var mishaps = []struct {
	id    string
	kinds []myodai.EventKind
}{
	{"domains", []myodai.EventKind{myodai.EventDomainAtRisk, myodai.EventDomainSuspended}},
	{"tracking", []myodai.EventKind{myodai.EventTrackingAtRisk, myodai.EventTrackingSuspended, myodai.EventTrackingExpired}},
	{"certificates", []myodai.EventKind{myodai.EventCertificateFailed, myodai.EventCertificateExpiring}},
	{"webhooks", []myodai.EventKind{myodai.EventWebhookDisabled}},
	{"audits", []myodai.EventKind{myodai.EventAuditFailed}},
}

// faultsView is what failed lately.
type faultsView struct {
	Own      []faultLine // our own faults
	Deferred []deferredLine
	Sections []mishapSection
	Well     bool // nothing failed
}

// faultLine is a fault of ours.
type faultLine struct {
	Room, Text, Err, Node string
	Count                 int64
	Last                  moment
}

// deferredLine is mail that receivers put off.
type deferredLine struct {
	Domain, Said string
	Deliveries   int
	Oldest       moment
}

// mishapSection is what befell tenants, of one kind.
type mishapSection struct {
	ID, Name string
	Lines    []mishapLine
	More     bool // there are further ones
}

type mishapLine struct {
	What               chip
	About, Why         string
	Tenant, TenantPath string
	At                 moment
}

func showFaults(v *visit) error {
	ctx, since := v.r.Context(), v.now.Add(-faultsBack)
	own, err := v.o.Store.Faults(ctx, since, shownFaults)
	if err != nil {
		return err
	}
	deferred, err := v.o.Store.DeferredBecause(ctx, shownFaults)
	if err != nil {
		return err
	}
	view := newFaultsView(v.reader, own, deferred)
	platform, err := v.o.Store.PlatformCertificates(ctx)
	if err != nil {
		return err
	}
	for _, section := range mishaps {
		list, err := v.o.Store.Mishaps(ctx, section.kinds, since, shownFaults+1)
		if err != nil {
			return err
		}
		shown := newMishapSection(v.reader, section.id, list)
		if section.id == "certificates" {
			shown.Lines = append(platformFailures(v.reader, platform), shown.Lines...)
		}
		if len(shown.Lines) > 0 {
			view.Sections = append(view.Sections, shown)
		}
	}
	view.Well = len(view.Own)+len(view.Deferred)+len(view.Sections) == 0
	return v.show("faults", v.say("faults.title"), view)
}

func newFaultsView(r reader, own []myodai.Fault, deferred []myodai.Deferral) faultsView {
	view := faultsView{}
	for _, f := range own {
		view.Own = append(view.Own, faultLine{f.Room, f.Text, f.Err, f.Node, f.Count, r.moment(f.Last)})
	}
	for _, d := range deferred {
		line := deferredLine{Domain: string(d.Domain), Deliveries: d.Deliveries, Oldest: r.moment(d.OldestAt), Said: d.Last.Text}
		if d.Last.Code != 0 {
			line.Said = fmt.Sprintf("%d %s %s", d.Last.Code, d.Last.Enhanced, d.Last.Text)
		}
		view.Deferred = append(view.Deferred, line)
	}
	return view
}

func newMishapSection(r reader, id string, list []myodai.Mishap) mishapSection {
	section := mishapSection{ID: id, Name: r.say("faults.of_" + id), More: len(list) > shownFaults}
	for _, m := range list[:min(len(list), shownFaults)] {
		section.Lines = append(section.Lines, newMishapLine(r, m))
	}
	return section
}

func newMishapLine(r reader, m myodai.Mishap) mishapLine {
	said := func(keys ...string) string {
		for _, key := range keys {
			if text, ok := m.Data[key].(string); ok && text != "" {
				return text
			}
		}
		return ""
	}
	line := mishapLine{
		What: chip{r.say("faults.is_" + string(m.Kind)), toneWarn}, Tenant: m.TenantName, TenantPath: tenantPath(m.TenantID), At: r.moment(m.At),
		About: said("domain", "tracking_domain", "host", "url", "audit_id"), Why: said("detail", "reason"),
	}
	if slices.Contains([]myodai.EventKind{
		myodai.EventDomainSuspended, myodai.EventTrackingSuspended, myodai.EventTrackingExpired, myodai.EventWebhookDisabled,
	}, m.Kind) {
		line.What.Tone = toneBad
	}
	if cause := said("cause"); cause != "" {
		name, _ := myodai.ParseName(line.About)
		line.Why = diagnose.Explain(myodai.Finding{Cause: myodai.Cause(cause), Record: name}, diagnose.Context{
			Lang: diagnose.Lang(r.lang), Domain: name, Location: r.location,
		}).Title
	}
	if name, err := myodai.ParseName(line.About); err == nil {
		line.About = name.Unicode()
	}
	return line
}

// platformFailures are certificates of the platform's own names that were not
// issued, or end soon.
func platformFailures(r reader, list []myodai.Certificate) []mishapLine {
	var lines []mishapLine
	for _, c := range list {
		switch {
		case c.Failure != nil:
			lines = append(lines, mishapLine{
				What: chip{r.say("faults.is_certificate.failed"), toneBad}, About: string(c.Host), Why: c.Failure.Detail, At: r.moment(c.Failure.At),
			})
		case c.Held() && r.now.After(c.WarnAt()):
			lines = append(lines, mishapLine{
				What: chip{r.say("faults.is_certificate.expiring"), toneWarn}, About: string(c.Host), At: r.moment(c.NotAfter),
			})
		}
	}
	return lines
}
