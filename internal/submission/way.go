package submission

import (
	"cmp"

	"github.com/myodai/myodai"
)

// Standing is what is proved about a tenant and an address that it wants to
// send from.
type Standing struct {
	Domain  myodai.Domain        // that entitles the tenant to the address; zero for none
	Foreign bool                 // without one: somebody else's domain is the nearest verified one
	Lacking string               // without one: what is to be done about it
	Sender  myodai.SenderAddress // the address, confirmed by itself; zero for none
}

// Fate is what becomes of a message.
type Fate string

const (
	FateSend   Fate = "send"
	FateHold   Fate = "hold"
	FateRefuse Fate = "refuse"
)

// Why says what decided the way of a message.
type Why string

const (
	WhyDomain     Why = "domain_verified"
	WhyAddress    Why = "address_confirmed" // and not its domain
	WhyUnlisted   Why = "not_in_sender_list"
	WhyUnverified Why = "not_verified"
)

// Way is which way mail from an address goes, and why (D2, F6).
type Way struct {
	Fate    Fate
	Basis   myodai.Basis          // of what is sent
	Route   myodai.Route          // of what is sent
	Pool    string                // of egress sources it leaves from; "" for the default pool
	Returns myodai.ReturnPathRule // whose the return paths of what is sent are
	Why     Why                   // what decided it
	Rule    myodai.UnverifiedRule // of the class, when it applied
	Entry   string                // of the sender list, that the address matches; "" for none, and without a list
	Lacking string                // what is to be done for it to go the way of its class; "" when it does
	Domain  myodai.Domain         // of WhyDomain
	Sender  myodai.SenderAddress  // of WhyAddress
}

// Decide says which way mail of class c from an address goes under policy p.
// normal tells that the platform has a normal path. It is pure.
//
// What is verified takes the route of its class; with a sender list, only what
// is on the list, too, and the rest the normal path (requirements D, rows 1 to 9).
// For what is not verified the class has a rule. Another tenant's domain goes
// nowhere as it is, not even by the normal path (T18).
func Decide(p myodai.Policy, c myodai.Class, from myodai.Address, s Standing, normal bool) Way {
	w := Way{Rule: c.Unverified, Returns: c.ReturnPath, Why: WhyUnverified, Lacking: lacking(p.Verification, from, s)}
	if basis := entitled(p.Verification, s); basis != "" {
		listed := p.Senders == nil
		if !listed {
			w.Entry = p.Senders.Match(from)
			listed = w.Entry != ""
		}
		sent := Way{Fate: FateSend, Basis: basis, Returns: c.ReturnPath, Entry: w.Entry, Domain: s.Domain, Sender: s.Sender}
		switch {
		case listed:
			sent.Route, sent.Pool, sent.Why = c.Route, c.Pool, whyOf(basis)
			return sent
		case normal:
			sent.Route, sent.Why, sent.Lacking = myodai.RouteNormal, WhyUnlisted, unlisted(from)
			return sent
		}
		w.Why, w.Lacking = WhyUnlisted, unlisted(from)
	}
	switch {
	case w.Rule == myodai.UnverifiedHold:
		w.Fate = FateHold
	case w.Rule == myodai.UnverifiedPlatform:
		w.Fate, w.Basis, w.Route, w.Pool = FateSend, myodai.BasisPlatform, c.Route, c.Pool
	case w.Rule == myodai.UnverifiedNormal && normal && !s.Foreign:
		w.Fate, w.Basis, w.Route = FateSend, myodai.BasisNormal, myodai.RouteNormal
	default:
		w.Fate, w.Rule = FateRefuse, myodai.UnverifiedRefuse
	}
	return w
}

// entitled is what a tenant may send on by what is proved; "" for nothing (F2).
// A domain signs, so it comes before an address.
func entitled(v myodai.Verification, s Standing) myodai.Basis {
	domain, address, alone := s.Domain.ID != "", s.Sender.Confirmed(), s.Sender.CarriesAlone()
	may := domain
	switch v {
	case myodai.VerifyAddress:
		may = address && domain || alone
	case myodai.VerifyBoth:
		may = domain && address
	case myodai.VerifyEither:
		may = domain || alone
	}
	switch {
	case !may:
		return ""
	case domain:
		return myodai.BasisDomain
	}
	return myodai.BasisAddress
}

func whyOf(b myodai.Basis) Why {
	if b == myodai.BasisAddress {
		return WhyAddress
	}
	return WhyDomain
}

// lacking says what is to be done before the address is verified; "" when it is.
func lacking(v myodai.Verification, from myodai.Address, s Standing) string {
	confirm := from.String() + " is not confirmed; register it as a sender address and confirm it by mail"
	switch {
	case entitled(v, s) != "":
		return ""
	case s.Sender.Confirmed() && !s.Sender.CarriesAlone() && v != myodai.VerifyDomain:
		return string(from.Domain) + " asks receivers by DMARC (p=" + s.Sender.Look.Policy + ") not to accept mail that it did not sign; verify the domain by DNS"
	case v == myodai.VerifyAddress, v == myodai.VerifyBoth && s.Domain.ID != "":
		return confirm
	case v == myodai.VerifyEither:
		return cmp.Or(s.Lacking, "its domain is not verified") + "; or register the address as a sender address and confirm it by mail"
	}
	return s.Lacking
}

func unlisted(from myodai.Address) string {
	return from.String() + " is not in the list of senders whose mail goes this way; the platform operator keeps that list"
}
