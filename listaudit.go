package myodai

import (
	"slices"
	"time"
)

// ListAuditState is how far an audit has come.
type ListAuditState string

const (
	ListAuditReading  ListAuditState = "reading"  // its files are being uploaded and read
	ListAuditJudging  ListAuditState = "judging"  // its addresses are being judged
	ListAuditFinished ListAuditState = "finished" // its findings stand
	ListAuditFailed   ListAuditState = "failed"   // it came to no end; see Reason
	ListAuditWaived   ListAuditState = "waived"   // the platform operator lets the tenant send without one
)

// Terminal reports whether nothing more will be found.
func (s ListAuditState) Terminal() bool { return s != ListAuditReading && s != ListAuditJudging }

// ListAuditVerdict is what an audit says of an address. This is every verdict there
// is; the first that fits holds.
type ListAuditVerdict string

const (
	ListAuditInvalid    ListAuditVerdict = "invalid"    // no mail address at all
	ListAuditDead       ListAuditVerdict = "dead"       // a past mail came back: no such recipient
	ListAuditComplained ListAuditVerdict = "complained" // its owner has called past mail spam
	ListAuditNoMail     ListAuditVerdict = "no_mail"    // its domain takes no mail
	ListAuditTypo       ListAuditVerdict = "typo"       // its domain is a slip of a well-known one
	ListAuditDisposable ListAuditVerdict = "disposable" // of a service that gives addresses for minutes
	ListAuditBulk       ListAuditVerdict = "bulk"       // one of many that a program registered
	ListAuditUnanswered ListAuditVerdict = "unanswered" // DNS did not answer for its domain: nothing is known
	ListAuditBlocked    ListAuditVerdict = "blocked"    // a past mail came back for another reason than its recipient
	ListAuditRole       ListAuditVerdict = "role"       // of a function, not a person
	ListAuditDuplicate  ListAuditVerdict = "duplicate"  // the same address again
)

// ListAuditVerdicts lists them in the order in which they hold.
var ListAuditVerdicts = []ListAuditVerdict{
	ListAuditInvalid, ListAuditDead, ListAuditComplained, ListAuditNoMail, ListAuditTypo, ListAuditDisposable, ListAuditBulk,
	ListAuditUnanswered, ListAuditBlocked, ListAuditRole, ListAuditDuplicate,
}

// Proposed reports whether addresses with this verdict are proposed for the
// suppression list. Invalid ones need no entry: nobody can mail them.
func (v ListAuditVerdict) Proposed() bool {
	switch v {
	case ListAuditDead, ListAuditComplained, ListAuditNoMail, ListAuditTypo, ListAuditDisposable, ListAuditBulk:
		return true
	}
	return false
}

// ListAudit is one look at a tenant's addresses before they are mailed for the
// first time.
type ListAudit struct {
	ID       ListAuditID
	TenantID TenantID
	Title    string
	Class    ClassName // of mail it is for; "" for all
	State    ListAuditState
	Progress ListAuditProgress
	Summary  ListAuditSummary
	Reason   string // why it failed, or was waived
	By       string // who began it: a credential or member

	Batch      BatchID            // what its accepted proposal was entered as; "" when it is not accepted, or undone
	Accepted   []ListAuditVerdict // the parts of the proposal that were accepted
	AcceptedAt time.Time          // zero unless accepted
	CreatedAt  time.Time
	UpdatedAt  time.Time // of progress
	FinishedAt time.Time // zero before
}

// ListAuditProgress is how far an audit has come, in numbers that only grow.
type ListAuditProgress struct {
	Files     int   `json:"files"`     // read to their end
	Octets    int64 `json:"octets"`    // of them
	Lines     int   `json:"lines"`     // of lists
	Mails     int   `json:"mails"`     // of mailboxes
	Addresses int   `json:"addresses"` // found so far, duplicates included
	Judged    int   `json:"judged"`    // of them, in the end all
	Domains   int   `json:"domains"`   // looked up
}

