package domains

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// TrackingStore is what the engine of tracking domains keeps. See package store.
type TrackingStore interface {
	CreateTracking(ctx context.Context, t myodai.TrackingDomain, certificate myodai.CertificateID, most int, events ...myodai.Event) error
	TrackingDomain(ctx context.Context, tenant myodai.TenantID, id myodai.TrackingID) (myodai.TrackingDomain, error)
	UpdateTracking(ctx context.Context, tenant myodai.TenantID, id myodai.TrackingID,
		change func(myodai.TrackingDomain) (myodai.TrackingDomain, []myodai.Event, error)) (myodai.TrackingDomain, error)
	DeleteTracking(ctx context.Context, tenant myodai.TenantID, id myodai.TrackingID, now time.Time, events ...myodai.Event) error
	ClaimTracking(ctx context.Context, limit int, now, until time.Time) ([]myodai.TrackingDomain, error)
	RecordTrackingCheck(ctx context.Context, check myodai.Check,
		change func(t myodai.TrackingDomain, certificate myodai.Certificate, rivals []myodai.TrackingDomain) (myodai.TrackingChange, error)) (myodai.TrackingDomain, error)
	TrackingBackground(ctx context.Context, t myodai.TrackingDomain) (myodai.TrackingBackground, error)
}

// TrackingOptions are what the engine of tracking domains needs.
type TrackingOptions struct {
	Store    TrackingStore
	Prober   Prober
	Registry Registry // nil asks nobody
	Site     plan.Site
	Issuers  []string      // as of Options
	StepTime time.Duration // how long step 2 may take; 0 means myodai.TrackingStepTime
	Most     int           // tracking domains of one tenant; 0 means 20
	Random   io.Reader     // of tokens; must not fail
	Log      *slog.Logger
	Wake     func()      // called when our zone has changed; nil for nobody
	Order    func()      // called when a certificate may be ordered; nil for nobody
	Believes func() bool // as of Options
	// Notify writes to the people of a tenant; nil for nobody.
	Notify func(ctx context.Context, tenant myodai.TenantID, n Notice) error
}

// Tracking is the life of tracking domains: registered, proved, certified,
// verified, at risk, suspended or expired, deleted.
type Tracking struct {
	TrackingOptions
	due bell // a tracking domain has become due
}

// NewTracking returns the engine; Run makes it check.
func NewTracking(o TrackingOptions) *Tracking {
	if o.StepTime == 0 {
		o.StepTime = myodai.TrackingStepTime
	}
	if o.Most == 0 {
		o.Most = 20
	}
	if o.Believes == nil {
		o.Believes = func() bool { return true }
	}
	for _, f := range []*func(){&o.Wake, &o.Order} {
		if *f == nil {
			*f = func() {}
		}
	}
	o.Log = o.Log.With("room", "domains")
	return &Tracking{TrackingOptions: o, due: newBell()}
}

// Register takes up the claim of a tenant to a host name for its links. It
// reserves nothing: who proves the name serves it.
func (s *Tracking) Register(ctx context.Context, tenant myodai.TenantID, name, way string) (myodai.TrackingDomain, error) {
	host, err := s.parseHost(name)
	if err != nil {
		return myodai.TrackingDomain{}, err
	}
	to := myodai.TrackingDirect
	if way != "" {
		if to, err = myodai.ParseTrackingWay(way); err != nil {
			return myodai.TrackingDomain{}, err
		}
	}
	now := time.Now()
	t := myodai.TrackingDomain{
		ID: myodai.NewID[myodai.TrackingID](now, s.Random), TenantID: tenant, Name: host, Way: to,
		State: myodai.TrackingProving, Token: myodai.NewToken(s.Random),
		RegisteredAt: now, NextCheckAt: now, ChangedAt: now,
	}
	event := s.event(myodai.EventTrackingRegistered, t, now, nil)
	err = s.Store.CreateTracking(ctx, t, myodai.NewID[myodai.CertificateID](now, s.Random), s.Most, event)
	if err != nil {
		return myodai.TrackingDomain{}, err
	}
	s.Wake()
	s.due.ring()
	return t, nil
}

