package diagnose

import (
	"strings"
	"testing"

	"github.com/myodai/myodai"
)

// B16, B22, E23: where a panel takes no underscore in a name, the record of a key
// becomes a TXT record, and the certificate is made in another way.
func TestForbiddenUnderscoreHasARemedy(t *testing.T) {
	for purpose, want := range map[myodai.Purpose]map[Lang]string{
		myodai.PurposeDKIM: {English: "to the TXT", Japanese: "TXT形式"},
		myodai.PurposeACME: {English: "direct way", Japanese: "「直接」"},
	} {
		for lang, says := range want {
			text := Explain(myodai.Finding{Cause: ProviderForbidsUnderscore, Purpose: purpose, Record: "_acme-challenge.go.acme.example"}, Context{Lang: lang})
			if !strings.Contains(text.Steps[0], says) || len(text.Steps) < 2 {
				t.Errorf("%s, %s: %q", purpose, lang, text.Steps)
			}
		}
	}
}
