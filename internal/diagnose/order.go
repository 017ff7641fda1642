package diagnose

import (
	"cmp"
	"slices"

	"github.com/myodai/myodai"
)

// stages are the causes that come before those of single records, the first that
// applies first: whether there is a domain, whether it can be asked, whether it
// is the right place, whether its servers agree, and what does harm.
var stages = []myodai.Cause{
	DomainNotRegistered, DomainOnHold, DomainParked,
	ZoneServFail, DNSSECBogus,
	RegistrarDefaultNS, WrongDNSHost, RecordOccludedByDelegation, RecordsInPrivateZone, PanelChangeNotApplied,
	NSSplitAnswers, NSParentChildMismatch, LameDelegation, AuthNotYetSynced,
	ReturnpathReplacedApexMX, CNAMEAtApex, DKIMPrivateKeyPublished,
}

// dangerous causes do harm beyond the record they are about.
var dangerous = map[myodai.Cause]bool{ReturnpathReplacedApexMX: true, CNAMEAtApex: true, DKIMPrivateKeyPublished: true}

// plain causes say only that something is not there.
var plain = map[myodai.Cause]bool{
	RecordMissing: true, DMARCMissing: true, ACMEChallengeMissing: true, ReturnpathSPFMissing: true,
	RecordRemovedAfterVerification: true, DomainConnectLost: true, SPFMissingInclude: true,
}

// zoneWide causes explain why nothing that was entered is there.
var zoneWide = map[myodai.Cause]bool{
	DomainNotRegistered: true, DomainOnHold: true, DomainParked: true, ZoneServFail: true,
	RegistrarDefaultNS: true, WrongDNSHost: true, RecordsInPrivateZone: true, PanelChangeNotApplied: true,
}

// purposes break ties between records.
var purposes = []myodai.Purpose{
	myodai.PurposeDKIM, myodai.PurposeReturnPath, myodai.PurposeDMARC, myodai.PurposeTracking, myodai.PurposeACME, myodai.PurposeSPF,
}

var severities = []myodai.Severity{blocks, fragile, waits, advice}

// rank sorts findings and marks the first as primary: what blocks before what
// only might; the stages before single records; then the cause that stops most
// records, a plain absence last; then by purpose, in the order of the plan.
func (v *view) rank(list []myodai.Finding) []myodai.Finding {
	stopped := map[myodai.Cause]int{}
	for _, f := range list {
		if f.Severity == blocks {
			stopped[f.Cause]++
		}
	}
	slices.SortStableFunc(list, func(a, b myodai.Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(severities, a.Severity), slices.Index(severities, b.Severity)),
			cmp.Compare(stage(a.Cause), stage(b.Cause)),
			cmp.Compare(order(plain[a.Cause]), order(plain[b.Cause])),
			cmp.Compare(stopped[b.Cause], stopped[a.Cause]),
			cmp.Compare(purposeOrder(a.Purpose), purposeOrder(b.Purpose)),
		)
	})
	for i := range list {
		list[i].Primary = i == 0
	}
	return list
}

func stage(c myodai.Cause) int {
	if i := slices.Index(stages, c); i >= 0 {
		return i
	}
	return len(stages)
}

func purposeOrder(p myodai.Purpose) int {
	if i := slices.Index(purposes, p); i >= 0 {
		return i
	}
	return len(purposes)
}

// suppress takes out the findings that another one explains.
func suppress(v *view, list []myodai.Finding) []myodai.Finding {
	has := func(ok func(myodai.Finding) bool) bool { return slices.ContainsFunc(list, ok) }
	dead := has(func(f myodai.Finding) bool { return stage(f.Cause) <= stage(ZoneServFail) && f.Severity == blocks })
	elsewhere := has(func(f myodai.Finding) bool { return zoneWide[f.Cause] })
	blocked := has(func(f myodai.Finding) bool { return f.Severity == blocks })
	var kept []myodai.Finding
	for _, f := range list {
		concrete := has(func(g myodai.Finding) bool {
			return g.Record == f.Record && g.Purpose == f.Purpose && g.Severity == blocks && !plain[g.Cause] && g.Cause != f.Cause
		})
		lost := f.Cause == RecordMissing && has(func(g myodai.Finding) bool {
			return g.Record == f.Record && g.Cause != RecordMissing && g.Severity == blocks
		})
		switch {
		case dead && stage(f.Cause) > stage(ZoneServFail):
		case elsewhere && !dead && (plain[f.Cause] || masking[f.Cause] || f.Cause == NSParentChildMismatch || f.Severity == advice):
		case (plain[f.Cause] && concrete) || lost:
		case f.Cause == ENTNXDOMAIN && has(func(g myodai.Finding) bool { return g.Cause == NSSplitAnswers || g.Cause == AuthNotYetSynced }):
		case f.Severity == waits && f.Cause != AuthNotYetSynced && blocked:
		case slices.ContainsFunc(kept, func(g myodai.Finding) bool { return g.Cause == f.Cause && g.Record == f.Record && g.Found == f.Found }):
		default:
			kept = append(kept, f)
		}
	}
	return kept
}

// masking causes say that a wildcard answers where nothing is.
var masking = map[myodai.Cause]bool{WildcardMasksRecord: true, WildcardTXTPollutes: true}
