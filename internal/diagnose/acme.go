package diagnose

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
)

// usualIssuers are the names by which CAA records let the certificate authority
// issue that certificates of tracking hosts usually come from.
var usualIssuers = []string{"letsencrypt.org"}

// issuers are those of the platform's certificate authority.
func (k Known) issuers() []string {
	if len(k.Issuers) == 0 {
		return usualIssuers
	}
	return k.Issuers
}

// caaLookup finds what CAA holds at one name: the records at it, or at the end
// of an alias, and the name they stand at. Failed means that the name's own
// servers answer other questions and not this one.
type caaLookup func(name myodai.Name) caaAnswer

// caaAnswer is what DNS said of CAA at one name.
type caaAnswer struct {
	owner   myodai.Name
	records []string // `0 issue "letsencrypt.org"`
	known   bool
	failed  bool
}

// caaFlaws climbs from a tracking host to the CAA records that apply to it
// (RFC 8659 §3) and says whether they let our certificate authority issue, by any
// of its names.
func caaFlaws(host myodai.Name, dns01 bool, issuers []string, lookup caaLookup) []flaw {
	for _, name := range host.Ancestors() {
		answer := lookup(name)
		switch {
		case answer.failed:
			return []flaw{{
				cause: CAALookupFails, open: true, args: map[string]string{"owner": string(name)},
			}}
		case !answer.known:
			return nil
		case len(answer.records) > 0:
			return caaJudged(answer, dns01, issuers)
		}
	}
	return nil
}

// caaProperty is one CAA record.
type caaProperty struct {
	critical bool
	tag      string // lower case
	value    string
}

func parseCAA(data string) (caaProperty, bool) {
	flags, rest, ok := strings.Cut(strings.TrimSpace(data), " ")
	tag, value, ok2 := strings.Cut(strings.TrimSpace(rest), " ")
	if !ok || !ok2 {
		return caaProperty{}, false
	}
	// Bit 0 of the flags, which is the highest, marks a property as critical.
	critical := len(flags) == 3 && flags >= "128"
	value = myodai.UnescapeText(strings.Trim(strings.TrimSpace(value), `"`))
	return caaProperty{critical: critical, tag: strings.ToLower(tag), value: value}, true
}

// caaJudged judges the set that applies. Only issue counts for a host that is no
// wildcard; a set without it forbids nothing (RFC 8659 §4.2).
func caaJudged(answer caaAnswer, dns01 bool, ours []string) []flaw {
	var issuers []string
	allowed, strange := false, ""
	for _, data := range answer.records {
		p, ok := parseCAA(data)
		switch {
		case !ok:
		case p.tag == "issue":
			issuers = append(issuers, p.value)
			allowed = allowed || issues(p.value, dns01, ours)
		case p.critical && !slices.Contains([]string{"issuewild", "iodef", "contactemail", "contactphone", "issuemail"}, p.tag):
			strange = p.tag // nobody may issue who does not know it (RFC 8659 §4.1)
		}
	}
	if strange == "" && (issuers == nil || allowed) {
		return nil
	}
	slices.Sort(issuers) // servers turn record sets around
	records := slices.Sorted(slices.Values(answer.records))
	got := strings.Join(issuers, ", ")
	if strange != "" {
		got = strange
	} else if strings.Trim(got, "; ,") == "" {
		got = ";"
	}
	return []flaw{{
		cause: CAAForbidsIssuer, found: strings.Join(records, "\n"), expected: `0 issue "` + ours[0] + `"`,
		args: map[string]string{"owner": string(answer.owner), "got": got, "ca": ours[0]},
	}}
}

// issues reports whether the value of an issue property lets our certificate
// authority issue for us, by a method we use (RFC 8657). An account is somebody
// else's: we never ask for that parameter.
func issues(value string, dns01 bool, ours []string) bool {
	name, parameters, _ := strings.Cut(value, ";")
	if !slices.ContainsFunc(ours, func(issuer string) bool { return strings.EqualFold(strings.TrimSpace(name), issuer) }) {
		return false
	}
	for parameter := range strings.FieldsFuncSeq(parameters, func(c rune) bool { return c == ';' || c == ' ' || c == '\t' }) {
		tag, value, _ := strings.Cut(parameter, "=")
		switch strings.ToLower(tag) {
		case "accounturi":
			return false
		case "validationmethods":
			methods := strings.Split(strings.ToLower(value), ",")
			if !(dns01 && slices.Contains(methods, "dns-01")) && !slices.Contains(methods, "http-01") {
				return false
			}
		}
	}
	return true
}

// challengePlan is the alias through which certificates are renewed.
type challengePlan struct {
	name     myodai.Name // _acme-challenge and the tracking host
	want     string      // target of the alias
	tracking bool        // the tracking host itself is as planned
	manages  bool        // the DNS host makes certificates of its own
}

// challengeFlaws judges what stands at the name of the challenge: the alias that
// DNS showed, TXT records of the name's own, or nothing. Elsewhere are the names
// above at which our alias was found.
func challengeFlaws(p challengePlan, alias string, texts []string, elsewhere []myodai.Name) []flaw {
	host := strings.TrimPrefix(string(p.name), "_acme-challenge.")
	f := flaw{expected: p.want, args: map[string]string{"click": host}}
	switch {
	case alias == p.want:
		return nil
	case alias != "" && (p.manages || managed(alias)):
		f.cause, f.found = ACMEChallengeProxied, alias
	case alias != "":
		return nil // a wrong target, which is judged with all aliases
	case len(texts) > 0 && p.manages:
		f.cause, f.found = ACMEChallengeProxied, strings.Join(texts, "\n")
	case len(texts) > 0:
		f.cause, f.found = ACMEChallengeTXTLeft, strings.Join(texts, "\n")
	case len(elsewhere) > 0:
		f.cause, f.found = ACMEChallengeWrongLevel, string(elsewhere[0])
		f.args["found"] = string(elsewhere[0])
	default:
		f.cause = ACMEChallengeMissing
		if p.tracking { // HTTP-01 does as well
			f.severity = myodai.SeverityFragile
		}
	}
	return []flaw{f}
}

// managers are where DNS hosts and web hosts delegate challenges of their own.
var managers = []string{
	"dcv.cloudflare.com", "acme.cloudflare.com", "validation.cloudflare.com", "acm-validations.aws", "netlify.com",
	"vercel-dns.com", "myshopify.com", "fastly-validations.com", "authorize.certificatemanager.goog",
}

// managing are the ids of DNS hosts that make certificates for names they serve.
var managing = []string{"cloudflare", "vercel", "netlify", "shopify", "squarespace", "wix", "wordpress-com"}

func managed(alias string) bool {
	return slices.ContainsFunc(managers, func(m string) bool { return myodai.Name(alias).Under(myodai.Name(m)) })
}

// siteFlaws finds a tracking host that is, or by its name must have been, the
// address of the company's web site.
func siteFlaws(host, domain myodai.Name, expected string) []flaw {
	first, _, _ := strings.Cut(string(host), ".")
	if host != domain && host != domain.Registrable() && first != "www" {
		return nil
	}
	return []flaw{{
		cause: TrackingHostUsedForSite, found: string(host), expected: string(domain.Child("click")) + " CNAME " + expected,
		args: map[string]string{"got": string(domain.Child("click"))},
	}}
}
