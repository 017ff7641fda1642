package submission

import (
	"crypto/rsa"
	"slices"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// Cosign says with which of its keys the platform signs tenants' mail beside
// them. Alignment never rests on that signature; it lets receivers tell whose
// machine the mail left, and feedback loops find us.
type Cosign string

const (
	CosignEd25519 Cosign = "ed25519" // costs next to nothing; not every receiver reads it
	CosignRSA     Cosign = "rsa"     // every receiver reads it; costs as much as the tenant's own signature
	CosignBoth    Cosign = "both"
	CosignNone    Cosign = "none"
)

// ParseCosign reads a Cosign.
func ParseCosign(s string) (Cosign, error) {
	switch c := Cosign(s); c {
	case CosignEd25519, CosignRSA, CosignBoth, CosignNone:
		return c, nil
	}
	return "", myodai.Invalidf("%q is no way to sign beside tenants; it is ed25519, rsa, both or none", s)
}

// pick returns those of the platform's keys that sign tenants' mail.
func (c Cosign) pick(platform []dkim.Signer) []dkim.Signer {
	if c == CosignNone {
		return nil
	}
	if c == CosignBoth {
		return platform
	}
	return slices.DeleteFunc(slices.Clone(platform), func(s dkim.Signer) bool {
		_, isRSA := s.Key.Public().(*rsa.PublicKey)
		return isRSA != (c == CosignRSA)
	})
}
