package console

import (
	"context"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains"
)

// checkView is the third step of the set-up: every record turns green as soon
// as it is right (A18, A19, B9, B17, E20).
type checkView struct {
	Steps  []step
	Domain string
	Path   string
	Live   string // address of the stream
	Board  board
	Status statusView
}

// statusView says in a few words how far it is.
type statusView struct {
	Verified bool
	Done     int
	All      int
	Share    int
	Checked  moment
	Primary  *findingView
	Path     string
	From     string // default From address, "" for none
	AtRisk   bool
}

// refresh makes a browser without script look again.
func (c checkView) refresh() int {
	if c.Status.Verified {
		return 0
	}
	return 10
}

func showCheck(v *visit) error {
	in, err := v.domain()
	if err != nil {
		return err
	}
	return v.show("check", v.say("check.title", in.Domain.Name.Unicode()), newCheckView(v.reader, in))
}

func newCheckView(r reader, in reading) checkView {
	verified := in.Domain.State == myodai.DomainVerified
	b := newBoard(r, in, form{})
	return checkView{
		Steps: r.stepsOf(in.Domain.ID, 3, verified), Domain: in.Domain.Name.Unicode(), Path: domainPath(in.Domain.ID),
		Live: domainPath(in.Domain.ID) + "/live", Board: b, Status: newStatusView(in, b),
	}
}

func newStatusView(in reading, b board) statusView {
	return statusView{
		Verified: in.Domain.State == myodai.DomainVerified, AtRisk: in.Domain.State == myodai.DomainAtRisk,
		Done: b.Done, All: b.All, Share: b.Share,
		Checked: b.Checked, Primary: b.Primary, Path: domainPath(in.Domain.ID), From: in.Domain.DefaultFrom,
	}
}

// checkDomain looks at once.
func checkDomain(v *visit) error {
	in, err := v.domain()
	if err != nil {
		return err
	}
	if err := v.checkNow(v.r.Context(), in); err != nil {
		return err
	}
	return v.to(v.sentFrom(in.Domain.ID, "/check"))
}

// checkNow asks DNS about a domain unless that was just done.
func (v *visit) checkNow(ctx context.Context, in reading) error {
	if in.current() && v.now.Sub(in.Last.At) < v.o.Pause {
		return nil
	}
	_, err := v.o.Domains.CheckSaid(ctx, in.Domain.TenantID, in.Domain.ID, domains.Said{Entered: true}, nil)
	return err
}
