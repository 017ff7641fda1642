package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains"
)

// Domain is a tenant's claim to send as a domain.
type Domain struct {
	ID            myodai.DomainID         `json:"id"`
	Name          string                  `json:"name" doc:"In A-labels." example:"xn--caf-dma.example"`
	UnicodeName   string                  `json:"unicode_name" doc:"As people write it." example:"café.example"`
	State         myodai.DomainState      `json:"state" enum:"pending,verified,at_risk,suspended"`
	Shape         myodai.Shape            `json:"shape" enum:"cname,txt" doc:"Of every record not in record_shapes."`
	RecordShapes  map[string]myodai.Shape `json:"record_shapes" doc:"Shapes of single records, by owner name."`
	ReturnPath    string                  `json:"return_path" doc:"The bounce domain."`
	RootSPF       bool                    `json:"root_spf" doc:"Whether an include in the domain's own SPF record is asked for, too."`
	ReportAddress string                  `json:"report_address" doc:"Where a new DMARC record sends reports; empty means to us."`
	DefaultFrom   string                  `json:"default_from" doc:"The address that people write from as a rule; empty for none."`
	RegisteredAt  time.Time               `json:"registered_at"`
	VerifiedAt    time.Time               `json:"verified_at,omitzero" doc:"When it was last proved after not being so."`
	AtRiskAt      time.Time               `json:"at_risk_at,omitzero" doc:"When the present trouble was first seen."`
	CheckedAt     time.Time               `json:"checked_at,omitzero"`
	NextCheckAt   time.Time               `json:"next_check_at,omitzero"`
	Cause         myodai.Cause            `json:"cause,omitempty" doc:"What the last check found to be wrong first of all; left out when that is nothing."`
}

// DomainWithRecords is a domain and what it must publish.
type DomainWithRecords struct {
	Domain
	Records  []Record  `json:"records" doc:"What to publish, and what the last check saw of it."`
	DNSHost  *DNSHost  `json:"dns_host,omitempty" doc:"Who serves the zone, by the last check; left out when not recognized."`
	Warnings []Warning `json:"warnings" doc:"What this DNS host is known, or believed, not to take."`
}

func showDomain(d myodai.Domain) Domain {
	shapes := map[string]myodai.Shape{}
	for owner, shape := range d.Shapes {
		shapes[string(owner)] = shape
	}
	return Domain{
		ID: d.ID, Name: string(d.Name), UnicodeName: d.Name.Unicode(), State: d.State, Shape: d.Shape, RecordShapes: shapes,
		ReturnPath: string(d.ReturnPath), RootSPF: d.RootSPF, ReportAddress: d.ReportAddress,
		DefaultFrom:  d.DefaultFrom,
		RegisteredAt: utc(d.RegisteredAt), VerifiedAt: utc(d.VerifiedAt), AtRiskAt: utc(d.AtRiskAt),
		CheckedAt: utc(d.CheckedAt), NextCheckAt: utc(d.NextCheckAt), Cause: d.Cause,
	}
}

// NewDomain is what a tenant says of a domain it registers.
type NewDomain struct {
	Name          string `json:"name" doc:"The part of the sender addresses right of the @, as people write it." example:"example.com"`
	Shape         string `json:"shape,omitempty" enum:"cname,txt" doc:"The form of the records; the platform's default when left out."`
	ReturnPath    string `json:"return_path,omitempty" doc:"The bounce domain: a name below the domain, or only the labels in front of it." example:"bounce"`
	ReportAddress string `json:"report_address,omitempty" doc:"Where a new DMARC record sends reports; to us when left out."`
	DefaultFrom   string `json:"default_from,omitempty" doc:"The address that people write from as a rule, at the domain itself." example:"info@example.com"`
	RootSPF       bool   `json:"root_spf,omitempty" doc:"Also ask for an include in the domain's own SPF record."`
}

// DomainChange is what is to change about a domain. What is left out stays.
type DomainChange struct {
	Shape         *string `json:"shape,omitempty" enum:"cname,txt" doc:"The form of the records; keys stay. Not together with what follows record."`
	Record        *string `json:"record,omitempty" doc:"With shape: the owner name of the one record to switch; all when left out."`
	RootSPF       *bool   `json:"root_spf,omitempty"`
	ReportAddress *string `json:"report_address,omitempty"`
	DefaultFrom   *string `json:"default_from,omitempty"`
}

// DomainPath names a domain in the path.
type DomainPath struct {
	DomainID string `path:"domain_id"`
}

func (p DomainPath) id() (myodai.DomainID, error) {
	return pathID(myodai.ParseID[myodai.DomainID], p.DomainID, "domain")
}

