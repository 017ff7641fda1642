package domains

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
	"github.com/myodai/myodai/internal/plan"
)

// Registration is what a tenant says when it registers a domain. Only Name is
// needed.
type Registration struct {
	Name          string // as typed; www. in front is taken off (A14)
	Shape         string // "" means the platform's default
	ReturnPath    string // bounce domain below Name; "" means one of our choice (C7)
	ReportAddress string // where a new DMARC record sends reports; "" means to us (D8)
	DefaultFrom   string // address that people write from as a rule, at Name; "" for none (A13)
	RootSPF       bool   // also ask for an include in the domain's own SPF record (C2)
}

// Register takes up the claim of a tenant to a domain and returns it, pending.
// It reserves nothing and tells nothing about other tenants (T01).
func (s *Service) Register(ctx context.Context, tenant myodai.TenantID, r Registration) (myodai.Domain, error) {
	now := time.Now()
	d, err := s.claim(tenant, r, now)
	if err != nil {
		return myodai.Domain{}, err
	}
	keys, err := s.newKeys(d, now)
	if err != nil {
		return myodai.Domain{}, err
	}
	event := s.event(myodai.EventDomainRegistered, d, now, map[string]any{"shape": d.Shape})
	if err := s.Store.CreateDomain(ctx, d, keys, event); err != nil {
		return myodai.Domain{}, err
	}
	s.Wake()
	s.due.ring()
	return d, nil
}

// claim judges a registration and gives it its names.
func (s *Service) claim(tenant myodai.TenantID, r Registration, now time.Time) (myodai.Domain, error) {
	name, err := ParseSendingName(r.Name)
	if err != nil {
		return myodai.Domain{}, err
	}
	if name.Under(s.Site.Zone) || s.Site.Zone.Under(name) {
		return myodai.Domain{}, myodai.Refuse(myodai.CodeInvalid, "name", "%s belongs to this platform; register a domain of your own", name)
	}
	d := myodai.Domain{
		ID: myodai.NewID[myodai.DomainID](now, s.Random), TenantID: tenant, Name: name,
		State: myodai.DomainPending, Token: myodai.NewToken(s.Random), Shape: s.DefaultShape, RootSPF: r.RootSPF,
		RegisteredAt: now, NextCheckAt: now, ChangedAt: now,
	}
	if r.Shape != "" {
		if d.Shape, err = myodai.ParseShape(r.Shape); err != nil {
			return myodai.Domain{}, err
		}
	}
	if d.ReportAddress, err = parseReportAddress(r.ReportAddress); err != nil {
		return myodai.Domain{}, err
	}
	if d.DefaultFrom, err = parseDefaultFrom(name, r.DefaultFrom); err != nil {
		return myodai.Domain{}, err
	}
	if d.ReturnPath, err = returnPath(d, r.ReturnPath); err != nil {
		return myodai.Domain{}, err
	}
	return d, fits(d, s.Site)
}

// ParseSendingName reads the domain a tenant wants to send as: www. in front is
// taken off (A14); public suffixes (T06) and free mail (A23, E11) are refused.
func ParseSendingName(typed string) (myodai.Name, error) {
	name, err := myodai.ParseName(typed)
	if err != nil {
		err.(*myodai.Error).Field = "name"
		return "", err
	}
	if bare, ok := strings.CutPrefix(string(name), "www."); ok && strings.Contains(bare, ".") {
		name = myodai.Name(bare)
	}
	switch {
	case name.IsFreeMail():
		return "", myodai.Refuse(myodai.CodeInvalid, "name",
			"%s is a mail provider's domain, so you cannot publish its DNS records; register a domain of your own", name)
	case name.IsPublicSuffix():
		return "", myodai.Refuse(myodai.CodeInvalid, "name",
			"%s is a public suffix under which many owners register; register your own domain below it", name)
	}
	return name, nil
}

func parseReportAddress(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	a, err := myodai.ParseAddress(s)
	if err != nil || strings.ContainsAny(a.String(), `;,!"`) {
		return "", myodai.Refuse(myodai.CodeInvalid, "report_address", "%q cannot receive DMARC reports; give a plain address such as dmarc@example.com", s)
	}
	return a.String(), nil
}

