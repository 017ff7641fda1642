package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/myodai/myodai"
)

// deleteView asks once more, and says what will break.
type deleteView struct {
	Name     string
	Path     string
	Breaks   []string
	Leftover []string // records that may be taken out of DNS afterwards
	Confirm  field
}

func askToDelete(v *visit) error { return v.askToDelete(http.StatusOK, problem{}) }

func (v *visit) askToDelete(status int, p problem) error {
	in, err := v.domain()
	if err != nil {
		return err
	}
	senders, _, err := v.o.Store.SenderAddresses(v.r.Context(), v.actor.Tenant, myodai.Page{Limit: myodai.MaxPage})
	if err != nil {
		return err
	}
	return v.write(status, "delete", v.say("delete.title", in.Domain.Name.Unicode()), newDeleteView(v.reader, in, senders, p))
}

func newDeleteView(r reader, in reading, senders []myodai.SenderAddress, p problem) deleteView {
	d := in.Domain
	out := deleteView{
		Name: d.Name.Unicode(), Path: domainPath(d.ID),
		Confirm: field{Name: "confirm", Label: r.say("delete.confirm", d.Name.Unicode()), Code: true, Problem: p.at("confirm")},
	}
	if d.CanSend() {
		out.Breaks = append(out.Breaks, r.say("delete.breaks_sending", d.Name.Unicode()))
	}
	var addresses []string
	for _, s := range senders {
		if s.Address.Domain == d.Name {
			addresses = append(addresses, s.Address.String())
		}
	}
	if len(addresses) > 0 {
		out.Breaks = append(out.Breaks, r.say("delete.breaks_senders", strings.Join(addresses, ", ")))
	}
	out.Breaks = append(out.Breaks, r.say("delete.breaks_keys"), r.say("delete.breaks_bounces"), r.say("delete.breaks_again"))
	for _, item := range in.Plan.Items {
		if item.Purpose == myodai.PurposeDKIM || item.Purpose == myodai.PurposeReturnPath {
			out.Leftover = append(out.Leftover, string(item.Name))
		}
	}
	return out
}

func deleteDomain(v *visit) error {
	in, err := v.domain()
	if err != nil {
		return err
	}
	typed, err := myodai.ParseName(v.r.PostFormValue("confirm"))
	if err != nil || typed != in.Domain.Name {
		refusal := myodai.Refuse(myodai.CodeInvalid, "confirm", "type %s to delete it", in.Domain.Name.Unicode())
		p, status, _ := v.judge(refusal)
		return v.askToDelete(status, p)
	}
	err = v.o.Domains.Delete(v.r.Context(), v.actor.Tenant, in.Domain.ID)
	if refusal, ok := errors.AsType[*myodai.Error](err); ok && refusal.Code == myodai.CodeNotFound {
		err = nil // somebody else was faster
	}
	if err != nil {
		return err
	}
	return v.done("/domains", "delete.done", in.Domain.Name.Unicode())
}
