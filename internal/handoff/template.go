package handoff

import (
	"cmp"
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// Service is the operator's platform as DNS hosts know it by Domain Connect.
// Every operator onboards a template of their own.
type Service struct {
	ProviderID   string // of the operator, as a rule a domain name of theirs
	ProviderName string // shown to people
	ServiceID    string
	ServiceName  string // shown to people
	Version      int    // to be raised with every change of the template; 0 means 1

	KeyDomain       myodai.Name   // below it stand the public keys of links
	RedirectDomains []myodai.Name // where people may be sent back to

	Site plan.Site
}

// Template is what a DNS host is given once
// (draft-ietf-dconn-domainconnect-04 §6.1). It is JSON as it stands.
type Template struct {
	ProviderID         string           `json:"providerId"`
	ProviderName       string           `json:"providerName"`
	ServiceID          string           `json:"serviceId"`
	ServiceName        string           `json:"serviceName"`
	Version            int              `json:"version"`
	Description        string           `json:"description"`
	VariableDesc       string           `json:"variableDescription"`
	SyncPubKeyDomain   string           `json:"syncPubKeyDomain"`
	SyncRedirectDomain string           `json:"syncRedirectDomain,omitempty"`
	MultiInstance      bool             `json:"multiInstance"`
	Records            []TemplateRecord `json:"records"`
}

// TemplateRecord is one record with its variables (§6.2). Each is a group of
// its own, so that a link writes what is open and nothing else.
type TemplateRecord struct {
	Type           myodai.RecordType `json:"type"` // or SPFM, which merges
	GroupID        string            `json:"groupId"`
	Essential      string            `json:"essential,omitempty"`
	Host           string            `json:"host"`
	PointsTo       string            `json:"pointsTo,omitempty"`
	Data           string            `json:"data,omitempty"`
	SPFRules       string            `json:"spfRules,omitempty"`
	Priority       int               `json:"priority,omitempty"`
	TTL            int               `json:"ttl,omitempty"`
	ConflictMode   string            `json:"txtConflictMatchingMode,omitempty"`
	ConflictPrefix string            `json:"txtConflictMatchingPrefix,omitempty"`
}

const typeSPFM myodai.RecordType = "SPFM"

// The sample is a domain whose every part is a variable. A tag is the first
// eight characters of a token, so both variables are found in it.
const (
	sampleTag    = "%tagtag%"
	sampleToken  = sampleTag + "token%"
	sampleDomain = myodai.Name("%fqdn%")
)

// Template is the template of the service. It is made from plans, so it asks
// for the names and values that plans ask for, in both shapes; only what
// differs between domains is a variable.
func (s Service) Template() Template {
	t := Template{
		ProviderID: s.ProviderID, ProviderName: s.ProviderName, ServiceID: s.ServiceID, ServiceName: s.ServiceName,
		Version:          cmp.Or(s.Version, 1),
		Description:      "Authenticates mail that is sent for the domain: DKIM, return path, DMARC, and SPF when asked for.",
		VariableDesc:     "token, tag: of the claim; bounce: host of the return path; s1, s2, e1, e2: public keys; report: address for DMARC reports.",
		SyncPubKeyDomain: string(s.KeyDomain),
		MultiInstance:    true, // several customers of the platform may claim one domain
	}
	var domains []string
	for _, d := range s.RedirectDomains {
		domains = append(domains, string(d))
	}
	t.SyncRedirectDomain = strings.Join(domains, ",")
	for _, shape := range []myodai.Shape{myodai.ShapeCNAME, myodai.ShapeTXT} {
		for _, i := range samplePlan(s.Site, shape).Items {
			r := templateRecord(i)
			if !slices.ContainsFunc(t.Records, func(other TemplateRecord) bool { return other.GroupID == r.GroupID }) {
				t.Records = append(t.Records, r)
			}
		}
	}
	return t
}

// samplePlan is the plan of the sample domain, with every key there can be.
func samplePlan(site plan.Site, shape myodai.Shape) plan.Plan {
	d := myodai.Domain{
		Name: sampleDomain, State: myodai.DomainPending, Token: sampleToken, Shape: shape,
		ReturnPath: sampleDomain.Child("%bounce%"), RootSPF: true, ReportAddress: "%report%",
	}
	var keys []myodai.Key
	for _, alg := range []myodai.KeyAlgorithm{myodai.KeyRSA, myodai.KeyEd25519} {
		for _, selector := range plan.Selectors(d, alg) {
			keys = append(keys, myodai.Key{
				Selector: selector, Algorithm: alg, State: myodai.KeyActive, Public: "%" + keyVariable(selector, sampleTag) + "%",
			})
		}
	}
	return plan.For(d, keys, site)
}

// keyVariable is the variable for the key of a selector: "s1" for "s1-<tag>".
func keyVariable(selector, tag string) string { return strings.TrimSuffix(selector, "-"+tag) }

// templateRecord turns an item of the sample plan into a record.
func templateRecord(i plan.Item) TemplateRecord {
	variables := strings.NewReplacer(sampleToken, "%token%", sampleTag, "%tag%")
	r := TemplateRecord{
		Type: i.Type, TTL: TTL, Host: "@",
		GroupID: strings.ToLower(string(i.Purpose) + "-" + string(i.Type)),
	}
	if i.Name != sampleDomain {
		r.Host = variables.Replace(strings.TrimSuffix(string(i.Name), "."+string(sampleDomain)))
	}
	if i.Selector != "" {
		r.GroupID = strings.ToLower(string(i.Purpose) + "-" + keyVariable(i.Selector, sampleTag) + "-" + string(i.Type))
	}
	value := variables.Replace(i.Value)
	switch {
	case merged(i):
		r.Type, r.TTL, r.SPFRules = typeSPFM, 0, value
	case i.Type == myodai.TypeMX:
		preference, host := exchange(value)
		r.Priority, r.PointsTo = number(preference), host
	case i.Type == myodai.TypeTXT:
		r.Data, r.ConflictMode = value, "Prefix"
		r.ConflictPrefix, _, _ = strings.Cut(strings.Fields(value)[0], ";") // v=DKIM1, v=spf1, v=DMARC1
	default:
		r.PointsTo = value
	}
	if i.Purpose == myodai.PurposeDMARC {
		r.Essential = "OnApply" // the domain's owner may change it later
	}
	return r
}

// writes reports whether the record with these variables is the planned item of
// the given domain.
func (r TemplateRecord) writes(i plan.Item, domain myodai.Name, variables map[string]string) bool {
	var pairs []string
	for name, value := range variables {
		pairs = append(pairs, "%"+name+"%", value)
	}
	fill := strings.NewReplacer(pairs...).Replace
	name := domain
	if r.Host != "@" {
		name = domain.Child(fill(r.Host))
	}
	if name != i.Name {
		return false
	}
	switch r.Type {
	case typeSPFM:
		return merged(i) && r.SPFRules == i.Value
	case myodai.TypeMX:
		preference, host := exchange(i.Value)
		return i.Type == r.Type && number(preference) == r.Priority && host == fill(r.PointsTo)
	case myodai.TypeTXT:
		return i.Type == r.Type && !merged(i) && fill(r.Data) == i.Value
	}
	return i.Type == r.Type && fill(r.PointsTo) == i.Value
}

// uses reports whether a variable stands in the record.
func (r TemplateRecord) uses(variable string) bool {
	return strings.Contains(r.Host+" "+r.PointsTo+" "+r.Data, "%"+variable+"%")
}