// parseHost reads the host name a tenant wants its links to lead through.
func (s *Tracking) parseHost(typed string) (myodai.Name, error) {
	if strings.Contains(typed, "_") {
		return "", myodai.Refuse(myodai.CodeInvalid, "name", "%q has an underscore, which no certificate may have; choose a name such as click.example.com", typed)
	}
	host, err := myodai.ParseName(typed)
	if err != nil {
		err.(*myodai.Error).Field = "name"
		return "", err
	}
	longest := myodai.TrackingDomain{Name: host, Way: myodai.TrackingPrepared, State: myodai.TrackingValidating}
	switch {
	case host.IsFreeMail() || host.IsPublicSuffix():
		return "", myodai.Refuse(myodai.CodeInvalid, "name", "%s is not yours to publish records for; give a name below a domain of your own, such as click.example.com", host)
	case host == host.Registrable():
		return "", myodai.Refuse(myodai.CodeInvalid, "name",
			"%s is a domain itself, which cannot be an alias; give a name below it that nothing else uses, such as click.%s", host, host)
	case host.Under(s.Site.Zone) || s.Site.Zone.Under(host):
		return "", myodai.Refuse(myodai.CodeInvalid, "name", "%s belongs to this platform; give a name below a domain of your own", host)
	}
	for _, item := range plan.ForTracking(longest, s.Site).Items {
		if _, err := myodai.ParseOwner(string(item.Name)); err != nil {
			return "", myodai.Refuse(myodai.CodeInvalid, "name", "%s is too long: the records it needs would not fit into DNS", host)
		}
	}
	return host, nil
}

// Plan returns what the tracking domain must publish in its present state.
func (s *Tracking) Plan(t myodai.TrackingDomain) plan.Plan { return plan.ForTracking(t, s.Site) }

// Switch changes the way in which the tracking domain is set up; what was entered
// already stays useful as far as it can.
func (s *Tracking) Switch(ctx context.Context, tenant myodai.TenantID, id myodai.TrackingID, way string) (myodai.TrackingDomain, error) {
	to, err := myodai.ParseTrackingWay(way)
	if err != nil {
		return myodai.TrackingDomain{}, err
	}
	now := time.Now()
	t, err := s.Store.UpdateTracking(ctx, tenant, id, func(t myodai.TrackingDomain) (myodai.TrackingDomain, []myodai.Event, error) {
		t, err := t.Switch(to, now)
		return t, []myodai.Event{s.event(myodai.EventTrackingChanged, t, now, nil)}, err
	})
	if err == nil {
		s.due.ring()
	}
	return t, err
}

// Delete ends the claim: the certificate's key is destroyed, and the names we
// published for it are never used again (T55).
func (s *Tracking) Delete(ctx context.Context, tenant myodai.TenantID, id myodai.TrackingID) error {
	t, err := s.Store.TrackingDomain(ctx, tenant, id)
	if err != nil {
		return err
	}
	now := time.Now()
	if err := s.Store.DeleteTracking(ctx, tenant, id, now, s.event(myodai.EventTrackingDeleted, t, now, nil)); err != nil {
		return err
	}
	s.Wake()
	return nil
}

// Restart deletes the claim and takes it up again with new records (B23).
func (s *Tracking) Restart(ctx context.Context, tenant myodai.TenantID, id myodai.TrackingID) (myodai.TrackingDomain, error) {
	t, err := s.Store.TrackingDomain(ctx, tenant, id)
	if err != nil {
		return myodai.TrackingDomain{}, err
	}
	if t.Serves() {
		return myodai.TrackingDomain{}, myodai.Refuse(myodai.CodeConflict, "", "%s is in use; delete it if it is to end", t.Name)
	}
	if err := s.Delete(ctx, tenant, id); err != nil {
		return myodai.TrackingDomain{}, err
	}
	return s.Register(ctx, tenant, string(t.Name), string(t.Way))
}

// Aligned reports whether a tracking domain belongs to one of the domains that
// mail is sent from: receivers then see one owner throughout (B5).
func Aligned(host myodai.Name, sending []myodai.Name) bool {
	for _, d := range sending {
		if d.Registrable() != "" && d.Registrable() == host.Registrable() {
			return true
		}
	}
	return false
}

func (s *Tracking) event(kind myodai.EventKind, t myodai.TrackingDomain, now time.Time, data map[string]any) myodai.Event {
	if data == nil {
		data = map[string]any{}
	}
	data["tracking_domain"], data["tracking_id"] = string(t.Name), string(t.ID)
	data["way"], data["state"] = string(t.Way), string(t.State)
	return myodai.Event{ID: myodai.NewID[myodai.EventID](now, s.Random), TenantID: t.TenantID, Kind: kind, At: now, Data: data}
}
