package myodai

import "time"

// Purpose says what a planned record is for. Users see it, so it is public API.
type Purpose string

const (
	PurposeDKIM       Purpose = "dkim"
	PurposeReturnPath Purpose = "return-path"
	PurposeDMARC      Purpose = "dmarc"
	PurposeSPF        Purpose = "spf"
	PurposeTracking   Purpose = "tracking"
	PurposeACME       Purpose = "acme"
)

// RecordStatus is the plain judgement of one planned record.
type RecordStatus string

const (
	StatusAsPlanned RecordStatus = "as_planned"
	StatusMissing   RecordStatus = "missing"   // authoritatively not there
	StatusDifferent RecordStatus = "different" // something else is there
	StatusUnknown   RecordStatus = "unknown"   // could not be found out; never evidence
)

// RecordCheck is what one check found of one planned record.
type RecordCheck struct {
	Name     Name         `json:"name"`
	Type     RecordType   `json:"type"`
	Purpose  Purpose      `json:"purpose"`
	Required bool         `json:"required"`
	Status   RecordStatus `json:"status"`
	Found    []string     `json:"found"`  // "CNAME s1.example.net", as the servers said it
	Reason   string       `json:"reason"` // one plain English sentence
}

// Verdict is what one check says about all required records together.
type Verdict string

const (
	VerdictProved    Verdict = "proved"    // every required record is as planned
	VerdictDisproved Verdict = "disproved" // at least one is authoritatively not
	VerdictUnknown   Verdict = "unknown"   // neither can be said
)

// Judge sums up the checks of a plan's records. No required record at all
// proves nothing.
func Judge(checks []RecordCheck) Verdict {
	required, proved := 0, 0
	for _, c := range checks {
		if !c.Required {
			continue
		}
		required++
		switch c.Status {
		case StatusMissing, StatusDifferent:
			return VerdictDisproved
		case StatusAsPlanned:
			proved++
		}
	}
	if required > 0 && proved == required {
		return VerdictProved
	}
	return VerdictUnknown
}

// Severity says what a finding means for the tenant's mail.
type Severity string

const (
	SeverityBlocks  Severity = "blocks"  // the domain cannot be verified like this
	SeverityFragile Severity = "fragile" // works today, and will break
	SeverityWait    Severity = "wait"    // right already; caches have to catch up
	SeverityAdvice  Severity = "advice"  // could be better
)

// Cause is the id of what is wrong, from the closed list of package diagnose.
// The ids are public API.
type Cause string

// Finding is one judged conclusion of a check. Its texts are made from it by
// package diagnose, in the reader's language.
type Finding struct {
	Cause     Cause             `json:"cause"`
	Severity  Severity          `json:"severity"`
	Primary   bool              `json:"primary"` // exactly one finding of a check, when there is any
	Record    Name              `json:"record"`  // the planned record affected, "" for the domain as a whole
	Purpose   Purpose           `json:"purpose"`
	Found     string            `json:"found"`               // what is there, word for word
	Expected  string            `json:"expected"`            // what should be there
	Args      map[string]string `json:"args"`                // what the texts need
	VisibleAt time.Time         `json:"visible_at,omitzero"` // when a wait ends
}

// Check is one look at a domain's records, kept with everything it saw.
type Check struct {
	ID          CheckID
	TenantID    TenantID
	DomainID    DomainID   // "" of a tracking domain's
	TrackingID  TrackingID // "" of a domain's
	At          time.Time
	Verdict     Verdict
	Records     []RecordCheck
	Findings    []Finding
	DNSHost     string // id of the DNS host, of package dnshost; "" when not recognized
	Observation Observation
}
