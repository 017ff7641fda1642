package console

import (
	"maps"
	"slices"

	"github.com/myodai/myodai"
)

func (s *Server) routeAudit() {
	s.add("GET /audit", managers, showAudit)
}

// auditView is the page that says who did what.
type auditView struct {
	Lines []auditLine
	Next  string
}

type auditLine struct {
	At        moment
	Who       string
	Kind      string
	Operator  bool
	Operation string
	Object    string
	Address   string
	Details   []detail
}

// detail is one thing that an entry says beside.
type detail struct{ Name, Value string }

func showAudit(v *visit) error {
	list, next, err := v.o.Store.Audit(v.r.Context(), v.actor.Tenant, myodai.Page{After: v.r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	return v.show("audit", v.say("audit.title"), newAuditView(v.reader, v.actor.Tenant != "", list, next))
}

func newAuditView(r reader, tenant bool, list []myodai.AuditEntry, next string) auditView {
	view := auditView{}
	for _, e := range list {
		line := auditLine{
			At: r.moment(e.At), Who: e.Actor.Name, Kind: r.say("audit.by_" + string(e.Actor.Kind)), Operator: tenant && e.Actor.Operator,
			Operation: r.operationName(e.Operation), Object: e.Object, Address: e.Address,
		}
		if line.Who == "" {
			line.Who = e.Actor.ID
		}
		for _, name := range slices.Sorted(maps.Keys(e.Data)) {
			if e.Data[name] != "" {
				line.Details = append(line.Details, detail{name, e.Data[name]})
			}
		}
		view.Lines = append(view.Lines, line)
	}
	if next != "" {
		view.Next = "/audit?after=" + next
	}
	return view
}

// operationName is an operation for people; those nobody has put into words are
// shown as programs name them.
func (r reader) operationName(operation string) string {
	key := "audit.op_" + operation
	if text := r.say(key); text != key {
		return text
	}
	return operation
}
