package console

import (
	"net/http"
	"net/url"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func (s *Server) routeSuppressions() {
	s.add("GET /suppressions", members, listSuppressions)
	s.add("POST /suppressions", administrators, addSuppression)
	s.add("POST /suppressions/{suppression}/restore", administrators, restoreSuppression)
	s.add("POST /suppressions/{suppression}/undo", administrators, undoRestore)
	if s.o.Hygiene != nil {
		s.routeSuppressionFiles()
	}
}

// suppressionsView is the page of addresses that are not mailed.
type suppressionsView struct {
	Lines   []suppressionLine
	Next    string
	Search  field
	Fields  []field
	Problem string
	Removed bool   // those that were taken off the list
	Batch   string // only what came with this import or audit; "" for all
	Files   bool   // lists can be entered and taken away
	MayAct  bool
}

type suppressionLine struct {
	ID, Address, Class, Reason, Evidence, Batch string
	Since, Until, Probe                         moment
}

func listSuppressions(v *visit) error { return v.showSuppressions(http.StatusOK, problem{}) }

func (v *visit) showSuppressions(status int, p problem) error {
	query := v.r.URL.Query()
	f := store.SuppressionFilter{Removed: query.Get("removed") != ""}
	search := field{Name: "address", Label: v.say("suppressions.search"), Value: query.Get("address"), Optional: true, Code: true, Mode: "email"}
	if search.Value != "" {
		address, err := myodai.ParseAddress(search.Value)
		if err != nil {
			search.Problem = v.say("suppressions.no_address")
		}
		f.Address = address
	}
	if batch, err := myodai.ParseID[myodai.BatchID](query.Get("batch")); err == nil {
		f.Batch = batch
	}
	list, next, err := v.o.Store.Suppressions(v.r.Context(), v.actor.Tenant, f, myodai.Page{After: query.Get("after")})
	if err != nil {
		return err
	}
	view := suppressionsView{Search: search, Problem: p.at(""), Removed: f.Removed, Batch: string(f.Batch), Files: v.o.Hygiene != nil, MayAct: v.actor.may(administrators)}
	for _, s := range list {
		view.Lines = append(view.Lines, suppressionLine{
			ID: string(s.ID), Address: s.Address.String(), Class: string(s.Class), Reason: v.say("suppressions.reason_" + string(s.Reason)),
			Evidence: s.Evidence, Batch: string(s.Batch), Since: v.moment(s.CreatedAt), Until: v.moment(s.ExpiresAt), Probe: v.moment(s.ProbeAt),
		})
	}
	if next != "" {
		query.Set("after", next)
		view.Next = "/suppressions?" + query.Encode()
	}
	view.Fields = []field{
		{Name: "address", Label: v.say("suppressions.address"), Value: v.r.PostFormValue("address"), Code: true, Mode: "email", Problem: p.at("address")},
		{Name: "evidence", Label: v.say("suppressions.note"), Value: v.r.PostFormValue("evidence"), Optional: true},
	}
	return v.write(status, "suppressions", v.say("suppressions.title"), view)
}

func addSuppression(v *visit) error {
	address, err := myodai.ParseAddress(v.r.PostFormValue("address"))
	if err != nil {
		err = &myodai.Error{Code: myodai.CodeInvalid, Field: "address", Message: err.Error()}
	} else {
		const most = 1000
		note := v.r.PostFormValue("evidence")
		entry := myodai.Suppression{
			ID: myodai.NewID[myodai.SuppressionID](v.now, v.o.Random), TenantID: v.actor.Tenant, Address: address,
			Reason: myodai.SuppressionManual, Evidence: note[:min(len(note), most)], CreatedAt: v.now,
		}
		err = v.o.Store.AddSuppression(v.r.Context(), entry, v.did(myodai.EventSuppressionAdded, map[string]any{
			"suppression": string(entry.ID), "recipient": address.String(), "reason": string(entry.Reason),
		}))
	}
	if p, status, ok := v.judge(err); ok {
		return v.showSuppressions(status, p)
	}
	if err != nil {
		return err
	}
	return v.done("/suppressions?address="+url.QueryEscape(address.String()), "suppressions.added", address.String())
}

// did is an event of something that the member did.
func (v *visit) did(kind myodai.EventKind, data map[string]any) myodai.Event {
	data["member_id"] = string(v.actor.Member)
	return myodai.Event{ID: myodai.NewID[myodai.EventID](v.now, v.o.Random), TenantID: v.actor.Tenant, Kind: kind, At: v.now, Data: data}
}

func restoreSuppression(v *visit) error {
	id, err := myodai.ParseID[myodai.SuppressionID](v.r.PathValue("suppression"))
	if err != nil {
		return errNoPage
	}
	_, err = v.o.Store.RemoveSuppression(v.r.Context(), v.actor.Tenant, id, store.Removal{
		At: time.Now(), By: string(v.actor.Member), Released: func(d myodai.Delivery) myodai.Event {
			e := v.did(myodai.EventMessageReleased, map[string]any{"recipient": d.Recipient.String()})
			e.MessageID, e.DeliveryID = d.MessageID, d.ID
			return e
		},
	}, v.did(myodai.EventSuppressionRemoved, map[string]any{"suppression": string(id)}))
	if err != nil {
		return err
	}
	return v.done("/suppressions?removed=1", "suppressions.restored")
}

func undoRestore(v *visit) error {
	id, err := myodai.ParseID[myodai.SuppressionID](v.r.PathValue("suppression"))
	if err != nil {
		return errNoPage
	}
	err = v.o.Store.PutBackSuppression(v.r.Context(), v.actor.Tenant, id,
		v.did(myodai.EventSuppressionAdded, map[string]any{"suppression": string(id), "undone": true}))
	if err != nil {
		return err
	}
	return v.done("/suppressions", "suppressions.undone")
}
