package domains

import (
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// B17, B18: people hear when a domain is verified, in trouble, and stopped, each
// once for each notice, in both languages.
func TestStateNotice(t *testing.T) {
	d := func(state myodai.DomainState, notices int) myodai.Domain {
		return myodai.Domain{Name: "acme.example", State: state, Notices: notices, AtRiskAt: time.Unix(0, 0)}
	}
	for _, tt := range []struct {
		name          string
		before, after myodai.Domain
		want          string // in the English subject, "" for no mail
	}{
		{"verified", d(myodai.DomainPending, 0), d(myodai.DomainVerified, 0), "is verified"},
		{"still verified", d(myodai.DomainVerified, 0), d(myodai.DomainVerified, 0), ""},
		{"at risk", d(myodai.DomainVerified, 0), d(myodai.DomainAtRisk, 1), "is missing"},
		{"at risk, same day", d(myodai.DomainAtRisk, 1), d(myodai.DomainAtRisk, 1), ""},
		{"at risk, next day", d(myodai.DomainAtRisk, 1), d(myodai.DomainAtRisk, 2), "is missing"},
		{"stopped", d(myodai.DomainAtRisk, 3), d(myodai.DomainSuspended, 3), "has stopped"},
		{"still stopped", d(myodai.DomainSuspended, 3), d(myodai.DomainSuspended, 3), ""},
		{"still pending", d(myodai.DomainPending, 0), d(myodai.DomainPending, 0), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, ok := stateNotice(tt.before, tt.after)
			if ok != (tt.want != "") || !strings.Contains(n.English.Subject, tt.want) || ok && !strings.Contains(n.Japanese.Subject, "acme.example") {
				t.Errorf("stateNotice = %+v, %v", n, ok)
			}
		})
	}
}
