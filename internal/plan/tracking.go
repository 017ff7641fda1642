package plan

import (
	"github.com/myodai/myodai"
)

// ForTracking returns what t asks for in its present state. The first item is
// the record at the name itself; the alias for the certificate, where there is
// one, is the second.
//
// No target begins with an underscore, nor has one anywhere: some DNS hosts
// refuse it there (B22).
func ForTracking(t myodai.TrackingDomain, site Site) Plan {
	p := Plan{Domain: trackingDomain(t.Name)}
	host := Item{
		Purpose: myodai.PurposeTracking, Name: t.Name, Type: myodai.TypeCNAME, Required: true,
		Value: string(trackingHost(t, site)), Why: "Links in your mail lead through this name to us.",
	}
	if t.Way == myodai.TrackingPrepared && t.CertifiedAt.IsZero() {
		// Who enters the last value at once has done the last step early.
		host.Value, host.Alternatives = string(proofHost(t, site)), []string{"CNAME " + host.Value}
		host.Why = "Proves that the name is yours. Its value changes once, in the last step."
	}
	p.Items = append(p.Items, host)
	switch {
	case t.Way != myodai.TrackingPrepared, t.State == myodai.TrackingProving:
		return p
	}
	p.Items = append(p.Items, Item{
		Purpose: myodai.PurposeACME, Name: t.Name.Child("_acme-challenge"), Type: myodai.TypeCNAME,
		Required: !t.Serves() && t.State != myodai.TrackingSuspended, // renewals can do without it
		Value:    string(challengeHost(t.Token, site)),
		Why:      "Lets the certificate of this name be made, and renewed by itself from then on.",
	})
	return p
}

// trackingDomain is the domain in whose zone a tracking host is looked for.
func trackingDomain(host myodai.Name) myodai.Name {
	if domain := host.Registrable(); domain != "" {
		return domain
	}
	return host
}

// ProofValue is what a prepared tracking domain asks for in its first step, and
// is rewritten in its last.
func ProofValue(t myodai.TrackingDomain, site Site) string { return string(proofHost(t, site)) }

// ChallengeName is where a certificate authority looks for the TXT record of a
// host: in our zone, by the alias of a tracking domain with the given token, or
// for a name in our zone itself, where token is "" (RFC 8555 §8.4).
func ChallengeName(host myodai.Name, token string, site Site) myodai.Name {
	if token == "" {
		return host.Child("_acme-challenge")
	}
	return challengeHost(token, site)
}

func proofHost(t myodai.TrackingDomain, site Site) myodai.Name {
	return site.Zone.Child(t.Token + ".own")
}

func trackingHost(t myodai.TrackingDomain, site Site) myodai.Name {
	return site.Zone.Child(t.Token + ".t")
}

func challengeHost(token string, site Site) myodai.Name { return site.Zone.Child(token + ".acme") }

// challengeTTL is short: what a challenge says is true for seconds.
const challengeTTL = 5

// TrackingZone returns what our zone holds for tracking domains, and for the
// orders of certificates that are under way. A claim that was given up has
// nothing left there (T55).
func TrackingZone(site Site, domains []myodai.TrackingDomain, challenges []myodai.Challenge) []myodai.Record {
	var z zone
	for _, t := range domains {
		z.addresses(trackingHost(t, site), site)
		z.addresses(proofHost(t, site), site)
	}
	for _, c := range challenges {
		if c.Kind == myodai.ChallengeDNS {
			z = append(z, myodai.Record{Name: c.Name, Type: myodai.TypeTXT, TTL: challengeTTL, Data: c.Value})
		}
	}
	return z
}