// ListAuditSummary is what an audit comes to.
type ListAuditSummary struct {
	Addresses int                      `json:"addresses"` // listed, each once, without invalid ones
	Bounces   int                      `json:"bounces"`   // past mails that came back, as far as they could be read
	Unread    int                      `json:"unread"`    // mails that are no bounce and no complaint
	Domains   int                      `json:"domains"`
	Counts    map[ListAuditVerdict]int `json:"counts"`   // all findings
	Listed    map[ListAuditVerdict]int `json:"listed"`   // of Addresses: without what only bounces have
	Clusters  []ListAuditCluster       `json:"clusters"` // the largest
	Bursts    []ListAuditBurst         `json:"bursts"`   // the largest
	Problems  []ListAuditProblem       `json:"problems"` // of files: what could not be read
}

// ListAuditCluster is a group of addresses that a program seems to have registered.
type ListAuditCluster struct {
	Domain  Name   `json:"domain"`
	Kind    string `json:"kind"`    // sequence, random, variants
	Pattern string `json:"pattern"` // such as "user1 … user40"
	Count   int    `json:"count"`
}

// ListAuditBurst is an hour with far more registrations than others.
type ListAuditBurst struct {
	At     time.Time `json:"at"` // when the hour begins
	Count  int       `json:"count"`
	Random int       `json:"random"` // of which look random
}

// ListAuditProblem is a line or file that could not be read.
type ListAuditProblem struct {
	File   string `json:"file"`
	Line   int    `json:"line"` // 0 for the file as a whole
	Detail string `json:"detail"`
}

// The lines that large receivers draw, in hundredths of a percent of all mail:
// below the first a list is in order, above the second senders are stopped.
const (
	BounceCare = 200
	BounceStop = 500
)

// ListAuditGate is what an audit says to the first send.
type ListAuditGate string

const (
	GateGo    ListAuditGate = "go"     // at most 2 % would bounce
	GateCare  ListAuditGate = "care"   // at most 5 %: allowed, and better cleaned up before
	GateStop  ListAuditGate = "stop"   // more
	GateNoOne ListAuditGate = "no_one" // there is nobody to mail: only bounces were looked at
)

// Rate is n of all in hundredths of a percent, rounded up; 0 of nobody.
func Rate(n, all int) int {
	if all == 0 {
		return 0
	}
	return (n*10000 + all - 1) / all
}

// Certain and Doubtful are the verdicts that make mail bounce, and those that may.
func (v ListAuditVerdict) Certain() bool { return v == ListAuditDead || v == ListAuditNoMail }

// Doubtful is more than Certain: nobody knows.
func (v ListAuditVerdict) Doubtful() bool {
	return v == ListAuditTypo || v == ListAuditDisposable || v == ListAuditBulk || v == ListAuditUnanswered
}

// Expected is how many addresses of the list would bounce for certain, and how
// many would if every doubt turned out for the worse, of how many that would be
// mailed. With its proposal accepted, what that has suppressed is left out.
func (a ListAudit) Expected() (certain, worst, all int) {
	all = a.Summary.Addresses
	for verdict, n := range a.Summary.Listed {
		switch {
		case !a.AcceptedAt.IsZero() && slices.Contains(a.Accepted, verdict):
			all -= n
		case verdict.Certain():
			certain, worst = certain+n, worst+n
		case verdict.Doubtful():
			worst += n
		}
	}
	return certain, worst, all
}

// Gate judges the list: what would be mailed of it now. Doubts do not count: they
// are worth a warning, not a refusal.
func (a ListAudit) Gate() ListAuditGate {
	certain, _, all := a.Expected()
	rate := Rate(certain, all)
	switch {
	case a.Summary.Addresses == 0:
		return GateNoOne
	case rate <= BounceCare:
		return GateGo
	case rate <= BounceStop:
		return GateCare
	}
	return GateStop
}

// Passed reports whether the audit opens the gate that the operator may require
// before the first send: it was waived, or what is left of the list is fit to be
// mailed. One that looked at bounces alone passes when its proposal is accepted.
func (a ListAudit) Passed() bool {
	switch {
	case a.State == ListAuditWaived:
		return true
	case a.State != ListAuditFinished:
		return false
	case a.Gate() == GateNoOne:
		return !a.AcceptedAt.IsZero()
	}
	return a.Gate() != GateStop
}

// ListAuditFinding is what an audit found about one address.
type ListAuditFinding struct {
	Number     int64 // from 1, in the order they were found
	Verdict    ListAuditVerdict
	Address    string // as it was listed, or as a bounce had it
	Cause      string // why, from the list that package hygiene puts into words
	Evidence   string // the reply, the pattern, the record; "" for none
	Suggestion string // the address that was meant; "" for none
}
