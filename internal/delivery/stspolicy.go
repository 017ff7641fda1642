package delivery

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// stsMode is what a domain asks of who sends to it (RFC 8461 §5).
type stsMode string

const (
	stsEnforce stsMode = "enforce" // no mail to hosts that are not as the policy says
	stsTesting stsMode = "testing" // mail goes out all the same
	stsNone    stsMode = "none"    // there is no policy any more
)

// stsPolicy is an MTA-STS policy (RFC 8461 §3.2).
type stsPolicy struct {
	mode   stsMode
	mx     []string // patterns in lower case, "*." for one label at the left
	maxAge time.Duration
}

// The bounds of a policy file. The RFC lets it live for a year at most; ours is
// asked for again before that whenever its id changes.
const (
	maxPolicySize = 64 << 10
	maxPolicyAge  = 31557600 * time.Second
)

// parsePolicyID reads the TXT records at _mta-sts (RFC 8461 §3.1): ok is false
// unless exactly one of them is a policy record with an id.
func parsePolicyID(texts []string) (id string, ok bool) {
	for _, text := range texts {
		fields := strings.Split(text, ";")
		if strings.TrimSpace(fields[0]) != "v=STSv1" {
			continue
		}
		if ok {
			return "", false
		}
		for _, field := range fields[1:] {
			name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
			if strings.TrimSpace(name) == "id" {
				id = strings.TrimSpace(value)
			}
		}
		ok = true
	}
	return id, ok && isPolicyID(id)
}

func isPolicyID(id string) bool {
	return id != "" && len(id) <= 32 && !strings.ContainsFunc(id, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	})
}

// parsePolicy reads a policy file; ok is false for one that is not valid, which
// is as if there were none (RFC 8461 §3.2).
func parsePolicy(body string) (p stsPolicy, ok bool) {
	seen := map[string]bool{}
	for line := range strings.Lines(body) {
		key, value, found := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !found || seen[key] && key != "mx" {
			continue // the first one counts
		}
		seen[key] = true
		switch key {
		case "version":
			ok = value == "STSv1"
		case "mode":
			p.mode = stsMode(value)
		case "mx":
			p.mx = append(p.mx, strings.ToLower(strings.TrimSuffix(value, ".")))
		case "max_age":
			seconds, err := strconv.ParseUint(value, 10, 32)
			if err != nil || len(value) > 10 {
				return p, false
			}
			p.maxAge = min(time.Duration(seconds)*time.Second, maxPolicyAge)
		}
	}
	known := slices.Contains([]stsMode{stsEnforce, stsTesting, stsNone}, p.mode)
	return p, ok && known && seen["max_age"] && (len(p.mx) > 0 || p.mode == stsNone)
}

// allows reports whether the policy names the host (RFC 8461 §4.1).
func (p stsPolicy) allows(host myodai.Name) bool {
	name := strings.ToLower(string(host))
	_, parent, _ := strings.Cut(name, ".")
	return slices.ContainsFunc(p.mx, func(pattern string) bool {
		rest, wild := strings.CutPrefix(pattern, "*.")
		return wild && rest == parent || !wild && pattern == name
	})
}
