package dmarc

import (
	"fmt"

	"github.com/myodai/myodai"
)

// Recorded is a Lookup over what a check observed, so that a verdict can be
// derived from it again. Servers of one zone may differ: the first that gives
// an answer counts, the zone's own before public resolvers. What was not asked,
// or not answered, is an error.
func Recorded(o myodai.Observation) Lookup {
	return func(name myodai.Name) ([]string, bool, error) {
		for _, recursive := range []bool{false, true} {
			for _, a := range o.Answers {
				if a.Name != name || a.Type != myodai.TypeTXT || a.Recursive != recursive || a.Host != "" {
					continue
				}
				if texts, exists, ok := answered(a); ok {
					return texts, exists, nil
				}
			}
		}
		return nil, false, fmt.Errorf("no server answered for TXT %s", name)
	}
}

// answered reads one answer. An alias that was not followed to its end says
// that the name exists, but not what is there.
func answered(a myodai.Answer) (texts []string, exists, ok bool) {
	switch a.Kind() {
	case myodai.AnswerNegative:
		return nil, a.RCode != "NXDOMAIN", true
	case myodai.AnswerPositive:
		for _, rr := range a.Records {
			if rr.Type == myodai.TypeTXT {
				texts = append(texts, rr.Text())
			}
		}
		return texts, true, texts != nil || a.Recursive
	}
	return nil, false, false
}
