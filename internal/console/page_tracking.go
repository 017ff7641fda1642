package console

import (
	"net/http"

	"github.com/myodai/myodai"
)

func (s *Server) routeTracking() {
	s.add("GET /tracking", members, listTracking)
	s.add("POST /tracking", administrators, addTracking)
	s.add("GET /tracking/{id}", members, showTracking)
	s.add("POST /tracking/{id}/check", administrators, checkTracking)
	s.add("POST /tracking/{id}/way", administrators, switchTracking)
	s.add("POST /tracking/{id}/restart", administrators, restartTracking)
	s.add("POST /tracking/{id}/delete", administrators, deleteTracking)
}

// trackingView is the page of tracking domains.
type trackingView struct {
	Lines   []trackingLine
	Next    string
	Fields  []field // of the form, none for who may not
	Problem string
}

type trackingLine struct {
	ID, Name string
	State    chip
	Step     string
	Deadline moment
}

func listTracking(v *visit) error { return v.showTracking(http.StatusOK, "", "", problem{}) }

func (v *visit) showTracking(status int, name, way string, p problem) error {
	list, next, err := v.o.Store.TrackingDomains(v.r.Context(), v.actor.Tenant, myodai.Page{After: v.r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	view := trackingView{Problem: p.at("")}
	for _, t := range list {
		view.Lines = append(view.Lines, newTrackingLine(v.reader, t))
	}
	if next != "" {
		view.Next = "/tracking?after=" + next
	}
	if v.actor.may(administrators) {
		if name == "" {
			if name, err = v.proposedHost(); err != nil {
				return err
			}
		}
		view.Fields = []field{
			{Name: "name", Label: v.say("tracking.name"), Hint: v.say("tracking.name_hint"), Value: name, Code: true, Problem: p.at("name")},
			{Name: "way", Label: v.say("tracking.way"), Hint: v.say("tracking.way_hint"), Type: "select", Problem: p.at("way"), Options: []option{
				{"direct", v.say("tracking.way_direct"), way != "prepared"}, {"prepared", v.say("tracking.way_prepared"), way == "prepared"},
			}},
		}
	}
	return v.write(status, "tracking", v.say("tracking.title"), view)
}

// proposedHost is a name below the domain that the tenant sends as (B5).
func (v *visit) proposedHost() (string, error) {
	list, _, err := v.o.Store.Domains(v.r.Context(), v.actor.Tenant, myodai.Page{Limit: 1})
	if err != nil || len(list) == 0 {
		return "", err
	}
	return string(list[0].Name.Child("click")), nil
}

func newTrackingLine(r reader, t myodai.TrackingDomain) trackingLine {
	line := trackingLine{ID: string(t.ID), Name: t.Name.Unicode(), State: r.trackingChip(t)}
	if t.Way == myodai.TrackingPrepared && t.Step() > 0 {
		line.Step = r.say("tracking.step_of", t.Step())
	}
	if t.State == myodai.TrackingValidating || t.State == myodai.TrackingExpired {
		line.Deadline = r.moment(t.Deadline)
	}
	return line
}

// trackingChip is a tracking domain's state in one word.
func (r reader) trackingChip(t myodai.TrackingDomain) chip {
	tones := map[myodai.TrackingState]tone{
		myodai.TrackingVerified: toneGood, myodai.TrackingAtRisk: toneWarn, myodai.TrackingSuspended: toneBad, myodai.TrackingExpired: toneBad,
	}
	c := chip{r.say("tracking.state_" + string(t.State)), tones[t.State]}
	if c.Tone == toneNone {
		c.Tone = toneOpen
	}
	return c
}

func addTracking(v *visit) error {
	name, way := v.r.PostFormValue("name"), v.r.PostFormValue("way")
	t, err := v.o.Tracking.Register(v.r.Context(), v.actor.Tenant, name, way)
	if p, status, ok := v.judge(err); ok {
		return v.showTracking(status, name, way, p)
	}
	if err != nil {
		return err
	}
	return v.to("/tracking/" + string(t.ID))
}
