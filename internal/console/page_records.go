package console

import (
	"net/url"

	"github.com/myodai/myodai"
)

// recordsView is the second step of the set-up: what to enter, in the form of
// the DNS host's panel (A16, A20, B8, E14).
type recordsView struct {
	Steps   []step
	Domain  string
	Path    string // of the domain
	Board   board
	Form    form
	Swap    string // address of this page in the panel's other form
	AllDone bool
}

func showRecords(v *visit) error {
	in, err := v.domain()
	if err != nil {
		return err
	}
	view := newRecordsView(v.reader, in, v.form())
	if v.offers(in, view.Board.Host) {
		view.Board.Host.Offer = view.Path + "/connect"
	}
	return v.show("records", v.say("records.title", in.Domain.Name.Unicode()), view)
}

// form reads how the reader wants records shown.
func (v *visit) form() form {
	q := v.r.URL.Query()
	return form{Host: q.Get("host"), Other: q.Get("form") == "other"}
}

// query writes a form as it stands in addresses, with the question mark.
func (f form) query() string {
	q := url.Values{}
	if f.Host != "" {
		q.Set("host", f.Host)
	}
	if f.Other {
		q.Set("form", "other")
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func newRecordsView(r reader, in reading, f form) recordsView {
	b := newBoard(r, in, f)
	swapped := form{Host: f.Host, Other: !f.Other}
	return recordsView{
		Steps: r.stepsOf(in.Domain.ID, 2, in.Domain.State == myodai.DomainVerified), Domain: in.Domain.Name.Unicode(),
		Path: domainPath(in.Domain.ID), Board: b, Form: f, Swap: domainPath(in.Domain.ID) + "/records" + swapped.query(),
		AllDone: b.All > 0 && b.Done == b.All,
	}
}

// reshapeDomain switches the form of one record, or of all (F1, B16).
func reshapeDomain(v *visit) error {
	id, err := v.domainID()
	if err != nil {
		return err
	}
	owner, shape := v.r.PostFormValue("record"), v.r.PostFormValue("shape")
	if _, err := v.o.Domains.Reshape(v.r.Context(), v.actor.Tenant, id, owner, shape); err != nil {
		return err
	}
	return v.done(v.sentFrom(id, "/records"), "records.reshaped")
}

// sentFrom is the page of the domain that a form was sent from, or the one given.
func (v *visit) sentFrom(id myodai.DomainID, page string) string {
	switch from := v.r.PostFormValue("from"); from {
	case "records", "check":
		return domainPath(id) + "/" + from
	case "domain":
		return domainPath(id)
	}
	return domainPath(id) + page
}
