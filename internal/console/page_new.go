package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains"
)

// newView is the first step of the set-up: which domain, and which address mail
// comes from (A13).
type newView struct {
	Steps   []step
	Name    field
	From    field
	Problem string // with the form as a whole
}

// newForm is what was typed into it.
type newForm struct{ Name, From string }

// step is one of the three steps of the set-up.
type step struct {
	Number  int
	Label   string
	Path    string // "" where one cannot go yet
	Current bool
	Done    bool
}

// stepsOf lists the steps for a domain, which is "" before there is one.
func (r reader) stepsOf(id myodai.DomainID, current int, verified bool) []step {
	list := []step{
		{Number: 1, Label: r.say("steps.domain"), Done: id != ""},
		{Number: 2, Label: r.say("steps.records"), Done: current > 2 || verified},
		{Number: 3, Label: r.say("steps.check"), Done: verified},
	}
	if id != "" {
		list[1].Path, list[2].Path = domainPath(id)+"/records", domainPath(id)+"/check"
	}
	list[current-1].Current = true
	return list
}

func newDomain(v *visit) error {
	f := newForm{Name: v.r.URL.Query().Get("name")}
	return v.show("new", v.say("new.title"), newNewView(v.reader, f, problem{}, hintView{}))
}

func newNewView(r reader, f newForm, p problem, hint hintView) newView {
	out := newView{
		Steps: r.stepsOf("", 1, false),
		Name: field{
			Name: "name", Label: r.say("new.name"), Hint: r.say("new.name_hint"), Value: f.Name, Code: true, Mode: "url",
			Problem: p.at("name"), Watch: "/domains/hint", Hints: hint,
		},
		From: field{
			Name: "from", Label: r.say("new.from"), Hint: r.say("new.from_hint"), Value: f.From, Code: true, Mode: "email",
			Optional: true, Problem: p.at("from"),
		},
	}
	if p.Field != "name" && p.Field != "from" {
		out.Problem = p.Message
	}
	return out
}

// firstLook is how long a new domain's page waits for a first check, so that it
// shows the records as the recognized DNS host wants them.
const firstLook = 5 * time.Second

func registerDomain(v *visit) error {
	f := newForm{Name: strings.TrimSpace(v.r.PostFormValue("name")), From: strings.TrimSpace(v.r.PostFormValue("from"))}
	if v.r.PostFormValue("only") == "hint" {
		return v.show("new", v.say("new.title"), newNewView(v.reader, f, problem{}, v.hint(f.Name)))
	}
	typed := f.Name
	if _, domain, found := strings.Cut(typed, "@"); found { // a whole address says both
		if f.From == "" {
			f.From = typed
		}
		typed = domain
	}
	d, err := v.o.Domains.Register(v.r.Context(), v.actor.Tenant, domains.Registration{Name: typed, DefaultFrom: f.From})
	if p, status, ok := v.judge(err); ok {
		return v.write(status, "new", v.say("new.title"), newNewView(v.reader, f, p, hintView{}))
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), firstLook)
	defer cancel()
	if _, err := v.o.Domains.CheckNow(ctx, v.actor.Tenant, d.ID, nil); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		// The schedule looks again in a moment.
		v.log.WarnContext(ctx, "first check", "request", v.id, "domain", d.ID, "err", err)
	}
	if in, err := v.read(v.r.Context(), v.actor.Tenant, d.ID); err == nil {
		v.o.Handover.Discover(ctx, in.Zone()) // so that the next page knows
	}
	return v.to(domainPath(d.ID) + "/records")
}

func hintDomain(v *visit) error {
	v.w.Header().Set("Cache-Control", "private, max-age=60")
	return v.part(http.StatusOK, "new", "hint", v.hint(v.r.URL.Query().Get("value")))
}
