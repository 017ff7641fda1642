package console

import (
	"net/http"

	"github.com/myodai/myodai"
)

// routeRoutes is where a tenant sees which way its mail goes. Only the operator
// sets that (D3).
func (s *Server) routeRoutes() { s.add("GET /routes", members, showRoutes) }

// routesView is the classes of mail, the sender list, and which way one From
// would go.
type routesView struct {
	Classes []classLine
	Senders []string // nil: whatever is verified
	Listed  bool     // there is a list, maybe an empty one
	Fields  []field
	Answer  string
	Lacking bool
}

type classLine struct {
	Name, Title, Route, Unverified string
}

func showRoutes(v *visit) error {
	p, err := v.o.Store.Policy(v.r.Context(), v.actor.Tenant)
	if err != nil {
		return err
	}
	from, class := v.r.URL.Query().Get("from"), myodai.ClassName(v.r.URL.Query().Get("class"))
	view := newRoutesView(v.reader, p, from, class)
	status := http.StatusOK
	if from != "" {
		if status, err = v.explain(&view, from, class); err != nil {
			return err
		}
	}
	return v.write(status, "routes", v.say("routes.title"), view)
}

// explain says which way mail from an address would go.
func (v *visit) explain(view *routesView, typed string, class myodai.ClassName) (status int, err error) {
	from, err := myodai.ParseAddress(typed)
	if err == nil {
		c, way, wrong := v.o.Submission.Explain(v.r.Context(), v.actor.Tenant, class, from)
		if err = wrong; err == nil {
			en, ja := way.Text(c, from)
			if view.Answer = en; v.lang == Japanese {
				view.Answer = ja
			}
			view.Lacking = way.Lacking != ""
			return http.StatusOK, nil
		}
	}
	p, status, ok := v.judge(err)
	if !ok {
		return 0, err
	}
	view.Fields[0].Problem = p.Message
	return status, nil
}

func newRoutesView(r reader, p myodai.Policy, from string, class myodai.ClassName) routesView {
	view := routesView{Listed: p.Senders != nil}
	choice := field{Name: "class", Label: r.say("routes.class"), Type: "select"}
	for _, c := range p.Classes {
		c, err := p.Class(c.Name)
		if err != nil {
			continue // it is in the list
		}
		title := c.Title.EN
		if r.lang == Japanese {
			title = c.Title.JA
		}
		if title == "" {
			title = string(c.Name)
		}
		view.Classes = append(view.Classes, classLine{string(c.Name), title, r.routeName(c.Route), r.say("routes.rule_" + string(c.Unverified))})
		choice.Options = append(choice.Options, option{string(c.Name), title, c.Name == class})
	}
	if p.Senders != nil {
		for _, n := range p.Senders.Domains {
			view.Senders = append(view.Senders, n.Unicode())
		}
		for _, a := range p.Senders.Addresses {
			view.Senders = append(view.Senders, a.String())
		}
	}
	view.Fields = []field{{Name: "from", Label: r.say("routes.from"), Value: from, Type: "email", Code: true}, choice}
	return view
}

// routeName is a route as people read it.
func (r reader) routeName(route myodai.Route) string {
	switch name := route.SmarthostName(); {
	case route == myodai.RouteNormal:
		return r.say("routes.normal")
	case name != "":
		return r.say("routes.smarthost", name)
	}
	return r.say("routes.delivery")
}
