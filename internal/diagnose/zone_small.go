package diagnose

import (
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// regional finds a server that gave another answer to somebody elsewhere.
func (v *view) regional() (flaw, bool) {
	for _, o := range v.in.Known.Elsewhere {
		there := newView(Input{Plan: v.plan, Observation: o})
		for _, item := range v.plan.Items {
			for _, t := range []myodai.RecordType{myodai.TypeTXT, myodai.TypeCNAME, myodai.TypeMX, myodai.TypeA} {
				for _, a := range v.replies(item.Name, t) {
					for _, b := range there.replies(item.Name, t) {
						known := a.Kind() != myodai.AnswerUnknown && b.Kind() != myodai.AnswerUnknown
						if a.Address == b.Address && known && words(a) != words(b) {
							return flaw{cause: AnswersDifferByRegion, found: words(a) + "\n" + words(b), args: map[string]string{"name": string(item.Name)}}, true
						}
					}
				}
			}
		}
	}
	return flaw{}, false
}

// noTCP finds servers that answer over UDP and cannot be reached over TCP, which
// long answers need (RFC 7766 §5).
func (v *view) noTCP() (flaw, bool) {
	var servers []string
	for _, a := range v.in.Observation.Answers {
		if a.Recursive || a.Host != "" || a.Transport != myodai.TransportTCP || a.Err == "" || !a.Name.Under(v.zone) || v.outOfTime() {
			continue
		}
		over := func(b myodai.Answer) bool {
			return b.Address == a.Address && b.Transport == myodai.TransportTCP && b.Err == "" && !b.Recursive
		}
		alive := func(b myodai.Answer) bool {
			return b.Address == a.Address && b.Transport == myodai.TransportUDP && b.Err == ""
		}
		name := a.Server
		if name == "" {
			name = a.Address
		}
		all := v.in.Observation.Answers
		if slices.ContainsFunc(all, alive) && !slices.ContainsFunc(all, over) && !slices.Contains(servers, name) {
			servers = append(servers, name)
		}
	}
	if len(servers) == 0 {
		return flaw{}, false
	}
	slices.Sort(servers)
	return flaw{cause: TCPFallbackBlocked, found: strings.Join(servers, "\n"), args: map[string]string{"srv": strings.Join(servers, ", ")}}, true
}

// missingParent finds a name that is said not to exist although a planned record
// stands below it (RFC 8020).
func (v *view) missingParent() (flaw, bool) {
	for _, item := range v.plan.Items {
		parent := item.Name.Parent()
		if len(v.own(item.Name)) == 0 || parent == v.plan.Domain || !parent.Under(v.zone) {
			continue
		}
		for _, a := range v.replies(parent, myodai.TypeTXT) {
			if a.Kind() == myodai.AnswerNegative && a.RCode == "NXDOMAIN" {
				server := a.Server
				if server == "" {
					server = a.Address
				}
				return flaw{cause: ENTNXDOMAIN, found: string(parent) + ": NXDOMAIN", args: map[string]string{"srv": server, "parent": string(parent)}}, true
			}
		}
	}
	return flaw{}, false
}

// longTTL finds planned records that caches keep for longer than a day, and,
// while records are still to be entered, a zone whose "not there" is kept for
// longer than an hour.
func (v *view) longTTL() (flaw, bool) {
	for i, item := range v.plan.Items {
		if v.checks[i].Status == myodai.StatusMissing {
			if s, ok := soaOf(v.in.Observation, v.zone); ok && s.negative() > time.Hour {
				return ttlFlaw(string(v.zone)+" SOA", s.negative(), "negative"), true
			}
		}
		for _, rr := range v.own(item.Name) {
			if item.Value != "" && rr.TTL > 86400 && item.Name != v.zone {
				return ttlFlaw(string(rr.Name)+" "+string(rr.Type), seconds(rr.TTL), "record"), true
			}
		}
	}
	return flaw{}, false
}

func ttlFlaw(what string, ttl time.Duration, kind string) flaw {
	return flaw{cause: TTLTooLong, found: what + " TTL " + decimal(int(ttl/time.Second)), args: map[string]string{"ttl": ttl.String(), "what": kind}}
}

// upperCase finds that what the tenant sees is as planned but for capital
// letters, which mean nothing in names (RFC 1035 §2.3.3).
func (v *view) upperCase() (flaw, bool) {
	for _, rr := range v.in.Observation.TenantSees {
		for _, item := range v.plan.Items {
			same := strings.EqualFold(string(rr.Name), string(item.Name)) && rr.Type == item.Type && rr.Type == myodai.TypeCNAME &&
				strings.EqualFold(strings.TrimSuffix(rr.Data, "."), item.Value)
			if same && (string(rr.Name) != string(item.Name) || rr.Data != item.Value) && strings.ToLower(rr.Data) != rr.Data {
				return flaw{cause: NameUppercaseHarmless, found: string(rr.Name) + " " + string(rr.Type) + " " + rr.Data}, true
			}
		}
	}
	return flaw{}, false
}
