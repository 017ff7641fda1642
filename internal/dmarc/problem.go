package dmarc

import "fmt"

// ProblemKind is what can be wrong with DMARC records. This is all there is.
type ProblemKind string

const (
	ProblemVersion         ProblemKind = "version"           // meant as DMARC, but v=DMARC1 is not first or not exact
	ProblemSeparator       ProblemKind = "separator"         // something else than a semicolon between tags
	ProblemNotTag          ProblemKind = "not_tag"           // a part without "="; ignored
	ProblemDuplicateTag    ProblemKind = "duplicate_tag"     // the first one counts
	ProblemUnknownTag      ProblemKind = "unknown_tag"       // ignored
	ProblemRemovedTag      ProblemKind = "removed_tag"       // pct, rf or ri: no longer of DMARC
	ProblemNoPolicy        ProblemKind = "no_policy"         // p= is missing: as p=none, but older receivers ignore the record
	ProblemBadPolicy       ProblemKind = "bad_policy"        // p, sp or np is none of the three
	ProblemBadValue        ProblemKind = "bad_value"         // another tag has no value it can have; the default counts
	ProblemBadURI          ProblemKind = "bad_uri"           // in rua or ruf; ignored
	ProblemSizeLimit       ProblemKind = "size_limit"        // "!10m" after a URI: ignored since RFC 9989
	ProblemWeakSubdomains  ProblemKind = "weak_subdomains"   // sp= or np= asks for less than p=
	ProblemNoEffect        ProblemKind = "no_effect"         // sp= or np= in a record that is not of the organizational domain
	ProblemSeveralRecords  ProblemKind = "several_records"   // at one name: all are discarded
	ProblemTestMode        ProblemKind = "test_mode"         // t=y: one level less than the policy says
	ProblemSuffixMisused   ProblemKind = "suffix_misused"    // psd=y where nobody else registers names
	ProblemNoFailureReport ProblemKind = "no_failure_report" // fo= without ruf= asks for nothing
)

// Problem is one thing wrong with a DMARC record.
type Problem struct {
	Kind  ProblemKind
	Tag   string // it is about, "" for none
	Value string // of the tag or the part it is about, as written
}

// String is the problem in a few words, for people who read records.
func (p Problem) String() string {
	if p.Tag == "" {
		return fmt.Sprintf("%s: %q", p.Kind, p.Value)
	}
	return fmt.Sprintf("%s: %s=%q", p.Kind, p.Tag, p.Value)
}
