package console

import (
	"net/http"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/plan"
)

// trackingPage is one tracking domain: its steps as a timeline, what is to be
// entered now, what is wrong with it, and its certificate.
type trackingPage struct {
	ID, Name    string
	State       chip
	Lead        string
	Steps       []trackingStep
	Records     []trackingRecord
	Finding     *trackingFinding // to mend first; nil for none
	Certificate certificateView
	Aligned     bool
	Checked     moment
	Acts        bool   // the reader may do things
	Checks      bool   // there is something to check
	Expired     bool   // only starting again is left
	Other       string // the other way, "" when it cannot be changed any more
	OtherLabel  string
	Waiting     bool // the certificate is on its way
	Problem     string
}

func (p trackingPage) refresh() int {
	if p.Waiting {
		return 5
	}
	return 0
}

// trackingStep is one step of the timeline.
type trackingStep struct {
	Number      int
	Title, Text string
	State       string // done, now, next or late
	Done        moment
	Deadline    moment
	Current     bool
}

// trackingRecord is one record to be entered.
type trackingRecord struct {
	Type        string
	Host, Value copyable
	Name        string // in full
	Status      chip
	Rewrite     bool // an entry that is there already gets this value
}

// trackingFinding is what is wrong, and what to do.
type trackingFinding struct {
	Title, Message, Found string
	Steps                 []string
}

// certificateView is a certificate, or why there is none.
type certificateView struct {
	State  chip
	Until  moment
	Renew  moment
	Issuer string
	Words  string // the authority's own, about the last failure
	Type   string
	Again  moment
}

func (v *visit) tracking() (myodai.TrackingDomain, error) {
	id, err := myodai.ParseID[myodai.TrackingID](v.r.PathValue("id"))
	if err != nil {
		return myodai.TrackingDomain{}, errNoPage
	}
	return v.o.Store.TrackingDomain(v.r.Context(), v.actor.Tenant, id)
}

func showTracking(v *visit) error {
	t, err := v.tracking()
	if err != nil {
		return err
	}
	return v.showTrackingDomain(http.StatusOK, t, problem{})
}

func (v *visit) showTrackingDomain(status int, t myodai.TrackingDomain, p problem) error {
	ctx := v.r.Context()
	checks, err := v.o.Store.TrackingChecks(ctx, t.TenantID, t.ID, v.now.Add(time.Minute), 1)
	if err != nil {
		return err
	}
	var last myodai.Check
	if len(checks) > 0 && !checks[0].At.Before(t.PlannedAt) {
		last = checks[0]
	}
	c, err := v.o.Store.Certificate(ctx, t.TenantID, t.ID)
	if err != nil {
		return err
	}
	b, err := v.o.Store.TrackingBackground(ctx, t)
	if err != nil {
		return err
	}
	view := newTrackingPage(v.reader, t, v.o.Tracking.Plan(t), last, c)
	view.Aligned = domains.Aligned(t.Name, b.Domains)
	view.Acts, view.Problem = v.actor.may(administrators), p.Message
	return v.write(status, "tracking_domain", string(t.Name), view)
}

func newTrackingPage(r reader, t myodai.TrackingDomain, p plan.Plan, last myodai.Check, c myodai.Certificate) trackingPage {
	view := trackingPage{
		ID: string(t.ID), Name: t.Name.Unicode(), State: r.trackingChip(t), Steps: newTrackingSteps(r, t), Certificate: newCertificateView(r, c),
		Checked: r.moment(t.CheckedAt), Expired: t.State == myodai.TrackingExpired, Lead: r.say("tracking.lead_" + string(t.State)),
		Waiting: t.State == myodai.TrackingValidating && t.Ready && c.Failure == nil,
	}
	view.Checks = !view.Expired
	switch {
	case t.Serves() || t.State == myodai.TrackingSuspended:
	case t.Way == myodai.TrackingPrepared:
		view.Other, view.OtherLabel = "direct", r.say("tracking.to_direct")
	default:
		view.Other, view.OtherLabel = "prepared", r.say("tracking.to_prepared")
	}
	if view.Expired {
		return view
	}
	host, ok := dnshost.ByID(last.DNSHost)
	if !ok {
		host = dnshost.Generic()
	}
	for i, item := range p.Items {
		view.Records = append(view.Records, newTrackingRecord(r, t, item, i, host, last))
	}
	for _, f := range last.Findings {
		if f.Primary {
			view.Finding = newTrackingFinding(r, f, host)
		}
	}
	return view
}

// newTrackingSteps is the timeline: two steps of the direct way, three of the
// prepared one, and for each when it was done or must be.
func newTrackingSteps(r reader, t myodai.TrackingDomain) []trackingStep {
	keys := []string{"prove", "certify", "switch"}
	done := []time.Time{t.ProvedAt, t.CertifiedAt, t.VerifiedAt}
	if t.Way == myodai.TrackingDirect {
		keys, done = []string{"alias", "follows"}, []time.Time{t.ProvedAt, t.VerifiedAt}
	}
	now := len(keys) // the step that is under way
	for i, at := range done {
		if at.IsZero() {
			now = i
			break
		}
	}
	var steps []trackingStep
	for i, key := range keys {
		s := trackingStep{Number: i + 1, Title: r.say("tracking.title_" + key), Text: r.say("tracking.text_" + key), State: "next"}
		switch {
		case i < now:
			s.State, s.Done = "done", r.moment(done[i])
		case i == now && t.State == myodai.TrackingExpired:
			s.State, s.Deadline = "late", r.moment(t.Deadline)
		case i == now:
			s.State, s.Current = "now", true
		}
		if s.Current && key == "certify" {
			s.Deadline = r.moment(t.Deadline)
		}
		steps = append(steps, s)
	}
	return steps
}

