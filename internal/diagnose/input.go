package diagnose

import (
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// Input is all a judgement is derived from: the same input gives the same
// findings.
type Input struct {
	Plan        plan.Plan
	Observation myodai.Observation
	Earlier     []myodai.Observation // of the same domain, newest first
	Known       Known
	Now         time.Time
}

// Known is what we know beside DNS. Its zero value means that nothing is.
type Known struct {
	PlatformZone myodai.Name // the zone we serve; "" means the one the plan's aliases share
	Reviewing    bool        // the plan was made of what is there: nothing of it can be missing

	IssuedAt   time.Time // when the tenant got this plan
	DoneAt     time.Time // when the tenant said that the records are entered; zero before
	VerifiedAt time.Time // when the domain was last proved; zero before the first time
	ConnectAt  time.Time // when Domain Connect wrote the records; zero when it did not

	Former       []Former             // values of this claim that were replaced
	OtherDomains []myodai.Name        // of the same tenant
	Elsewhere    []myodai.Observation // of the same domain, from other places
	SignsAs      []myodai.Name        // domains of i= in our signatures, when not the domain itself
	Issuers      []string             // certificate authorities of tracking hosts, as CAA names them; nil means Let's Encrypt
}

// Former is a value that a plan of this claim once asked for.
type Former struct {
	Value      string // as in plan.Item
	ReplacedAt time.Time
}
