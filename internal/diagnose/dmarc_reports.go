package diagnose

import (
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
)

// hostLookup finds the records of one type at a name, aliases followed; known is
// false when DNS did not say.
type hostLookup func(name myodai.Name, t myodai.RecordType) (records []myodai.Record, known bool)

// maxReportHosts bounds how many hosts and addresses of one record are looked
// at. Receivers need not send to more than two.
const maxReportHosts = 10

// reports judges where a record has reports sent.
func (j *policyJudge) reports(text string) []flaw {
	var flaws []flaw
	if f, ok := j.withoutScheme(text); ok {
		flaws = append(flaws, f)
	}
	judged := map[myodai.Name]bool{}
	for _, host := range j.plannedHosts() {
		judged[host] = true // ours to make work, not the tenant's
	}
	r := j.found.Record
	for _, uri := range append(append([]dmarc.URI(nil), r.Aggregate...), r.Failure...) {
		address, ok := uri.Address()
		if !ok || judged[address.Domain] {
			continue
		}
		if len(judged) == maxReportHosts {
			break
		}
		judged[address.Domain] = true
		if allowed, err := j.tree.ReportAuthorized(j.found.At, uri); err == nil && !allowed {
			f := j.flaw(DMARCRUAExternalUnauthorized, text, "rhost", string(address.Domain), "addr", address.String(),
				"want", string(dmarc.ReportName(j.found.At, address.Domain)))
			f.expected = j.reportingTo(text, uri)
			flaws = append(flaws, f)
			continue
		}
		if j.undeliverable(address.Domain) {
			f := j.flaw(DMARCRUAUndeliverable, text, "addr", address.String(), "rhost", string(address.Domain))
			f.expected = j.reportingTo(text, uri)
			flaws = append(flaws, f)
		}
	}
	return flaws
}

// reportingTo is the record with an address that does work in place of uri:
// the planned one.
func (j *policyJudge) reportingTo(text string, uri dmarc.URI) string {
	r, _, err := dmarc.Parse(j.want)
	if err != nil || len(r.Aggregate) == 0 {
		return ""
	}
	return strings.Replace(text, string(uri), string(r.Aggregate[0]), 1)
}

// plannedHosts are the hosts of the report addresses we ask for.
func (j *policyJudge) plannedHosts() []myodai.Name {
	r, _, err := dmarc.Parse(j.want)
	if err != nil {
		return nil
	}
	var hosts []myodai.Name
	for _, uri := range r.Aggregate {
		if address, ok := uri.Address(); ok && !address.Domain.Under(j.domain) {
			hosts = append(hosts, address.Domain)
		}
	}
	return hosts
}

// withoutScheme finds report addresses that are no URIs: without "mailto:", with
// a space in it, or behind a semicolon of their own.
func (j *policyJudge) withoutScheme(text string) (flaw, bool) {
	var got []string
	fixed := text
	for _, p := range j.problems(dmarc.ProblemBadURI, dmarc.ProblemNotTag) {
		if p.Kind == dmarc.ProblemNotTag && !strings.HasPrefix(strings.ToLower(p.Value), "mailto:") {
			continue
		}
		if len(got) == maxReportHosts {
			break
		}
		got = append(got, p.Value)
		address := p.Value
		if at := strings.LastIndexAny(address, ": \t"); at >= 0 {
			address = address[at+1:]
		}
		if _, err := myodai.ParseAddress(address); err == nil {
			fixed = strings.Replace(fixed, p.Value, "mailto:"+address, 1)
		}
		if p.Kind == dmarc.ProblemNotTag { // URIs are separated by commas
			at := strings.Index(fixed, p.Value)
			fixed = strings.TrimRight(fixed[:max(at, 0)], "; \t") + "," + fixed[max(at, 0):]
		}
	}
	if got == nil {
		return flaw{}, false
	}
	f := j.flaw(DMARCRUANoMailto, text, "got", strings.Join(got, ", "))
	if f.expected = fixed; fixed == text {
		f.expected = j.want
	}
	return f, true
}

// undeliverable reports whether mail to the host is certain to fail: it has
// neither MX nor address, or says that it takes no mail (RFC 7505).
func (j *policyJudge) undeliverable(host myodai.Name) bool {
	mx, known := j.hosts(host, myodai.TypeMX)
	if !known {
		return false
	}
	if len(mx) > 0 {
		return len(mx) == 1 && mxHost(mx[0].Data) == ""
	}
	for _, t := range []myodai.RecordType{myodai.TypeA, myodai.TypeAAAA} {
		if found, known := j.hosts(host, t); !known || len(found) > 0 {
			return false
		}
	}
	return true
}

// mxHost is the host in the data of an MX record; "" for a null MX.
func mxHost(data string) string {
	_, host, _ := strings.Cut(data, " ")
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(host), "."))
}
