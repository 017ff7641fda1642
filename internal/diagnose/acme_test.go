package diagnose

import (
	"testing"

	"github.com/myodai/myodai"
)

func TestCAAFlaws(t *testing.T) {
	const host = "click.kaisha.example"
	type at = map[myodai.Name][]string
	for _, tt := range []struct {
		name   string
		caa    at
		causes []myodai.Cause
	}{
		{"none", nil, nil},
		{"ours", at{"kaisha.example": {`0 issue "letsencrypt.org"`}}, nil},
		{"another", at{"kaisha.example": {`0 issue "digicert.com"`}}, []myodai.Cause{CAAForbidsIssuer}},
		{"both", at{"kaisha.example": {`0 issue "digicert.com"`, `0 issue "letsencrypt.org"`}}, nil},
		{"nobody", at{"kaisha.example": {`0 issue ";"`}}, []myodai.Cause{CAAForbidsIssuer}},
		{"only for wildcards", at{"kaisha.example": {`0 issuewild ";"`}}, nil},
		{"only an address for complaints", at{"kaisha.example": {`0 iodef "mailto:a@kaisha.example"`}}, nil},
		{"the host's own before its parent's", at{host: {`0 issue "letsencrypt.org"`}, "kaisha.example": {`0 issue "digicert.com"`}}, nil},
		{"the parent's not after the host's own", at{host: {`0 issue "digicert.com"`}, "kaisha.example": {`0 issue "letsencrypt.org"`}}, []myodai.Cause{CAAForbidsIssuer}},
		{"an account of somebody", at{host: {`0 issue "letsencrypt.org; accounturi=https://acme.example/1"`}}, []myodai.Cause{CAAForbidsIssuer}},
		{"by DNS", at{host: {`0 issue "letsencrypt.org; validationmethods=dns-01"`}}, nil},
		{"by HTTP or TLS", at{host: {`0 issue "letsencrypt.org; validationmethods=tls-alpn-01,http-01"`}}, nil},
		{"by TLS only", at{host: {`0 issue "letsencrypt.org; validationmethods=tls-alpn-01"`}}, []myodai.Cause{CAAForbidsIssuer}},
		{"critical and unknown", at{host: {`128 issue "letsencrypt.org"`, `128 tbs "x"`}}, []myodai.Cause{CAAForbidsIssuer}},
		{"unknown and not critical", at{host: {`0 issue "letsencrypt.org"`, `0 tbs "x"`}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			flaws := caaFlaws(host, true, usualIssuers, func(name myodai.Name) caaAnswer {
				return caaAnswer{owner: name, records: tt.caa[name], known: true}
			})
			checkCauses(t, flaws, tt.causes)
		})
	}
	by := func(dns01 bool) []flaw {
		return caaFlaws(host, dns01, usualIssuers, func(name myodai.Name) caaAnswer {
			return caaAnswer{owner: name, known: true, records: []string{`0 issue "letsencrypt.org;validationmethods=dns-01"`}}
		})
	}
	checkCauses(t, by(true), nil)
	checkCauses(t, by(false), []myodai.Cause{CAAForbidsIssuer})
	checkCauses(t, caaFlaws(host, true, usualIssuers, func(myodai.Name) caaAnswer { return caaAnswer{} }), nil)
	checkCauses(t, caaFlaws(host, true, usualIssuers, func(myodai.Name) caaAnswer { return caaAnswer{failed: true} }), []myodai.Cause{CAALookupFails})
}

// TestIssuersOfThePlatform: which certificate authority must be allowed is for
// the platform to say.
func TestIssuersOfThePlatform(t *testing.T) {
	known := Known{Issuers: []string{"ca.example", "other-ca.example"}}
	for record, want := range map[string][]myodai.Cause{
		`0 issue "CA.example"`: nil, `0 issue "other-ca.example"`: nil, `0 issue "letsencrypt.org"`: {CAAForbidsIssuer},
	} {
		flaws := caaFlaws("click.kaisha.example", true, known.issuers(), func(name myodai.Name) caaAnswer {
			return caaAnswer{owner: name, records: []string{record}, known: true}
		})
		checkCauses(t, flaws, want)
		if len(flaws) > 0 && flaws[0].expected != `0 issue "ca.example"` {
			t.Errorf("expected %s", flaws[0].expected)
		}
	}
}

func TestChallengeFlaws(t *testing.T) {
	const name, want = "_acme-challenge.click.kaisha.example", "k7f3.acme.plat.example"
	for _, tt := range []struct {
		name      string
		plan      challengePlan
		alias     string
		texts     []string
		elsewhere []myodai.Name
		causes    []myodai.Cause
		severity  myodai.Severity
	}{
		{"as planned", challengePlan{}, want, nil, nil, nil, ""},
		{"as planned, and above", challengePlan{}, want, nil, []myodai.Name{"_acme-challenge.kaisha.example"}, nil, ""},
		{"missing", challengePlan{}, "", nil, nil, []myodai.Cause{ACMEChallengeMissing}, ""},
		{"missing, tracking works", challengePlan{tracking: true}, "", nil, nil, []myodai.Cause{ACMEChallengeMissing}, fragile},
		{"old text", challengePlan{}, "", []string{"gfj9Xq"}, nil, []myodai.Cause{ACMEChallengeTXTLeft}, ""},
		{"the host's own text", challengePlan{manages: true}, "", []string{"gfj9Xq"}, nil, []myodai.Cause{ACMEChallengeProxied}, ""},
		{"the host's own alias", challengePlan{}, "click.kaisha.example.0123.dcv.cloudflare.com", nil, nil, []myodai.Cause{ACMEChallengeProxied}, ""},
		{"another alias", challengePlan{}, "elsewhere.example", nil, nil, nil, ""},
		{"above", challengePlan{}, "", nil, []myodai.Name{"_acme-challenge.kaisha.example"}, []myodai.Cause{ACMEChallengeWrongLevel}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.plan.name, tt.plan.want = name, want
			flaws := challengeFlaws(tt.plan, tt.alias, tt.texts, tt.elsewhere)
			checkCauses(t, flaws, tt.causes)
			if len(flaws) == 1 && flaws[0].severity != tt.severity {
				t.Errorf("severity %q, want %q", flaws[0].severity, tt.severity)
			}
		})
	}
}

func TestSiteFlaws(t *testing.T) {
	for host, causes := range map[myodai.Name][]myodai.Cause{
		"click.kaisha.example": nil, "www-click.kaisha.example": nil,
		"www.kaisha.example": {TrackingHostUsedForSite}, "kaisha.example": {TrackingHostUsedForSite},
	} {
		checkCauses(t, siteFlaws(host, "kaisha.example", "t.k7f3.plat.example"), causes)
	}
}
