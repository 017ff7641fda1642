package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/domains"
)

// TrackingDomain is a tenant's claim to a host name of its own for links.
type TrackingDomain struct {
	ID           myodai.TrackingID    `json:"id"`
	Name         string               `json:"name" example:"click.example.com"`
	UnicodeName  string               `json:"unicode_name" doc:"As people write it."`
	Way          myodai.TrackingWay   `json:"way" enum:"direct,prepared"`
	State        myodai.TrackingState `json:"state" enum:"proving,validating,switching,verified,at_risk,suspended,expired" doc:"Links lead through it while it is verified or at_risk; through the platform's own host otherwise."`
	Step         int                  `json:"step" doc:"The step to be done: 1 to 3 of the prepared way, 1 of the direct way; 0 when nothing is left to do."`
	RegisteredAt time.Time            `json:"registered_at"`
	ProvedAt     time.Time            `json:"proved_at,omitzero" doc:"End of step 1."`
	Deadline     time.Time            `json:"deadline,omitzero" doc:"Of step 2. Past it the state is expired."`
	CertifiedAt  time.Time            `json:"certified_at,omitzero" doc:"End of step 2."`
	VerifiedAt   time.Time            `json:"verified_at,omitzero" doc:"When links last began to lead through it."`
	AtRiskAt     time.Time            `json:"at_risk_at,omitzero"`
	CheckedAt    time.Time            `json:"checked_at,omitzero"`
	NextCheckAt  time.Time            `json:"next_check_at,omitzero"`
	Cause        myodai.Cause         `json:"cause,omitempty" doc:"What the last check found to be wrong first of all."`
}

// TrackingDomainWithRecords is a tracking domain, what it must publish now, and
// its certificate.
type TrackingDomainWithRecords struct {
	TrackingDomain
	Records     []Record    `json:"records" doc:"What to publish in the present step, and what the last check saw of it."`
	Findings    []Finding   `json:"findings" doc:"What the last check found, the primary one first."`
	DNSHost     *DNSHost    `json:"dns_host,omitempty"`
	Warnings    []Warning   `json:"warnings" doc:"What this DNS host is known, or believed, not to take."`
	Certificate Certificate `json:"certificate"`
	Aligned     bool        `json:"aligned" doc:"Whether it belongs to a domain that the tenant sends as: receivers then see one owner in the whole mail, which helps it into the inbox."`
}

// Certificate is what is held for a host name, or why nothing is.
type Certificate struct {
	Host      string              `json:"host"`
	State     string              `json:"state" enum:"none,valid,expiring,expired"`
	Issuer    string              `json:"issuer,omitempty"`
	Serial    string              `json:"serial,omitempty" doc:"Hexadecimal."`
	NotBefore time.Time           `json:"not_before,omitzero"`
	NotAfter  time.Time           `json:"not_after,omitzero"`
	RenewAt   time.Time           `json:"renew_at,omitzero" doc:"When the next one is ordered."`
	Explain   string              `json:"explanation_url,omitempty" doc:"Where the certificate authority says why it wants it renewed."`
	Orders    int                 `json:"orders" doc:"Orders of the last week."`
	TryAt     time.Time           `json:"try_at,omitzero" doc:"When an order that failed is made again."`
	Failure   *CertificateFailure `json:"failure,omitempty" doc:"Why the last order came to nothing."`
}

// CertificateFailure is why an order came to nothing.
type CertificateFailure struct {
	At      time.Time `json:"at"`
	Type    string    `json:"type" example:"caa" doc:"The certificate authority's word for it (RFC 8555 §6.7); empty when it was not reached."`
	Detail  string    `json:"detail" doc:"In its own words."`
	Lasting bool      `json:"lasting" doc:"Whether it stays so until somebody changes something."`
}

// CertificateList is every certificate of the platform's own names.
type CertificateList struct {
	Items []Certificate `json:"items"`
}

// NewTrackingDomain is what a tenant says of a tracking domain it registers.
type NewTrackingDomain struct {
	Name string `json:"name" doc:"A host name that nothing else uses, best below the domain that mail is sent from." example:"click.example.com"`
	Way  string `json:"way,omitempty" enum:"direct,prepared" doc:"direct takes one record, and the certificate follows; prepared takes three steps, and no link leads through the name before its certificate is there. direct when left out."`
}

// TrackingChange is what is to change about a tracking domain.
type TrackingChange struct {
	Way string `json:"way" enum:"direct,prepared"`
}

// TrackingPath names a tracking domain in the path.
type TrackingPath struct {
	TrackingID string `path:"tracking_id"`
}

