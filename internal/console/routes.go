package console

import "net/http"

// audience is who may see a page.
type audience string

const (
	everyone       audience = "everyone"       // no sign-in
	people         audience = "people"         // whoever is signed in, with or without a second factor
	members        audience = "members"        // of a tenant, whatever their role
	administrators audience = "administrators" // of a tenant: owners too (E1)
	managers       audience = "managers"       // who say who belongs to them: administrators, and operators among themselves
	owners         audience = "owners"         // who say how all of them sign in: owners, and operators among themselves
	operators      audience = "operators"      // of the platform
)

// route is one way to a page, or to something that is done.
type route struct {
	pattern string // "GET /domains", as http.ServeMux has it
	who     audience
	handle  func(*visit) error
}

// route lists every page. Each file of a page adds its own.
func (s *Server) route() {
	s.mux.Handle("GET /assets/{name}", s.assets)
	s.add("GET /{$}", everyone, home)
	s.add("GET /design", everyone, showDesign)
	s.routeDomains()
	s.routeMessages()
	s.routeClicks()
	s.routeOverview()
	if s.o.Webhooks != nil {
		s.routeWebhooks()
	}
	if s.o.Senders != nil {
		s.routeQuestion()
		s.routeSenders()
		s.routeRoutes()
	}
	if s.o.Tracking != nil {
		s.routeTracking()
	}
	if s.o.Hygiene != nil {
		s.routeListAudits()
	}
	s.routeHandover()
	s.routeShare()
	s.routeConnect()
	if s.o.Access != nil {
		s.routeSignIn()
		s.routeJoin()
		s.routeReset()
		s.routeAccount()
		s.routeSecrets()
		s.routeMembers()
		s.routeCredentials()
		s.routeSuppressions()
		s.routeAudit()
		s.routeRules()
		s.routeOperator()
	}
}

// add routes requests to handle.
func (s *Server) add(pattern string, who audience, handle func(*visit) error) {
	s.routes = append(s.routes, route{pattern, who, handle})
	s.has[pattern] = true
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		s.visit(w, r, who, handle)
	})
}

// Routes lists every route as "METHOD /path", with who may use it, for those who
// look at every page.
func (s *Server) Routes() map[string]string {
	list := map[string]string{}
	for _, r := range s.routes {
		list[r.pattern] = string(r.who)
	}
	return list
}

// home is where somebody begins who just came.
func home(v *visit) error {
	switch {
	case v.actor.Operator && v.actor.Tenant == "":
		return v.to(operatorPath)
	case v.actor.signedIn():
		return v.to("/domains")
	}
	return v.to(signInPath)
}

// signInPath is where people who are not signed in are sent.
const signInPath = "/sign-in"
