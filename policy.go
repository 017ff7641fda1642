package myodai

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Policy is what the platform operator decides about sending. It is said in
// layers: the platform's over the defaults, and one of a tenant over that. A
// field with its zero value says nothing, and then the layer below counts.
//
// The tags are what the API and its document show.
type Policy struct {
	Verification        Verification   `json:"verification,omitempty" enum:"domain,address,both,either" doc:"What must be proved before a tenant sends from an address: its domain, the address itself, both, or either."`
	Addresses           AddressRule    `json:"addresses,omitempty" enum:"many,one" doc:"How many sender addresses a tenant may have at a time."`
	FreeMailAllowed     []Name         `json:"free_mail_allowed,omitempty" nullable:"false" doc:"Free mail domains that are let in all the same, as sender addresses confirmed by mail."`
	ConfirmationSubject string         `json:"confirmation_subject,omitempty" maxLength:"200" doc:"Subject of the mail that asks to confirm a sender address."`
	ConfirmationLife    Span           `json:"confirmation_life,omitzero" doc:"How long its link works, such as 24h."`
	Senders             *SenderList    `json:"senders,omitempty" doc:"Domains and addresses whose mail takes the route of its class, with commas or line breaks between them; a domain stands for those below it, too. All else takes the normal path. Left out: whatever is verified. Empty: none."`
	Classes             []Class        `json:"classes,omitempty" nullable:"false" maxItems:"50" doc:"The classes of mail there are; the first is that of mail which names none. A list replaces the one below it."`
	Suppressed          SuppressedRule `json:"suppressed,omitempty" enum:"drop,refuse,hold,bounce" doc:"What becomes of mail to a suppressed address: it is recorded and not sent, refused, held, or answered with a bounce."`
	KeepBodies          Span           `json:"keep_bodies,omitzero" doc:"How long the text of a message is kept after it was accepted, such as 168h; while it is on its way it is kept in any case."`
	KeepRecords         Span           `json:"keep_records,omitzero" doc:"How long messages with their deliveries, attempts and clicks, and events are kept, such as 2160h. Suppressions stay."`
	TLS                 TLSRule        `json:"tls,omitempty" enum:"required,verified,requiretls" doc:"What mail asks of the connections it leaves by, at least: TLS, whatever the certificate; TLS to a server that proves its name; or that, found by ways that cannot be forged and promised by every server behind it (REQUIRETLS). Left out: TLS where it can be had, and what the recipient's domain demands. A tenant's own can only ask for more than the platform's."`
	AuditRequired       Switch         `json:"audit_required,omitempty" enum:"on,off" doc:"Whether a tenant's addresses must be audited before its first mail."`
}

// Verification says what must be proved before an address may stand in From
// (F2).
type Verification string

const (
	VerifyDomain  Verification = "domain"  // its domain, by DNS
	VerifyAddress Verification = "address" // itself, by mail
	VerifyBoth    Verification = "both"
	VerifyEither  Verification = "either"
)

// AddressRule says how many sender addresses a tenant may have (E2).
type AddressRule string

const (
	AddressesMany AddressRule = "many"
	AddressesOne  AddressRule = "one"
)

// SuppressedRule says what becomes of mail to a suppressed address.
type SuppressedRule string

const (
	SuppressedDrop   SuppressedRule = "drop"   // accepted, and recorded as not sent
	SuppressedRefuse SuppressedRule = "refuse" // the submission is refused
	SuppressedHold   SuppressedRule = "hold"   // accepted, and held
	SuppressedBounce SuppressedRule = "bounce" // accepted, and the sender gets a bounce each time (D16)
)

// Switch is a yes or no that may also be left to the layer below.
type Switch string

const (
	SwitchOn  Switch = "on"
	SwitchOff Switch = "off"
)

// On reports whether the switch says yes.
func (s Switch) On() bool { return s == SwitchOn }

// Span is a length of time that people write as 24h or 90m.
type Span time.Duration

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) {
	text := time.Duration(s).String()
	text = strings.TrimSuffix(text, "0s") // 24h0m0s is 24h
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return []byte(cmp.Or(text, "0s")), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		return Invalidf("%.40q is not a length of time; write it like 24h", text)
	}
	*s = Span(d)
	return nil
}