func newTrackingRecord(r reader, t myodai.TrackingDomain, item plan.Item, i int, host dnshost.Host, last myodai.Check) trackingRecord {
	zone := item.Name.Registrable()
	if z, ok := last.Observation.ZoneOf(item.Name); ok && z.Name != "" && !z.Name.IsPublicSuffix() {
		zone = z.Name
	}
	entry := host.Enter(zone, item)
	rec := trackingRecord{
		Type: string(item.Type), Name: string(item.Name), Rewrite: i == 0 && t.State == myodai.TrackingSwitching,
		Host:   copyable{Label: r.say("tracking.host"), Value: entry.Host},
		Value:  copyable{Label: r.say("tracking.value"), Value: entry.Value},
		Status: chip{r.say("tracking.record_unknown"), toneOpen},
	}
	for _, c := range last.Records {
		if c.Name != item.Name || c.Type != item.Type {
			continue
		}
		switch c.Status {
		case myodai.StatusAsPlanned:
			rec.Status = chip{r.say("tracking.record_right"), toneGood}
		case myodai.StatusMissing:
			rec.Status = chip{r.say("tracking.record_missing"), toneOpen}
		case myodai.StatusDifferent:
			rec.Status = chip{r.say("tracking.record_different"), toneBad}
		}
	}
	return rec
}

func newTrackingFinding(r reader, f myodai.Finding, host dnshost.Host) *trackingFinding {
	c := diagnose.Context{
		Lang: diagnose.Lang(r.lang), Host: host, Domain: myodai.Name(f.Args["d"]), Zone: myodai.Name(f.Args["zone"]), Location: r.location,
	}
	if t := myodai.RecordType(f.Args["type"]); t != "" {
		c.Item = plan.Item{Purpose: f.Purpose, Name: f.Record, Type: t, Value: f.Args["want"]}
	}
	text := diagnose.Explain(f, c)
	return &trackingFinding{Title: text.Title, Message: text.Message, Found: strings.TrimSpace(f.Found), Steps: text.Steps}
}

func newCertificateView(r reader, c myodai.Certificate) certificateView {
	view := certificateView{State: chip{r.say("tracking.certificate_none"), toneOpen}, Until: r.moment(c.NotAfter), Renew: r.moment(c.RenewAt), Issuer: c.Issuer}
	switch {
	case c.Held() && !c.Valid(r.now):
		view.State = chip{r.say("tracking.certificate_expired"), toneBad}
	case c.Held() && !r.now.Before(c.WarnAt()):
		view.State = chip{r.say("tracking.certificate_expiring"), toneWarn}
	case c.Held():
		view.State = chip{r.say("tracking.certificate_valid"), toneGood}
	}
	if c.Failure != nil {
		view.Words, view.Type, view.Again = c.Failure.Detail, c.Failure.Type, r.moment(c.DueAt)
	}
	return view
}

// checkPause is how soon after a check the next one is worth making.
const checkPause = 3 * time.Second

func checkTracking(v *visit) error {
	t, err := v.tracking()
	if err != nil {
		return err
	}
	if v.now.Sub(t.CheckedAt) >= checkPause {
		if _, _, err := v.o.Tracking.CheckNow(v.r.Context(), t.TenantID, t.ID, nil); err != nil {
			return err
		}
	}
	return v.to("/tracking/" + string(t.ID))
}

func switchTracking(v *visit) error {
	t, err := v.tracking()
	if err != nil {
		return err
	}
	_, err = v.o.Tracking.Switch(v.r.Context(), t.TenantID, t.ID, v.r.PostFormValue("way"))
	if p, status, ok := v.judge(err); ok {
		return v.showTrackingDomain(status, t, p)
	}
	if err != nil {
		return err
	}
	return v.to("/tracking/" + string(t.ID))
}

func restartTracking(v *visit) error {
	t, err := v.tracking()
	if err != nil {
		return err
	}
	fresh, err := v.o.Tracking.Restart(v.r.Context(), t.TenantID, t.ID)
	if p, status, ok := v.judge(err); ok {
		return v.showTrackingDomain(status, t, p)
	}
	if err != nil {
		return err
	}
	return v.done("/tracking/"+string(fresh.ID), "tracking.restarted")
}

func deleteTracking(v *visit) error {
	t, err := v.tracking()
	if err != nil {
		return err
	}
	if err := v.o.Tracking.Delete(v.r.Context(), t.TenantID, t.ID); err != nil {
		return err
	}
	return v.done("/tracking", "tracking.deleted")
}
