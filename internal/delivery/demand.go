package delivery

import (
	"context"
	"fmt"
	"strings"

	"github.com/myodai/myodai"
)

// demand is what is asked of TLS at one server. The zero value is opportunistic
// TLS (RFC 7435).
type demand struct {
	encrypted bool   // nothing goes in the clear
	verified  bool   // an authority that we believe vouches for the name of the host
	tlsa      string // TLSA records, of which one does instead, as writeTLSA has them; "" for none
	names     string // with tlsa: what the server may call itself, with spaces between
	chain     bool   // the server must promise to ask the same of the next (RFC 8689)
	by        string // who asks, for people
}

// demandOf says what the sender asks for.
func demandOf(rule myodai.TLSRule) demand {
	d := demand{encrypted: rule.Encrypted(), verified: rule.Verified(), chain: rule == myodai.TLSChain, by: "the sender"}
	if d.chain {
		d.by = "the sender (REQUIRETLS)"
	}
	return d
}

// course is what is known of the way to a domain's servers.
type course struct {
	domain myodai.Name
	rule   myodai.TLSRule
	secure bool // its MX records were validated
	policy stsPolicy
}

// demand says what is asked at one host: by the sender, and by the
// domain with DANE or, where that says nothing, MTA-STS, which never speaks
// against DANE (RFC 8461 §2). The outcome is why the host is of no use.
//
// With TLSA records the host's domain has said which certificates there are, so
// nothing less is taken, and nothing in the clear (RFC 7672 §2.2). Records that we
// cannot use still say that there is TLS. What cannot be looked up may be what an
// attacker keeps from us, so the host waits (§2.1).
func (a *Agent) demand(ctx context.Context, s course, host myodai.Name, reached reached) (demand, *myodai.Outcome) {
	d := demandOf(s.rule)
	if s.rule == myodai.TLSOptional {
		return d, nil
	}
	enforced := s.policy.mode == stsEnforce
	if d.chain && !s.secure && !(enforced && s.policy.allows(host)) {
		return d, permanent("5.7.10", "the mail servers of %s are not named by DNSSEC or MTA-STS, as REQUIRETLS wants", s.domain)
	}
	if s.secure && reached.secure {
		found, base, problem := a.lookupTLSA(ctx, host, reached.name)
		switch usable := usableTLSA(found); {
		case problem != nil:
			return d, problem
		case len(usable) > 0:
			d.encrypted, d.verified, d.by = true, false, "DANE"
			d.tlsa, d.names = writeTLSA(usable), strings.Join([]string{string(base), string(host), string(s.domain)}, " ")
			return d, nil
		case len(found) > 0 && !d.encrypted:
			d.encrypted, d.by = true, "DANE"
		}
	}
	if enforced && !s.policy.allows(host) {
		return d, transient("4.7.0", "the MTA-STS policy of %s does not name the host %s", s.domain, host)
	}
	if enforced {
		d.encrypted, d.verified = true, true
		if s.rule == "" {
			d.by = "its domain's MTA-STS policy"
		}
	}
	return d, nil
}

// met says why a session does not do what is asked of it; nil when it does.
func (s *session) met() *myodai.Outcome {
	d := s.target.demand
	if d.encrypted && s.tls == "" {
		why := "offers no TLS"
		if s.refusal != "" {
			why = "refused STARTTLS (" + s.refusal + ")"
		}
		return transient("4.7.4", "%s %s, which %s requires", s.target.host, why, d.by)
	}
	if _, offered := s.offers["REQUIRETLS"]; d.chain && !offered {
		return permanent("5.7.30", "%s does not offer REQUIRETLS, which the sender requires", s.target.host)
	}
	return nil
}

// verdict is what is told of a connection's TLS.
func (s *session) verdict(version string, believed bool) string {
	switch {
	case s.target.demand.tlsa != "":
		return fmt.Sprintf("%s, certificate verified by DANE", version)
	case believed:
		return version + ", certificate verified"
	}
	return version + ", certificate not verified"
}
