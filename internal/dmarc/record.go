package dmarc

import (
	"net/url"
	"strings"

	"github.com/myodai/myodai"
)

// Policy is what a domain asks receivers to do with mail that does not pass: a
// domain owner assessment policy of RFC 9989 §4.7.
type Policy string

const (
	PolicyNone       Policy = "none"       // nothing in particular
	PolicyQuarantine Policy = "quarantine" // treat it as suspicious, such as junk
	PolicyReject     Policy = "reject"     // refuse it
)

// strength orders policies; "" is below all.
func (p Policy) strength() int {
	switch p {
	case PolicyNone:
		return 1
	case PolicyQuarantine:
		return 2
	case PolicyReject:
		return 3
	}
	return 0
}

// lowered is the policy that is asked for in test mode: one level less.
func (p Policy) lowered() Policy {
	switch p {
	case PolicyReject:
		return PolicyQuarantine
	case PolicyQuarantine:
		return PolicyNone
	}
	return p
}

// Mode is how near an authenticated domain must be to that of From to count.
type Mode string

const (
	ModeRelaxed Mode = "r" // the same organizational domain
	ModeStrict  Mode = "s" // the same domain
)

// Suffix is what a record says about being a public suffix.
type Suffix string

const (
	SuffixYes     Suffix = "y" // others register names directly below
	SuffixNo      Suffix = "n" // this is an organizational domain
	SuffixUnknown Suffix = "u" // neither is said
)

// URI is where reports go, such as "mailto:dmarc@example.com".
type URI string

// Address is the mailbox of a mailto URI; ok is false for any other.
func (u URI) Address() (a myodai.Address, ok bool) {
	scheme, rest, _ := strings.Cut(string(u), ":")
	if !strings.EqualFold(scheme, "mailto") {
		return a, false
	}
	mailbox, _, _ := strings.Cut(rest, "?")
	plain, err := url.PathUnescape(mailbox)
	if err != nil {
		return a, false
	}
	a, err = myodai.ParseAddress(plain)
	return a, err == nil
}

// Record is what a DMARC policy record says, with the default of every tag that
// is missing or not valid.
type Record struct {
	Policy         Policy   // p=
	Subdomains     Policy   // sp=; "" means as Policy
	NonExistent    Policy   // np=; "" means as Subdomains
	Suffix         Suffix   // psd=
	Testing        bool     // t=y: act one level below what is asked for
	DKIM           Mode     // adkim=
	SPF            Mode     // aspf=
	Aggregate      []URI    // rua=, those that are URIs
	Failure        []URI    // ruf=, those that are URIs
	FailureOptions []string // fo=; nil means "0"
}

// String is the record as text, with defaults left out but for p=, which
// receivers before RFC 9989 insist on as the second tag.
func (r Record) String() string {
	var b strings.Builder
	b.WriteString("v=DMARC1; p=" + string(r.Policy))
	write := func(tag, value, unless string) {
		if value != unless {
			b.WriteString("; " + tag + "=" + value)
		}
	}
	write("sp", string(r.Subdomains), "")
	write("np", string(r.NonExistent), "")
	write("psd", string(r.Suffix), string(SuffixUnknown))
	if r.Testing {
		write("t", "y", "n")
	}
	write("adkim", string(r.DKIM), string(ModeRelaxed))
	write("aspf", string(r.SPF), string(ModeRelaxed))
	write("rua", joinURIs(r.Aggregate), "")
	write("ruf", joinURIs(r.Failure), "")
	write("fo", strings.Join(r.FailureOptions, ":"), "")
	return b.String()
}

func joinURIs(list []URI) string {
	texts := make([]string, len(list))
	for i, u := range list {
		texts[i] = string(u)
	}
	return strings.Join(texts, ",")
}

// For is the policy for a domain the record applies to: its own, or that for
// subdomains that exist or do not (RFC 9989 §4.10.1). Test mode is not in it.
func (r Record) For(standing Standing) Policy {
	switch {
	case standing == StandingNonExistent && r.NonExistent != "":
		return r.NonExistent
	case standing != StandingOwn && r.Subdomains != "":
		return r.Subdomains
	}
	return r.Policy
}

// Asked is For as receivers are to act on it: one level less in test mode.
func (r Record) Asked(standing Standing) Policy {
	if r.Testing {
		return r.For(standing).lowered()
	}
	return r.For(standing)
}

// Standing is how a domain stands to the record that applies to it.
type Standing string

const (
	StandingOwn         Standing = "own"          // the record is the domain's own
	StandingSubdomain   Standing = "subdomain"    // the record is above, and the domain exists
	StandingNonExistent Standing = "non_existent" // the record is above, and the domain does not exist
)
