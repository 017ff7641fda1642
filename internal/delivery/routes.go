package delivery

import (
	"context"

	"github.com/myodai/myodai"
)

// Routes attempts each job by its own route.
type Routes struct {
	Delivery   *Agent            // our own delivery
	Smarthosts map[string]*Agent // by the names that routes have for them
}

// Attempt is Agent.Attempt of the job's route. A route that is not configured
// anymore is ours to mend, so the job is tried again later.
func (r Routes) Attempt(ctx context.Context, job myodai.Job) []myodai.Outcome {
	name := job.Route.SmarthostName()
	if name == "" {
		return r.Delivery.Attempt(ctx, job)
	}
	if agent := r.Smarthosts[name]; agent != nil {
		return agent.Attempt(ctx, job)
	}
	w := newWork(ctx, job, 0)
	w.fail(*transient("4.4.4", "the route %s is not configured", job.Route))
	return w.finish()
}
