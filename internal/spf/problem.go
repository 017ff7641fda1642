package spf

import "strconv"

// ProblemKind says what is wrong with a part of a record.
type ProblemKind string

const (
	ProblemVersion   ProblemKind = "version"   // does not begin with "v=spf1" and a space
	ProblemASCII     ProblemKind = "ascii"     // an octet outside printable ASCII
	ProblemDash      ProblemKind = "dash"      // a character that only looks like "-" or "~"
	ProblemQuote     ProblemKind = "quote"     // a quotation mark within the record
	ProblemMechanism ProblemKind = "mechanism" // a mechanism that does not exist
	ProblemNoDomain  ProblemKind = "no-domain" // a domain is needed and none is written
	ProblemDomain    ProblemKind = "domain"    // the domain cannot be one
	ProblemMacro     ProblemKind = "macro"     // a "%" that begins no macro
	ProblemAddress   ProblemKind = "address"   // ip4 or ip6 without such an address
	ProblemPrefix    ProblemKind = "prefix"    // a prefix length that is impossible, or in the wrong place
	ProblemModifier  ProblemKind = "modifier"  // the name of a modifier that cannot be one
	ProblemRepeated  ProblemKind = "repeated"  // redirect or exp twice
	ProblemArgument  ProblemKind = "argument"  // all with something behind it
	ProblemSeparator ProblemKind = "separator" // ";" or "," where a space belongs
	ProblemGlued     ProblemKind = "glued"     // the space before a term is lost
	ProblemEquals    ProblemKind = "equals"    // "include=" where "include:" is meant: valid, and ignored
)

// Problem is one mistake in a record.
type Problem struct {
	Kind   ProblemKind `json:"kind"`
	Offset int         `json:"offset"` // octets from the start of the record to the term
	Text   string      `json:"text"`   // the term as it is spelled
}

// SyntaxError is why a record is not valid: every receiver answers permerror
// for it, whatever else it says (RFC 7208 §4.6).
type SyntaxError struct {
	Problems []Problem // at least one, by offset; of very broken records only the first 100
}

// maxProblems bounds what one record can make us remember.
const maxProblems = 100

// Error names the first problem.
func (e *SyntaxError) Error() string {
	p := e.Problems[0]
	return "spf record: " + string(p.Kind) + " at " + strconv.Itoa(p.Offset) + ": " + strconv.Quote(p.Text)
}
