package diagnose

import (
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// TestCasesAreTold tells every finding of every recorded case: the judgement
// gives all arguments that its sentences need.
func TestCasesAreTold(t *testing.T) {
	for _, name := range folders(t) {
		c := readCase(t, name)
		in := c.input(c.load(t))
		for _, f := range Domain(in) {
			e := textOf[f.Cause]
			for _, lang := range languages {
				context := Context{Lang: lang, Domain: in.Plan.Domain, Location: time.UTC, Item: plannedItem(in.Plan, f)}
				checkText(t, e, lang, Explain(f, context))
				values := argumentsOf(f, e, context).values
				for _, p := range placeholdersIn(e.in(lang).Message + e.in(lang).Title + e.in(lang).Why) {
					if values[p] == "" && f.Primary {
						t.Errorf("%s: %s has nothing for {%s}", name, f.Cause, p)
					}
				}
			}
		}
	}
}

func plannedItem(p plan.Plan, f myodai.Finding) (item plan.Item) {
	for _, i := range p.Items {
		if i.Name == f.Record && i.Purpose == f.Purpose && (item.Name == "" || string(i.Type) == f.Args["type"]) {
			item = i
		}
	}
	return item
}
