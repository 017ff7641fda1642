package senders

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
)

// Known says what was found out about something outside.
type Known string

const (
	KnownYes Known = "yes"
	KnownNo  Known = "no"
	Unknown  Known = "unknown" // nobody answered; it says nothing either way
)

// Outlook is what is to be expected of an address as a sender, before it is
// registered and after.
type Outlook struct {
	Address  myodai.Address
	Domain   myodai.Domain // the verified one that it belongs to; zero for none
	FreeMail bool
	// Confirm says that whoever reads the address's mail has to agree first, and
	// Verify that its domain has to be verified.
	Confirm, Verify bool
	// Via is the domain that mailboxes show beside the author as "via", because
	// only it signs; "" when the author's own does (D11).
	Via      myodai.Name
	DMARC    Known        // whether the domain asks to refuse or set aside what it did not sign; only looked for when Via is set
	Policy   dmarc.Policy // that it asks for; "" without DMARC
	Receives Known        // whether the address's domain takes mail (B29)
	Refused  *myodai.Error
}

// Outlook finds out what is to be expected of an address. What cannot be a
// sender has the reason in Refused; an error is for what is no address at all,
// and for faults.
func (s *Service) Outlook(ctx context.Context, tenant myodai.TenantID, typed string) (Outlook, error) {
	address, err := parseAddress(typed)
	if err != nil {
		return Outlook{}, err
	}
	return s.outlook(ctx, tenant, address, myodai.SenderAddress{})
}

func parseAddress(typed string) (myodai.Address, error) {
	address, err := myodai.ParseAddress(strings.TrimSpace(typed))
	if err != nil {
		err.(*myodai.Error).Field = "address"
		return address, err
	}
	for _, c := range address.Local {
		if c >= 0x7f || strings.ContainsRune("\"\\ ", c) {
			return address, myodai.Refuse(myodai.CodeInvalid, "address", "the part before the @ is of plain letters, digits and signs such as . and -")
		}
	}
	return address, nil
}

// dnsTime bounds what is asked about an address. What takes longer is unknown.
const dnsTime = 5 * time.Second

// outlook is Outlook for an address that has been read. own is the tenant's sender
// address of that name, zero before there is one.
func (s *Service) outlook(ctx context.Context, tenant myodai.TenantID, address myodai.Address, own myodai.SenderAddress) (Outlook, error) {
	o := Outlook{Address: address, FreeMail: address.Domain.IsFreeMail(), DMARC: KnownNo, Receives: s.receives(ctx, address.Domain)}
	p, err := s.o.Store.Policy(ctx, tenant)
	if err != nil {
		return o, err
	}
	o.Domain, err = s.o.Owner(ctx, tenant, address.Domain)
	refusal, _ := errors.AsType[*myodai.Error](err)
	if err != nil && (refusal == nil || refusal.Code != myodai.CodeForbidden) {
		return o, err
	}
	owned := o.Domain.ID != ""
	o.Confirm = p.Verification == myodai.VerifyAddress || p.Verification == myodai.VerifyBoth || p.Verification == myodai.VerifyEither && !owned
	o.Verify = !owned && (p.Verification == myodai.VerifyDomain || p.Verification == myodai.VerifyBoth)
	if !owned && !o.Verify {
		o.Via = s.o.Zone
		o.DMARC, o.Policy = s.dmarc(ctx, address.Domain)
	}
	verified, err := s.VerifiedDomains(ctx, tenant)
	if err != nil {
		return o, err
	}
	if o.Refused = judge(o, p, s.o.Zone, verified); o.Refused != nil || !owned || o.Confirm {
		return o, nil
	}
	taken, err := s.taken(ctx, tenant, own, address)
	if taken {
		o.Refused = isTaken(address)
	}
	return o, err
}

