package dmarc

import (
	"fmt"
	"strings"

	"github.com/myodai/myodai"
)

// maxAliases bounds how many aliases are followed through what was recorded.
const maxAliases = 8

// Recorded is a Lookup over what a check observed, so that a verdict can be
// derived from it again. Servers of one zone may differ: the first that gives
// an answer counts, the zone's own before public resolvers. Aliases are followed
// from answer to answer: many publish their record as an alias to a service that
// keeps it. What was not asked, or not answered, is an error.
func Recorded(o myodai.Observation) Lookup {
	return func(name myodai.Name) ([]string, bool, error) {
		if s, ok := recorded(o, name, map[myodai.Name]bool{}); ok {
			return s.texts, s.exists, nil
		}
		return nil, false, fmt.Errorf("no server answered for TXT %s", name)
	}
}

// saying is what one answer says of a name.
type saying struct {
	texts  []string
	exists bool
	alias  myodai.Name // where it leads, when the answer did not follow it to its end
}

// recorded finds the answer about a name that counts. No name is looked at twice,
// whatever servers make of their aliases.
func recorded(o myodai.Observation, name myodai.Name, seen map[myodai.Name]bool) (saying, bool) {
	if seen[name] || len(seen) > maxAliases {
		return saying{}, false
	}
	seen[name] = true
	for _, recursive := range []bool{false, true} {
		for i := range o.Answers {
			a := &o.Answers[i]
			if a.Name != name || a.Type != myodai.TypeTXT || a.Recursive != recursive || a.Host != "" {
				continue
			}
			s, ok := answered(a)
			if s.alias != "" {
				s, ok = recorded(o, s.alias, seen)
			}
			if ok {
				return s, true
			}
		}
	}
	return saying{}, false
}

// answered reads one answer.
func answered(a *myodai.Answer) (s saying, ok bool) {
	switch a.Kind() {
	case myodai.AnswerNegative:
		return saying{exists: a.RCode != "NXDOMAIN"}, true
	case myodai.AnswerPositive:
		s.exists = true
		at := a.Name
		for _, rr := range a.Records {
			switch {
			case rr.Type == myodai.TypeTXT:
				s.texts = append(s.texts, rr.Text())
			case rr.Type == myodai.TypeCNAME && rr.Name == at:
				at = myodai.Name(strings.ToLower(strings.TrimSuffix(rr.Data, ".")))
			}
		}
		if s.texts == nil && at != a.Name && a.RCode != "NXDOMAIN" && !a.Recursive {
			s.alias = at
		}
		return s, s.texts != nil || s.alias != "" || a.Recursive || a.RCode == "NXDOMAIN"
	}
	return saying{}, false
}
