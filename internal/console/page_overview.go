package console

func (s *Server) routeOverview() { s.add("GET /overview", members, showOverview) }

// overviewView is how a tenant's mail is doing.
type overviewView struct {
	Chart chart
	Queue queueView
}

func showOverview(v *visit) error {
	picture, err := v.chart(v.actor.Tenant, "/overview")
	if err != nil {
		return err
	}
	lines, err := v.o.Store.Queue(v.r.Context(), v.actor.Tenant, v.now)
	if err != nil {
		return err
	}
	return v.show("overview", v.say("overview.title"), overviewView{picture, newQueueView(v.reader, lines)})
}