func (p TrackingPath) id() (myodai.TrackingID, error) {
	return pathID(myodai.ParseID[myodai.TrackingID], p.TrackingID, "tracking domain")
}

func showTracking(t myodai.TrackingDomain) TrackingDomain {
	return TrackingDomain{
		ID: t.ID, Name: string(t.Name), UnicodeName: t.Name.Unicode(), Way: t.Way, State: t.State, Step: t.Step(),
		RegisteredAt: utc(t.RegisteredAt), ProvedAt: utc(t.ProvedAt), Deadline: utc(t.Deadline), CertifiedAt: utc(t.CertifiedAt),
		VerifiedAt: utc(t.VerifiedAt), AtRiskAt: utc(t.AtRiskAt), CheckedAt: utc(t.CheckedAt), NextCheckAt: utc(t.NextCheckAt), Cause: t.Cause,
	}
}

func showCertificate(c myodai.Certificate, now time.Time) Certificate {
	out := Certificate{
		Host: string(c.Host), State: "none", Issuer: c.Issuer, Serial: c.Serial, NotBefore: utc(c.NotBefore), NotAfter: utc(c.NotAfter),
		RenewAt: utc(c.RenewAt), Explain: c.Explain, Orders: len(c.Orders),
	}
	switch {
	case c.Held() && !c.Valid(now):
		out.State = "expired"
	case c.Held() && !now.Before(c.WarnAt()):
		out.State = "expiring"
	case c.Held():
		out.State = "valid"
	}
	if f := c.Failure; f != nil {
		out.Failure, out.TryAt = &CertificateFailure{At: utc(f.At), Type: f.Type, Detail: f.Detail, Lasting: f.Lasting}, utc(c.DueAt)
	}
	return out
}

func (s *Server) registerTracking() {
	register(s, operation{
		id: "register-tracking-domain", method: http.MethodPost, path: "/tracking-domains", tag: "tracking", scope: scopeTenant,
		summary: "Register a tracking domain", status: http.StatusCreated,
		details: "Links then lead through a host name of the tenant's own. It is optional: without one they lead through the platform's.",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ Body NewTrackingDomain }) (*output[TrackingDomainWithRecords], error) {
		t, err := s.o.Tracking.Register(ctx, who.TenantID, in.Body.Name, in.Body.Way)
		if err != nil {
			return nil, err
		}
		return s.trackingWithRecords(ctx, t)
	})
	register(s, operation{
		id: "list-tracking-domains", method: http.MethodGet, path: "/tracking-domains", tag: "tracking", scope: scopeTenant,
		summary: "List tracking domains, oldest first",
	}, func(ctx context.Context, who myodai.Credential, in *PageQuery) (*listOutput[TrackingDomain], error) {
		list, next, err := s.o.Store.TrackingDomains(ctx, who.TenantID, in.page())
		return listOf(list, next, showTracking), err
	})
	register(s, operation{
		id: "get-tracking-domain", method: http.MethodGet, path: "/tracking-domains/{tracking_id}", tag: "tracking", scope: scopeTenant,
		summary: "Show a tracking domain, its records and its certificate",
	}, func(ctx context.Context, who myodai.Credential, in *TrackingPath) (*output[TrackingDomainWithRecords], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		t, err := s.o.Store.TrackingDomain(ctx, who.TenantID, id)
		if err != nil {
			return nil, err
		}
		return s.trackingWithRecords(ctx, t)
	})
	s.registerTrackingActs()
}