// judge says why an address cannot be a sender, nil when it can. It is pure.
func judge(o Outlook, p myodai.Policy, zone myodai.Name, verified []myodai.Domain) *myodai.Error {
	name := o.Address.Domain
	switch {
	case name.Under(zone):
		return myodai.Refuse(myodai.CodeInvalid, "address", "%s belongs to this platform; use an address of a domain of your own", name)
	case o.FreeMail && !p.AllowsFreeMail(name): // A23, E11
		return myodai.Refuse(myodai.CodeInvalid, "address", "%s is a mail provider's domain, for which you cannot publish DNS records; use an address of a domain of your own", name)
	case o.FreeMail && o.Verify:
		return myodai.Refuse(myodai.CodeInvalid, "address", "%s is a mail provider's domain, and here an address needs its domain verified; use one of a domain of your own", name)
	case p.Verification == myodai.VerifyDomain && o.Verify && len(verified) == 0:
		return myodai.Refuse(myodai.CodeInvalid, "address", "%s is not a verified domain of yours; register it, publish its records and have it checked", name)
	case p.Verification == myodai.VerifyDomain && o.Verify: // B28
		return myodai.Refuse(myodai.CodeInvalid, "address", "%s is not a verified domain of yours; verified are %s", name, listed(verified))
	case o.Via != "" && o.DMARC == KnownYes: // D11, T12
		return myodai.Refuse(myodai.CodeInvalid, "address", "%s asks receivers by DMARC (p=%s) not to accept mail that it did not sign, so yours would not arrive; verify the domain by DNS instead of the address by mail", name, o.Policy)
	}
	return nil
}

// listed says which domains there are to choose from.
func listed(verified []myodai.Domain) string {
	var names []string
	for i, d := range verified {
		if i == 10 {
			names = append(names, "…")
			break
		}
		names = append(names, string(d.Name))
	}
	return strings.Join(names, ", ")
}

// maxVerified bounds the domains that are listed.
const maxVerified = 100

// VerifiedDomains lists the tenant's domains that may send, to be shown beside
// the field for the address (B28).
func (s *Service) VerifiedDomains(ctx context.Context, tenant myodai.TenantID) ([]myodai.Domain, error) {
	var verified []myodai.Domain
	for page := (myodai.Page{}); ; {
		list, next, err := s.o.Store.Domains(ctx, tenant, page)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			if d.CanSend() && len(verified) < maxVerified {
				verified = append(verified, d)
			}
		}
		if page.After = next; next == "" || len(verified) == maxVerified {
			return verified, nil
		}
	}
}

// dmarc says whether a domain asks to refuse or set aside what it did not sign.
func (s *Service) dmarc(ctx context.Context, name myodai.Name) (Known, dmarc.Policy) {
	ctx, cancel := context.WithTimeout(ctx, dnsTime)
	defer cancel()
	d, err := dmarc.Discover(name, func(owner myodai.Name) ([]string, bool, error) {
		answer := s.o.Lookup(ctx, owner, myodai.TypeTXT)
		switch answer.Kind() {
		case myodai.AnswerNegative:
			return nil, answer.RCode != "NXDOMAIN", nil
		case myodai.AnswerPositive:
			var texts []string
			for _, rr := range answer.Records {
				if rr.Type == myodai.TypeTXT {
					texts = append(texts, rr.Text())
				}
			}
			return texts, true, nil
		}
		return nil, false, errors.New("nobody answers for " + string(owner))
	})
	asked := d.Asked()
	switch {
	case asked == dmarc.PolicyQuarantine || asked == dmarc.PolicyReject:
		return KnownYes, asked
	case err != nil:
		return Unknown, ""
	}
	return KnownNo, asked
}

// receives says whether a domain takes mail: it has an MX that is not null, or
// an address (RFC 5321 §5.1, RFC 7505).
func (s *Service) receives(ctx context.Context, name myodai.Name) Known {
	ctx, cancel := context.WithTimeout(ctx, dnsTime)
	defer cancel()
	answer := s.o.Lookup(ctx, name, myodai.TypeMX)
	switch answer.Kind() {
	case myodai.AnswerPositive:
		for _, rr := range answer.Records {
			if _, host, _ := strings.Cut(rr.Data, " "); rr.Type == myodai.TypeMX && strings.TrimSuffix(host, ".") != "" {
				return KnownYes
			}
		}
		return KnownNo
	case myodai.AnswerUnknown:
		return Unknown
	}
	for _, t := range []myodai.RecordType{myodai.TypeA, myodai.TypeAAAA} {
		switch s.o.Lookup(ctx, name, t).Kind() {
		case myodai.AnswerPositive:
			return KnownYes
		case myodai.AnswerUnknown:
			return Unknown
		}
	}
	return KnownNo
}
