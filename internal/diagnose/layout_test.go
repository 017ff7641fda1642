package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// host is the full name of a server.
func host(s string) string {
	if !strings.Contains(s, ".") {
		return s + ".host.example"
	}
	return s
}

// home is the zone the planned records are published in: the deepest, and the
// first of its name.
func (w *dnsWorld) home(domain myodai.Name) int {
	best := -1
	for i, z := range w.zones {
		origin := myodai.Name(z.origin)
		if domain.Under(origin) && (best < 0 || origin.Labels() > myodai.Name(w.zones[best].origin).Labels()) {
			best = i
		}
	}
	return best
}

// namesOf lists the servers of a zone by its parent: of all that have it, unless
// the case says otherwise.
func (w *dnsWorld) namesOf(z zoneText) []string {
	if to, ok := w.delegated[z.origin]; ok {
		return to
	}
	var names []string
	for _, other := range w.zones {
		if other.origin == z.origin && other.held == z.held {
			names = append(names, other.servers...)
		}
	}
	return names
}

// published are the planned records, without those that are missing.
func (w *dnsWorld) published(p plan.Plan) []string {
	var list []string
	for _, item := range p.Items {
		label := strings.Trim(firstLabel(item.Name), "_")
		if item.Value == "" || slices.Contains(w.missing, "*") || slices.Contains(w.missing, label) || slices.Contains(w.missing, label+"/"+string(item.Type)) {
			continue
		}
		value := item.Value
		switch {
		case item.Purpose == myodai.PurposeSPF:
			value = `"v=spf1 ` + value + ` ~all"`
		case item.Type == myodai.TypeTXT:
			value = `"` + value + `"`
		default:
			value += "."
		}
		list = append(list, fmt.Sprintf("%s. %s %s", item.Name, item.Type, value))
	}
	return list
}

var (
	keyPart    = regexp.MustCompile(`\{key([12])(?::(\d*):(\d*))?\}`)
	longString = regexp.MustCompile(`"[^"\\]{256,}"`)
	apexNS     = regexp.MustCompile(`(?m)^(@|ORIGIN\.)\s+(\d+\s+)?(IN\s+)?NS\s`)
)

// expand fills in keys and cuts strings that are too long for the wire.
func expand(line string) string {
	line = keyPart.ReplaceAllStringFunc(line, func(s string) string {
		m := keyPart.FindStringSubmatch(s)
		key := planned
		if m[1] == "2" {
			key = other
		}
		from, to := 0, len(key)
		if m[2] != "" {
			from, _ = strconv.Atoi(m[2])
		}
		if m[3] != "" {
			to, _ = strconv.Atoi(m[3])
		}
		return key[from:min(to, len(key))]
	})
	return longString.ReplaceAllStringFunc(line, func(s string) string {
		s = strings.Trim(s, `"`)
		var parts []string
		for len(s) > 255 {
			parts, s = append(parts, s[:255]), s[255:]
		}
		return `"` + strings.Join(append(parts, s), `" "`) + `"`
	})
}

// space lays the world out: what each address serves.
func (w *dnsWorld) space(p plan.Plan) map[string]dnstest.Zones {
	servers := map[string]dnstest.Zones{rootIP: {}, platformIP: {}, recursiveIP: {}}
	root := []string{". NS a.root.example.", "a.root.example. A " + rootIP, "example. NS a.root.example."}
	above := []string{"@ NS a.root", "a.root A " + rootIP}
	for name, ip := range w.hosts {
		line := name + ". A " + ip
		if strings.HasSuffix(name, ".example") {
			above = append(above, line)
		} else {
			root = append(root, line)
		}
		if servers[ip] == nil {
			servers[ip] = dnstest.Zones{}
		}
	}
	named := map[string]bool{}
	for i, z := range w.zones {
		text := strings.Join(z.lines, "\n")
		if i == w.home(p.Domain) {
			text = strings.Join(w.published(p), "\n") + "\n" + text
		}
		names := w.namesOf(z)
		own := regexp.MustCompile(strings.ReplaceAll(apexNS.String(), "ORIGIN", regexp.QuoteMeta(z.origin))).MatchString(text)
		for _, s := range names {
			if !own {
				text += "\n@ NS " + host(s) + "."
			}
			line := z.origin + ". NS " + host(s) + "."
			switch {
			case z.held || strings.Count(z.origin, ".") != 1 && !strings.HasPrefix(z.origin, "\\") || named[line]:
			case strings.HasSuffix(z.origin, ".example"):
				above = append(above, line)
			default:
				root = append(root, line)
			}
			named[line] = true
		}
		named[z.origin] = true
		for _, s := range z.servers {
			servers[w.hosts[host(s)]][z.origin+"."] = expandAll(text)
		}
	}
	if !named["plat.example"] {
		above = append(above, "plat NS ns.plat", "ns.plat A "+platformIP)
		servers[platformIP]["plat.example."] = expandAll(platform)
	}
	servers[rootIP]["."] = strings.Join(root, "\n")
	servers[rootIP]["example."] = strings.Join(append(above, w.above...), "\n")
	if len(w.recursive) > 0 {
		servers[recursiveIP][string(p.Domain.Registrable())+"."] = expandAll(strings.Join(w.recursive, "\n"))
	}
	return servers
}

func expandAll(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, expand(line))
	}
	return strings.Join(lines, "\n")
}

// platform is our own zone.
const platform = `@ NS ns
ns A 127.0.0.9
@ MX 10 mx
mx A 203.0.113.5
s1.k7f3.dkim TXT "v=DKIM1; k=rsa; p={key1}"
s2.k7f3.dkim TXT "v=DKIM1; k=rsa; p={key2}"
s1.p0q1.dkim TXT "v=DKIM1; k=rsa; p={key2}"
rp.k7f3 MX 10 mx
rp.k7f3 A 203.0.113.5
rp.k7f3 TXT "v=spf1 ip4:203.0.113.5 -all"
feedback MX 10 mx
feedback A 203.0.113.5
t.k7f3 A 203.0.113.10
_spf TXT "v=spf1 ip4:203.0.113.0/24 ~all"
s1-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim TXT "v=DKIM1; k=rsa; p={key1}"
s2-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim TXT "v=DKIM1; k=rsa; p={key2}"
k7f3q9x2abcdefghijklmnopqr.rp MX 10 mx
dmarc MX 10 mx
*._report._dmarc.dmarc TXT "v=DMARC1"`