// DefaultPolicy is the lowest layer: it says everything.
func DefaultPolicy() Policy {
	return Policy{
		Verification:        VerifyDomain,
		Addresses:           AddressesMany,
		ConfirmationSubject: "Email Address Verification Request",
		ConfirmationLife:    Span(24 * time.Hour),
		Classes:             defaultClasses(),
		Suppressed:          SuppressedDrop,
		KeepBodies:          Span(7 * 24 * time.Hour),
		KeepRecords:         Span(90 * 24 * time.Hour),
		AuditRequired:       SwitchOff,
	}
}

// Over is the layer below with what p says put over it.
func (p Policy) Over(below Policy) Policy {
	if p.FreeMailAllowed == nil {
		p.FreeMailAllowed = below.FreeMailAllowed
	}
	if p.Classes == nil {
		p.Classes = below.Classes
	}
	p.Verification = cmp.Or(p.Verification, below.Verification)
	p.Addresses = cmp.Or(p.Addresses, below.Addresses)
	p.ConfirmationSubject = cmp.Or(p.ConfirmationSubject, below.ConfirmationSubject)
	p.ConfirmationLife = cmp.Or(p.ConfirmationLife, below.ConfirmationLife)
	p.Senders = cmp.Or(p.Senders, below.Senders)
	p.Suppressed = cmp.Or(p.Suppressed, below.Suppressed)
	p.KeepBodies = cmp.Or(p.KeepBodies, below.KeepBodies)
	p.KeepRecords = cmp.Or(p.KeepRecords, below.KeepRecords)
	p.AuditRequired = cmp.Or(p.AuditRequired, below.AuditRequired)
	p.TLS = p.TLS.Stricter(below.TLS)
	return p
}

// Effective is what counts when the platform says one thing and a tenant's
// override another.
func Effective(platform, tenant Policy) Policy {
	return tenant.Over(platform.Over(DefaultPolicy()))
}

// The bounds of ConfirmationLife: a link that is good for longer is found in
// mailboxes that have changed hands.
const minConfirmationLife, maxConfirmationLife = Span(10 * time.Minute), Span(7 * 24 * time.Hour)

// The shortest times for which mail is kept: DSNs quote the text, and a bounce may
// come after days.
const minKeepBodies, minKeepRecords = Span(time.Hour), Span(7 * 24 * time.Hour)

// Check refuses a layer that could not work. Routes are the names of the
// smarthosts there are.
func (p Policy) Check(routes []string) error {
	for _, rule := range []struct {
		field, value string
		allowed      []string
	}{
		{"verification", string(p.Verification), []string{"domain", "address", "both", "either"}},
		{"addresses", string(p.Addresses), []string{"many", "one"}},
		{"suppressed", string(p.Suppressed), []string{"drop", "refuse", "hold", "bounce"}},
		{"audit_required", string(p.AuditRequired), []string{"on", "off"}},
		{"tls", string(p.TLS), []string{"required", "verified", "requiretls"}},
	} {
		if rule.value != "" && !slices.Contains(rule.allowed, rule.value) {
			return Refuse(CodeInvalid, rule.field, "%q is not one of %s", rule.value, strings.Join(rule.allowed, ", "))
		}
	}
	if p.ConfirmationLife != 0 && (p.ConfirmationLife < minConfirmationLife || p.ConfirmationLife > maxConfirmationLife) {
		return Refuse(CodeInvalid, "confirmation_life", "a link may work for 10 minutes to 7 days")
	}
	if p.KeepBodies != 0 && p.KeepBodies < minKeepBodies {
		return Refuse(CodeInvalid, "keep_bodies", "texts are kept for an hour at least")
	}
	if p.KeepRecords != 0 && p.KeepRecords < minKeepRecords {
		return Refuse(CodeInvalid, "keep_records", "messages and events are kept for 7 days at least")
	}
	if len(p.ConfirmationSubject) > 200 || strings.ContainsFunc(p.ConfirmationSubject, func(c rune) bool { return c < ' ' || c == 0x7f || c == 0xfffd }) {
		return Refuse(CodeInvalid, "confirmation_subject", "a subject is at most 200 octets of plain text on one line")
	}
	for i, n := range p.FreeMailAllowed {
		if name, err := ParseName(string(n)); err != nil || name != n {
			return Refuse(CodeInvalid, fmt.Sprintf("free_mail_allowed[%d]", i), "%q is not a domain name in lower case", n)
		}
	}
	return checkClasses(p.Classes, routes)
}

// AllowsFreeMail reports whether the operator lets a free mail domain in.
func (p Policy) AllowsFreeMail(n Name) bool {
	return slices.ContainsFunc(p.FreeMailAllowed, n.Under)
}