func (s *Server) registerTrackingActs() {
	register(s, operation{
		id: "check-tracking-domain", method: http.MethodPost, path: "/tracking-domains/{tracking_id}/check", tag: "tracking", scope: scopeTenant,
		summary: "Ask DNS now", details: "When the records of the present step are there, the next step begins. A certificate that is ordered takes some seconds more; for a minute the tracking domain is looked at every few seconds.",
	}, func(ctx context.Context, who myodai.Credential, in *TrackingPath) (*output[TrackingDomainWithRecords], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		if _, err := s.o.Store.TrackingDomain(ctx, who.TenantID, id); err != nil {
			return nil, err
		}
		if pause := s.checks.take(string(id), time.Now()); pause > 0 {
			return nil, limited(pause, "this tracking domain was just checked; DNS changes no faster")
		}
		_, t, err := s.o.Tracking.CheckNow(ctx, who.TenantID, id, nil)
		if err != nil {
			return nil, err
		}
		return s.trackingWithRecords(ctx, t)
	})
	register(s, operation{
		id: "change-tracking-domain", method: http.MethodPatch, path: "/tracking-domains/{tracking_id}", tag: "tracking", scope: scopeTenant,
		summary: "Set it up in the other way", details: "Possible until links lead through it. The direct way needs no name with an underscore.",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		TrackingPath
		Body TrackingChange
	}) (*output[TrackingDomainWithRecords], error) {
		return s.actOnTracking(ctx, who, in.TrackingPath, func(id myodai.TrackingID) (myodai.TrackingDomain, error) {
			return s.o.Tracking.Switch(ctx, who.TenantID, id, in.Body.Way)
		})
	})
	register(s, operation{
		id: "restart-tracking-domain", method: http.MethodPost, path: "/tracking-domains/{tracking_id}/restart", tag: "tracking", scope: scopeTenant,
		summary: "Delete it and start again", details: "The answer is a new tracking domain of the same name, with records of its own.", status: http.StatusCreated,
	}, func(ctx context.Context, who myodai.Credential, in *TrackingPath) (*output[TrackingDomainWithRecords], error) {
		return s.actOnTracking(ctx, who, *in, func(id myodai.TrackingID) (myodai.TrackingDomain, error) {
			return s.o.Tracking.Restart(ctx, who.TenantID, id)
		})
	})
	register(s, operation{
		id: "delete-tracking-domain", method: http.MethodDelete, path: "/tracking-domains/{tracking_id}", tag: "tracking", scope: scopeTenant,
		summary: "Give a tracking domain up", details: "The key of its certificate is destroyed, and its records become useless. Links in mail that was sent no longer open.",
	}, func(ctx context.Context, who myodai.Credential, in *TrackingPath) (*empty, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return nil, s.o.Tracking.Delete(ctx, who.TenantID, id)
	})
	register(s, operation{
		id: "list-certificates", method: http.MethodGet, path: "/certificates", tag: "tracking", scope: scopeOperator,
		summary: "List the certificates of the platform's own names",
	}, func(ctx context.Context, _ myodai.Credential, _ *struct{}) (*output[CertificateList], error) {
		list, err := s.o.Store.PlatformCertificates(ctx)
		out := CertificateList{Items: []Certificate{}}
		for _, c := range list {
			out.Items = append(out.Items, showCertificate(c, time.Now()))
		}
		return outputOf(out), err
	})
}

func (s *Server) actOnTracking(ctx context.Context, who myodai.Credential, path TrackingPath,
	act func(myodai.TrackingID) (myodai.TrackingDomain, error),
) (*output[TrackingDomainWithRecords], error) {
	id, err := path.id()
	if err != nil {
		return nil, err
	}
	t, err := act(id)
	if err != nil {
		return nil, err
	}
	return s.trackingWithRecords(ctx, t)
}

// trackingWithRecords adds to a tracking domain what the last check saw, and its
// certificate.
func (s *Server) trackingWithRecords(ctx context.Context, t myodai.TrackingDomain) (*output[TrackingDomainWithRecords], error) {
	checks, err := s.o.Store.TrackingChecks(ctx, t.TenantID, t.ID, time.Now(), 1)
	if err != nil {
		return nil, err
	}
	var last myodai.Check
	if len(checks) > 0 {
		last = checks[0]
	}
	b, err := s.o.Store.TrackingBackground(ctx, t)
	if err != nil {
		return nil, err
	}
	c, err := s.o.Store.Certificate(ctx, t.TenantID, t.ID)
	if err != nil {
		return nil, err
	}
	p := showPlan(s.o.Tracking.Plan(t), myodai.Domain{ChangedAt: t.PlannedAt}, nil, last)
	out := TrackingDomainWithRecords{
		TrackingDomain: showTracking(t), Records: p.Records, Findings: []Finding{}, DNSHost: p.DNSHost, Warnings: directWay(p.Warnings),
		Certificate: showCertificate(c, time.Now()), Aligned: domains.Aligned(t.Name, b.Domains),
	}
	if !last.At.Before(t.PlannedAt) {
		out.Findings = detailed(last.Findings, diagnose.HostOf(last), last.Observation)
	}
	return outputOf(out), nil
}

// directWay proposes the direct way where a DNS host takes no underscore in a
// name (B22): no other shape of the record would help.
func directWay(warnings []Warning) []Warning {
	for i, w := range warnings {
		if w.ID == dnshost.WarnUnderscoreName {
			warnings[i].Shape = ""
			warnings[i].Message = Texts{
				"This DNS host takes no underscore in the name of a CNAME record; set the tracking domain up in the direct way, which needs none.",
				"このDNSサービスでは、CNAMEレコードの名前にアンダースコア(_)を使えません。アンダースコアの要らない「直接」の方法に切り替えてください。",
			}
		}
	}
	return warnings
}
