package diagnose

import (
	"slices"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// maxWondered bounds what one round of judging contents may want to know, and
// maxOneServer what is asked of single servers before that ends: a record may
// lead to others without end.
const (
	maxWondered  = 60
	maxOneServer = 150
)

// wonder lists what the judgements of contents would look at and nobody asked
// yet: what an SPF record leads to, who may receive reports, who may issue
// certificates. They are run for it, on what is known so far.
func (v *view) wonder() []myodai.Question {
	if len(v.in.Observation.Answers) == 0 {
		return nil // there are no contents yet
	}
	asked := 0
	for _, a := range v.in.Observation.Answers {
		if a.OneServer {
			asked++
		}
	}
	if asked > maxOneServer {
		return nil
	}
	var missed []key
	v.missed = &missed
	defer func() { v.missed = nil }()
	for i, item := range v.plan.Items {
		if item.Purpose == myodai.PurposeSPF || item.Purpose == myodai.PurposeDMARC ||
			item.Purpose == myodai.PurposeReturnPath && (item.Type == myodai.TypeTXT || v.checks[i].Status != myodai.StatusAsPlanned) {
			v.content(item)
		}
	}
	v.senderFlaws()
	var list []myodai.Question
	seen := map[key]bool{}
	for _, k := range missed {
		if seen[k] || v.plannedQuestion(k) || len(list) == maxWondered {
			continue
		}
		seen[k] = true
		every := k.t == myodai.TypeCAA || k.name == v.plan.Domain
		list = append(list, myodai.Question{Name: k.name, Type: k.t, OneServer: !every})
	}
	return list
}

// plannedQuestion reports whether a question belongs to the plan itself, which
// is asked of every server anyway.
func (v *view) plannedQuestion(k key) bool {
	return k.t == myodai.TypeTXT && slices.ContainsFunc(v.plan.Items, func(item plan.Item) bool { return item.Name == k.name })
}
