package myodai

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ClassName names a class: lower-case letters, digits and hyphens.
type ClassName string

// The classes of the default policy. Platforms have lists of their own.
const (
	ClassTransactional  ClassName = "transactional"
	ClassMarketing      ClassName = "marketing"
	ClassNotification   ClassName = "notification"
	ClassAdministrative ClassName = "administrative"
)

// Class is a kind of mail, with what the platform does differently for it (A1,
// D1).
type Class struct {
	Name        ClassName      `json:"name" pattern:"^[a-z][a-z0-9-]{0,39}$" doc:"As submissions say it."`
	Title       Title          `json:"title,omitzero" doc:"What people call it."`
	Route       Route          `json:"route,omitempty" doc:"Which way its mail leaves: delivery (the default), smarthost:NAME, or normal."`
	Unverified  UnverifiedRule `json:"unverified,omitempty" enum:"refuse,hold,normal,platform" doc:"What becomes of mail whose From is not verified: it is refused (the default), held, sent by the normal path, or sent from the platform's own address."`
	Unsubscribe bool           `json:"unsubscribe,omitempty" doc:"Whether its mail carries one-click unsubscription."`
	Track       Track          `json:"track,omitzero"`
	Life        Span           `json:"life,omitzero" doc:"How long delivery is tried; left out: five days."`
	ReturnPath  ReturnPathRule `json:"return_path,omitempty" enum:"recipient,message" doc:"Whose the return path is: each recipient has one (recipient, the default), or those of a message share one who are at the same domain, and an SMTP transaction with it (message)."`
	Pool        string         `json:"pool,omitempty" maxLength:"40" doc:"The pool of egress sources it leaves from, as the platform operator's shaping names them; left out: the default pool."`
}

// Title is a name in the languages of the platform.
type Title struct {
	EN string `json:"en,omitempty" maxLength:"100"`
	JA string `json:"ja,omitempty" maxLength:"100"`
}

// Track says what is followed of a class's mail.
type Track struct {
	Opens  bool `json:"opens,omitempty"`
	Clicks bool `json:"clicks,omitempty"`
}

// Route is which way a message leaves: "delivery", "normal", or "smarthost:"
// and the name of one.
type Route string

const (
	RouteDelivery Route = "delivery" // to the recipient's servers, by ourselves
	RouteNormal   Route = "normal"   // the way the platform sent its mail before us
)

// NormalRoute is the name of the smarthost that is the normal path.
const NormalRoute = "normal"

// SmarthostName is the name of the smarthost the route leads to, "" for our own
// delivery.
func (r Route) SmarthostName() string {
	if r == RouteNormal {
		return NormalRoute
	}
	name, _ := strings.CutPrefix(string(r), "smarthost:")
	if name == string(r) {
		return ""
	}
	return name
}

// UnverifiedRule says what becomes of mail whose From is not verified (F6).
type UnverifiedRule string

const (
	UnverifiedRefuse   UnverifiedRule = "refuse"   // not accepted
	UnverifiedHold     UnverifiedRule = "hold"     // accepted, and held until the From is verified
	UnverifiedNormal   UnverifiedRule = "normal"   // sent by the normal path, as it is (D2)
	UnverifiedPlatform UnverifiedRule = "platform" // sent from the platform's own address (A9)
)

// ReturnPathRule says whose a return path is.
type ReturnPathRule string

const (
	// ReturnPathRecipient gives each recipient a return path. Whatever comes back
	// says by that alone whom it is about.
	ReturnPathRecipient ReturnPathRule = "recipient"
	// ReturnPathMessage has the recipients of a message at one domain share a return
	// path, and an SMTP transaction. Whom a bounce is about is what it says itself.
	ReturnPathMessage ReturnPathRule = "message"
)

