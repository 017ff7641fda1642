package diagnose

import (
	"slices"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// Case is one check under way. It gives what the functions Questions and Domain
// give, and keeps what it has looked at: where the next input is the same but for
// answers that came since, only these are looked at. The zero value has seen
// nothing. It is not for concurrent use.
type Case struct{ v *view }

// look is the view of the input.
func (c *Case) look(in Input) *view {
	switch {
	case c.v == nil || !c.v.goesOn(in):
		c.v = newView(in)
	case len(in.Observation.Answers) > len(c.v.in.Observation.Answers) || len(in.Observation.Zones) > len(c.v.in.Observation.Zones):
		c.v.look(in)
	default:
		c.v.in = in
		c.v.delegated() // what is out of reach may have changed
	}
	return c.v
}

// goesOn reports whether the input begins with what is known already.
func (v *view) goesOn(in Input) bool {
	before, now := v.in.Observation, in.Observation
	return v.in.Known.PlatformZone == in.Known.PlatformZone && samePlan(v.plan, in.Plan) &&
		len(before.Answers) <= len(now.Answers) && len(before.Zones) <= len(now.Zones) &&
		slices.EqualFunc(before.Answers, now.Answers[:len(before.Answers)], sameAnswer)
}

func samePlan(a, b plan.Plan) bool {
	return a.Domain == b.Domain && slices.EqualFunc(a.Items, b.Items, func(a, b plan.Item) bool {
		return a.Purpose == b.Purpose && a.Selector == b.Selector && a.Name == b.Name && a.Type == b.Type && a.Value == b.Value &&
			a.Required == b.Required && slices.Equal(a.Alternatives, b.Alternatives)
	})
}

// sameAnswer reports whether two answers are one: a server answers a question
// once over each transport at one moment.
func sameAnswer(a, b myodai.Answer) bool {
	return a.Question == b.Question && a.Address == b.Address && a.Transport == b.Transport && a.At.Equal(b.At) &&
		a.RCode == b.RCode && len(a.Records) == len(b.Records)
}

// Questions is the function of the same name.
func (c *Case) Questions(in Input) []myodai.Question { return c.look(in).questions() }

// Records is plan.Compare.
func (c *Case) Records(in Input) []myodai.RecordCheck { return slices.Clone(c.look(in).checks) }

// Domain is the function of the same name.
func (c *Case) Domain(in Input) []myodai.Finding { return c.look(in).judge() }