func (s *Server) registerDomains() {
	register(s, operation{
		id: "register-domain", method: http.MethodPost, path: "/domains", tag: "domains", scope: scopeTenant,
		summary: "Register a domain", status: http.StatusCreated,
		details: "The answer lists the records to publish. The domain may be used once all required ones are found.",
	}, s.registerDomain)
	register(s, operation{
		id: "list-domains", method: http.MethodGet, path: "/domains", tag: "domains", scope: scopeTenant,
		summary: "List domains, oldest first",
	}, s.listDomains)
	register(s, operation{
		id: "get-domain", method: http.MethodGet, path: "/domains/{domain_id}", tag: "domains", scope: scopeTenant,
		summary: "Show a domain and its records",
	}, func(ctx context.Context, who myodai.Credential, in *DomainPath) (*output[DomainWithRecords], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return s.domainWithRecords(ctx, who.TenantID, id)
	})
	register(s, operation{
		id: "change-domain", method: http.MethodPatch, path: "/domains/{domain_id}", tag: "domains", scope: scopeTenant,
		summary: "Change what a domain publishes", details: "Keys stay as they are, so a switch of shape stops no mail.",
	}, s.changeDomain)
	register(s, operation{
		id: "delete-domain", method: http.MethodDelete, path: "/domains/{domain_id}", tag: "domains", scope: scopeTenant,
		summary: "Give a domain up", details: "Nothing more is sent as it, its private keys are destroyed, and its records become useless.",
	}, func(ctx context.Context, who myodai.Credential, in *DomainPath) (*empty, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return nil, s.o.Domains.Delete(ctx, who.TenantID, id)
	})
	s.registerRecords()
	s.registerHandover()
	s.registerConnect()
}

func (s *Server) registerDomain(ctx context.Context, who myodai.Credential, in *struct{ Body NewDomain }) (*output[DomainWithRecords], error) {
	d, err := s.o.Domains.Register(ctx, who.TenantID, domains.Registration{
		Name: in.Body.Name, Shape: in.Body.Shape, ReturnPath: in.Body.ReturnPath,
		ReportAddress: in.Body.ReportAddress, RootSPF: in.Body.RootSPF, DefaultFrom: in.Body.DefaultFrom,
	})
	if err != nil {
		return nil, err
	}
	return s.domainWithRecords(ctx, who.TenantID, d.ID)
}

func (s *Server) listDomains(ctx context.Context, who myodai.Credential, in *struct {
	PageQuery
	Name string `query:"name" doc:"Only the domain of this name." example:"example.com"`
}) (*listOutput[Domain], error) {
	if in.Name == "" {
		list, next, err := s.o.Store.Domains(ctx, who.TenantID, in.page())
		return listOf(list, next, showDomain), err
	}
	name, err := domains.ParseSendingName(in.Name)
	if err != nil {
		return listOf([]myodai.Domain{}, "", showDomain), nil // no domain has a name that none can have
	}
	d, err := s.o.Store.DomainNamed(ctx, who.TenantID, name)
	if isAbsent(err) {
		return listOf([]myodai.Domain{}, "", showDomain), nil
	}
	return listOf([]myodai.Domain{d}, "", showDomain), err
}

func (s *Server) changeDomain(ctx context.Context, who myodai.Credential, in *struct {
	DomainPath
	Body DomainChange
}) (*output[DomainWithRecords], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c := in.Body
	switch {
	case c.Shape != nil && (c.RootSPF != nil || c.ReportAddress != nil || c.DefaultFrom != nil):
		// Each is one transaction, and half a request is never carried out.
		return nil, myodai.Refuse(myodai.CodeInvalid, "shape", "change the shape in a request of its own")
	case c.Record != nil && c.Shape == nil:
		return nil, myodai.Refuse(myodai.CodeInvalid, "record", "say with shape what the record is to become")
	case c.Shape != nil:
		_, err = s.o.Domains.Reshape(ctx, who.TenantID, id, deref(c.Record), *c.Shape)
	case c.RootSPF != nil || c.ReportAddress != nil || c.DefaultFrom != nil:
		_, err = s.o.Domains.Change(ctx, who.TenantID, id, domains.Change{
			RootSPF: c.RootSPF, ReportAddress: c.ReportAddress, DefaultFrom: c.DefaultFrom,
		})
	default:
		err = myodai.Invalidf("nothing is to change; give shape, root_spf, report_address or default_from")
	}
	if err != nil {
		return nil, err
	}
	return s.domainWithRecords(ctx, who.TenantID, id)
}

// deref is what p points to, "" for nothing.
func deref(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
