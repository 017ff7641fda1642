package console

import (
	"context"
	"errors"
	"net/http"

	"github.com/myodai/myodai"
)

// statusOf is the only place where a refusal becomes an HTTP status.
var statusOf = map[myodai.Code]int{
	myodai.CodeInvalid:      http.StatusUnprocessableEntity,
	myodai.CodeUnauthorized: http.StatusUnauthorized,
	myodai.CodeForbidden:    http.StatusForbidden,
	myodai.CodeNotFound:     http.StatusNotFound,
	myodai.CodeConflict:     http.StatusConflict,
	myodai.CodeTooLarge:     http.StatusRequestEntityTooLarge,
	myodai.CodeLimited:      http.StatusTooManyRequests,
	myodai.CodeUnavailable:  http.StatusServiceUnavailable,
}

// errForeign refuses what another site sent in a reader's name (T68).
var errForeign = myodai.Refuse(myodai.CodeForbidden, "", "this was sent from another site; open the page here and send it again")

// problem is a refusal as a form shows it.
type problem struct {
	Field   string // of the form, "" for all of it
	Message string
}

// at is what is wrong with a field, "" for nothing.
func (p problem) at(field string) string {
	if p.Field == field {
		return p.Message
	}
	return ""
}

// judge takes a refusal apart for a form to show. ok is false for faults, and
// for what no change of the form would mend.
func (r reader) judge(err error) (p problem, status int, ok bool) {
	refusal, ok := errors.AsType[*myodai.Error](err)
	if !ok {
		return problem{}, 0, false
	}
	switch refusal.Code {
	case myodai.CodeInvalid, myodai.CodeConflict, myodai.CodeTooLarge, myodai.CodeLimited, myodai.CodeForbidden:
		return problem{Field: refusal.Field, Message: r.tell(refusal)}, statusOf[refusal.Code], true
	}
	return problem{}, 0, false
}

// errorView is the page that stands in for another one.
type errorView struct {
	Heading string
	Message string
	Request string // id, "" where nobody has to be asked
	Back    string // address to go on from
}

// fail answers with what went wrong. A fault is logged, and the reader learns
// only that there was one.
func (v *visit) fail(err error) {
	if v.begun {
		v.log.Error("page broke off", "request", v.id, "pattern", v.r.Pattern, "tenant", v.actor.Tenant, "err", err)
		return
	}
	if errors.Is(err, context.Canceled) && v.r.Context().Err() != nil {
		return // nobody waits for the answer
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		err = myodai.Refuse(myodai.CodeTooLarge, "", "what was sent is larger than %d octets", tooLarge.Limit)
	}
	status, view := v.newErrorView(err)
	if view.Request != "" {
		v.log.Error("page failed", "request", v.id, "pattern", v.r.Pattern, "tenant", v.actor.Tenant, "err", err)
	}
	if err := v.write(status, "error", view.Heading, view); err != nil {
		v.log.Error("the error page failed", "request", v.id, "err", err)
		http.Error(v.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

func (v *visit) newErrorView(err error) (status int, view errorView) {
	refusal, ok := errors.AsType[*myodai.Error](err)
	if ok {
		status, ok = statusOf[refusal.Code]
	}
	switch {
	case ok:
	case errors.Is(err, myodai.ErrAway), errors.Is(err, myodai.ErrNoSpace):
		return http.StatusServiceUnavailable, errorView{
			Heading: v.say("error.unavailable"), Message: v.say("error.away_text"), Request: v.id, Back: v.r.URL.Path,
		}
	default:
		return http.StatusInternalServerError, errorView{
			Heading: v.say("error.fault"), Message: v.say("error.fault_text"), Request: v.id, Back: "/",
		}
	}
	view = errorView{Heading: v.say("error." + string(refusal.Code)), Message: v.tell(refusal), Back: "/"}
	if refusal.Code == myodai.CodeNotFound {
		view.Message = v.say("error.not_found_text")
	}
	return status, view
}