// defaultClasses is the list of the default policy.
func defaultClasses() []Class {
	class := func(name ClassName, en, ja string) Class {
		return Class{Name: name, Title: Title{en, ja}, Route: RouteDelivery, Unverified: UnverifiedRefuse}
	}
	marketing := class(ClassMarketing, "Marketing", "お知らせ・メルマガ")
	marketing.Unsubscribe = true
	return []Class{
		class(ClassTransactional, "Transactional", "取引に関するメール"), marketing,
		class(ClassNotification, "Notification", "通知"), class(ClassAdministrative, "Administrative", "管理者向け"),
	}
}

// Class finds a class by its name; "" is the first there is. Unlike the
// policy's list it says everything: no field is left to a default.
func (p Policy) Class(name ClassName) (Class, error) {
	for i, c := range p.Classes {
		if c.Name == name || name == "" && i == 0 {
			if c.Route == "" {
				c.Route = RouteDelivery
			}
			if c.Unverified == "" {
				c.Unverified = UnverifiedRefuse
			}
			if c.ReturnPath == "" {
				c.ReturnPath = ReturnPathRecipient
			}
			return c, nil
		}
	}
	names := make([]string, 0, len(p.Classes))
	for _, c := range p.Classes {
		names = append(names, string(c.Name))
	}
	return Class{}, Refuse(CodeInvalid, "class", "%q is not a class of mail here; there are %s", name, strings.Join(names, ", "))
}

// checkClasses refuses a list of classes that could not work.
func checkClasses(list []Class, routes []string) error {
	if list != nil && len(list) == 0 {
		return Refuse(CodeInvalid, "classes", "there must be one class at least")
	}
	seen := map[ClassName]bool{}
	for i, c := range list {
		field := func(name string) string { return fmt.Sprintf("classes[%d].%s", i, name) }
		switch {
		case !isClassName(string(c.Name)):
			return Refuse(CodeInvalid, field("name"), "%q is not the name of a class; use 1 to 40 of a-z, 0-9 and hyphen, a letter first", c.Name)
		case seen[c.Name]:
			return Refuse(CodeInvalid, field("name"), "the class %s is listed twice", c.Name)
		case !slices.Contains([]UnverifiedRule{"", UnverifiedRefuse, UnverifiedHold, UnverifiedNormal, UnverifiedPlatform}, c.Unverified):
			return Refuse(CodeInvalid, field("unverified"), "%q is not one of refuse, hold, normal, platform", c.Unverified)
		case !slices.Contains([]ReturnPathRule{"", ReturnPathRecipient, ReturnPathMessage}, c.ReturnPath):
			return Refuse(CodeInvalid, field("return_path"), "%q is not one of recipient, message", c.ReturnPath)
		case c.Pool != "" && !isClassName(c.Pool):
			return Refuse(CodeInvalid, field("pool"), "%q is not the name of a pool; use 1 to 40 of a-z, 0-9 and hyphen, a letter first", c.Pool)
		case c.Life != 0 && (c.Life < minLife || c.Life > maxLife):
			return Refuse(CodeInvalid, field("life"), "delivery is tried for 5 minutes to 14 days")
		}
		if name := c.Route.SmarthostName(); name == "" && c.Route != "" && c.Route != RouteDelivery || name != "" && !slices.Contains(routes, name) {
			return Refuse(CodeInvalid, field("route"), "there is no route %q; there are delivery%s", c.Route, others(routes))
		}
		if c.Unverified == UnverifiedNormal && !slices.Contains(routes, NormalRoute) {
			return Refuse(CodeInvalid, field("unverified"), "there is no normal path; configure the route %q first", NormalRoute)
		}
		seen[c.Name] = true
	}
	return nil
}

// The bounds of Class.Life.
const minLife, maxLife = Span(5 * time.Minute), Span(14 * 24 * time.Hour)

// others lists routes as policies write them, each with a comma before it.
func others(routes []string) string {
	var b strings.Builder
	for _, name := range routes {
		if name == NormalRoute {
			b.WriteString(", " + string(RouteNormal))
		} else {
			b.WriteString(", smarthost:" + name)
		}
	}
	return b.String()
}

func isClassName(s string) bool {
	for i, c := range []byte(s) {
		if lower := c >= 'a' && c <= 'z'; !lower && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 40
}