// parseDefaultFrom reads the address that people write from as a rule. It is at
// the domain itself, so that what is proved for the domain holds for it (A15).
func parseDefaultFrom(domain myodai.Name, s string) (string, error) {
	if s == "" {
		return "", nil
	}
	a, err := myodai.ParseAddress(s)
	if err != nil {
		err.(*myodai.Error).Field = "from"
		return "", err
	}
	if a.Domain != domain {
		return "", myodai.Refuse(myodai.CodeInvalid, "from", "%s is not an address at %s; give one that ends in @%s", a, domain, domain)
	}
	return a.String(), nil
}

// returnPath reads the bounce domain a tenant chose: a name below its domain,
// or only the labels to put in front of it.
func returnPath(d myodai.Domain, typed string) (myodai.Name, error) {
	if typed == "" {
		return plan.DefaultReturnPath(d), nil
	}
	if !strings.Contains(typed, ".") {
		typed += "." + string(d.Name)
	}
	name, err := myodai.ParseName(typed)
	if err != nil || name == d.Name || !name.Under(d.Name) {
		return "", myodai.Refuse(myodai.CodeInvalid, "return_path",
			"%q is not a name below %s; the return path needs one of its own, such as bounce.%s", typed, d.Name, d.Name)
	}
	return name, nil
}

// fits refuses a domain so long that the names it would need are no DNS names.
func fits(d myodai.Domain, site plan.Site) error {
	stand := myodai.Key{State: myodai.KeyActive, Selector: plan.Selectors(d, myodai.KeyRSA)[0]}
	d.State = myodai.DomainVerified
	names := []myodai.Name{}
	for _, item := range plan.For(d, []myodai.Key{stand}, site).Items {
		names = append(names, item.Name)
	}
	for _, rr := range plan.Zone(site, []plan.Published{{Domain: d, Keys: []myodai.Key{stand}}}, nil) {
		names = append(names, rr.Name)
	}
	for _, n := range names {
		if _, err := myodai.ParseOwner(string(n)); err != nil {
			return myodai.Refuse(myodai.CodeInvalid, "name", "%s is too long: the records it needs would not fit into DNS", d.Name)
		}
	}
	return nil
}

// newKeys makes the domain's first keys: the first of each algorithm signs, the
// second stands by.
func (s *Service) newKeys(d myodai.Domain, now time.Time) ([]myodai.NewKey, error) {
	algorithms := []myodai.KeyAlgorithm{myodai.KeyRSA}
	if s.Ed25519 {
		algorithms = append(algorithms, myodai.KeyEd25519)
	}
	var keys []myodai.NewKey
	for _, alg := range algorithms {
		for i, selector := range plan.Selectors(d, alg) {
			state := myodai.KeyStandby
			if i == 0 {
				state = myodai.KeyActive
			}
			key, err := s.newKey(d, alg, selector, state, now)
			if err != nil {
				return nil, err
			}
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func (s *Service) newKey(d myodai.Domain, alg myodai.KeyAlgorithm, selector string, state myodai.KeyState, now time.Time) (myodai.NewKey, error) {
	return NewKey(myodai.Key{
		ID: myodai.NewID[myodai.KeyID](now, s.Random), TenantID: d.TenantID, DomainID: d.ID,
		Selector: selector, Algorithm: alg, State: state, CreatedAt: now,
	}, s.Random)
}

// NewKey makes a key pair of k's algorithm and returns k with both halves,
// ready for the store.
func NewKey(k myodai.Key, random io.Reader) (myodai.NewKey, error) {
	private, err := dkim.GenerateKey(k.Algorithm, random)
	if err != nil {
		return myodai.NewKey{}, fmt.Errorf("generate key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return myodai.NewKey{}, fmt.Errorf("encode private key: %w", err)
	}
	k.Public = dkim.Public(private)
	return myodai.NewKey{Key: k, Private: der}, nil
}
