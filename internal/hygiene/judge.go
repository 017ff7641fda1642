package hygiene

import (
	"strconv"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

// The causes of findings, beside the mailStates. texts has words for each.
const (
	causeSyntax     = "syntax"
	causeBounced    = "bounced"
	causeComplained = "complained"
	causeTypo       = "typo"
	causeDisposable = "disposable"
	causeSequence   = "sequence"
	causeRandom     = "random"
	causeVariants   = "variants"
	causeBlocked    = "blocked"
	causeRole       = "role"
	causeDuplicate  = "duplicate"
)

// address is all that the files say of one address.
type address struct {
	record            // of its first line
	listed   int      // lines it is on
	bounced  *record  // the newest refusal of the recipient itself
	blocked  *record  // the newest refusal for another reason
	unwanted bool     // there was a complaint
	variants int      // listed addresses that lead to the same mailbox
	hour     hourKind // in which it was registered
}

// hourKind says whether an hour was like others.
type hourKind bool

const burstHour hourKind = true

// take adds what one more record says.
func (a *address) take(r record) {
	newer := func(kept **record) {
		if *kept == nil || (*kept).at < r.at {
			copied := r
			*kept = &copied
		}
	}
	switch {
	case r.kind == kindListed:
		a.listed++
	case r.kind == kindComplaint:
		a.unwanted = true
	case bounce.Suppresses(r.class):
		newer(&a.bounced)
	default:
		newer(&a.blocked)
	}
}

func (a *address) String() string {
	return myodai.Address{Local: a.local, Domain: myodai.Name(a.domain)}.String()
}

// judge says what is wrong with an address; ok is false when nothing is.
func judge(a *address, p *profile, state mailState) (f myodai.ListAuditFinding, ok bool) {
	f = myodai.ListAuditFinding{Address: a.String()}
	is := func(v myodai.ListAuditVerdict, cause, evidence string) (myodai.ListAuditFinding, bool) {
		f.Verdict, f.Cause, f.Evidence = v, cause, evidence
		return f, true
	}
	meant := meantDomain(a.domain)
	if meant != "" && a.listed > 0 {
		f.Suggestion = myodai.Address{Local: a.local, Domain: myodai.Name(meant)}.String()
	}
	switch {
	case a.bounced != nil:
		return is(myodai.ListAuditDead, causeBounced, a.bounced.text)
	case a.unwanted:
		return is(myodai.ListAuditComplained, causeComplained, "")
	case state == mailNoDomain || state == mailNull || state == mailNoHost:
		return is(myodai.ListAuditNoMail, string(state), a.domain)
	}
	if a.listed > 0 {
		switch pattern, counted := p.holds(a.local); {
		case meant != "":
			return is(myodai.ListAuditTypo, causeTypo, meant)
		case isDisposable(myodai.Name(a.domain)):
			return is(myodai.ListAuditDisposable, causeDisposable, a.domain)
		case counted:
			return is(myodai.ListAuditBulk, causeSequence, pattern)
		case a.variants >= minVariants:
			return is(myodai.ListAuditBulk, causeVariants, a.mailbox+"@"+a.domain+" × "+strconv.Itoa(a.variants))
		case looksRandom(a.local) && (p.isRandom() || a.hour == burstHour):
			return is(myodai.ListAuditBulk, causeRandom, a.domain)
		case state == mailUnknown:
			return is(myodai.ListAuditUnanswered, string(mailUnknown), a.domain)
		}
	}
	switch {
	case a.blocked != nil:
		return is(myodai.ListAuditBlocked, causeBlocked, strings.TrimSpace(string(a.blocked.class)+": "+a.blocked.text))
	case a.listed > 0 && isRole(a.mailbox):
		return is(myodai.ListAuditRole, causeRole, a.mailbox)
	case a.listed > 1:
		return is(myodai.ListAuditDuplicate, causeDuplicate, strconv.Itoa(a.listed))
	}
	return f, false
}
