package myodai

import "time"

// Background is what we know of a domain beside what DNS says of it now. A
// check is judged with it.
type Background struct {
	// Earlier are observations of earlier checks, newest first: of the last few,
	// and of the last one before the tenant said that the records are entered.
	Earlier []Observation
	Claims  []FormerClaim // of the same tenant to the same name, the last first
	Keys    []FormerKey   // of this claim that were replaced, the last first
	Others  []Name        // the tenant's other domains
}

// FormerClaim is a claim that its tenant gave up. Records for it may still be in
// DNS, and prove nothing (T02).
type FormerClaim struct {
	Domain  Domain
	Keys    []Key // all revoked
	EndedAt time.Time
}

// FormerKey is a key that another one replaced under its selector.
type FormerKey struct {
	Selector   string
	Algorithm  KeyAlgorithm
	Public     string // as of Key
	ReplacedAt time.Time
}
