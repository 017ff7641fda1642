package console

import (
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/handoff"
	"github.com/myodai/myodai/internal/plan"
)

// reachView is how far a record has come on its way from the panel to our check,
// as a picture and as a table.
type reachView struct {
	ID       string // of its record's element
	Name     string
	Text     string // where it stands now, in a sentence
	Stations []station
}

// station is one place on the way.
type station struct {
	X     int // of its middle, in the picture
	Label string
	Text  string
	Tone  tone
	Glyph string
}

// Where the stations are in the picture.
const (
	firstStation   = 45
	betweenStation = 90
)

// glyphs tell tones apart where colors do not.
var glyphs = map[tone]string{toneGood: "✓", toneBad: "!", toneWarn: "…", toneOpen: "–", toneNone: "–"}

// newReachView says where a record is by the last check: in the panel, at the DNS
// host's servers, in the memory of resolvers, at ours.
func newReachView(r reader, id string, item plan.Item, seen myodai.RecordCheck, in reading) reachView {
	v := reachView{ID: id, Name: string(item.Name)}
	add := func(key string, t tone, text string) {
		v.Stations = append(v.Stations, station{
			X: firstStation + betweenStation*len(v.Stations), Label: r.say("reach." + key), Text: text, Tone: t, Glyph: glyphs[t],
		})
	}
	servers, ttl, resolvers := heardOf(in.Last.Observation, item)
	wait := in.waitFor(item.Name)
	switch seen.Status {
	case myodai.StatusAsPlanned:
		add("panel", toneGood, r.say("reach.panel_done"))
		add("servers", toneGood, r.say("reach.servers_done", strings.Join(servers, ", ")))
		switch {
		case wait.VisibleAt.After(r.now):
			add("resolvers", toneWarn, r.say("reach.resolvers_wait", r.moment(wait.VisibleAt).Text))
		case resolvers:
			add("resolvers", toneGood, r.say("reach.resolvers_done", ttl))
		default:
			add("resolvers", toneNone, r.say("reach.resolvers_later", ttl))
		}
		add("check", toneGood, r.say("reach.check_done", r.moment(in.Last.At).Text))
	case myodai.StatusDifferent:
		add("panel", toneBad, r.say("reach.panel_different"))
		add("servers", toneBad, r.say("reach.servers_different", strings.Join(servers, ", ")))
		add("resolvers", toneOpen, r.say("reach.resolvers_old", ttl))
		add("check", toneBad, r.say("reach.check_different", r.moment(in.Last.At).Text))
	case myodai.StatusMissing:
		if in.Domain.EnteredAt.After(in.Domain.PlannedAt) && in.Domain.EnteredAt.After(in.Domain.RegisteredAt) {
			add("panel", toneWarn, r.say("reach.panel_said"))
		} else {
			add("panel", toneOpen, r.say("reach.panel_open"))
		}
		add("servers", toneOpen, r.say("reach.servers_missing", strings.Join(servers, ", ")))
		add("resolvers", toneOpen, r.say("reach.resolvers_open", ttl))
		add("check", toneOpen, r.say("reach.check_missing", r.moment(in.Last.At).Text))
	case myodai.StatusUnknown:
		add("panel", toneNone, r.say("reach.panel_unknown"))
		add("servers", toneWarn, r.say("reach.servers_unknown"))
		add("resolvers", toneOpen, r.say("reach.resolvers_open", ttl))
		add("check", toneWarn, r.say("reach.check_unknown", r.moment(in.Last.At).Text))
	default:
		add("panel", toneNone, r.say("reach.panel_unknown"))
		add("servers", toneOpen, r.say("reach.servers_open"))
		add("resolvers", toneOpen, r.say("reach.resolvers_open", ttl))
		add("check", toneOpen, r.say("reach.check_open"))
	}
	v.Text = v.now()
	return v
}

// now is the text of the last station that was reached, or of the first when none
// was.
func (v reachView) now() string {
	for i := len(v.Stations) - 1; i >= 0; i-- {
		if t := v.Stations[i].Tone; t == toneBad || t == toneWarn {
			return v.Stations[i].Text
		}
	}
	if last := v.Stations[len(v.Stations)-1]; last.Tone == toneGood {
		return last.Text
	}
	return v.Stations[0].Text
}

// heardOf lists the servers that answered for a record, for how many seconds its
// answer may be remembered, and whether public resolvers show something there.
func heardOf(o myodai.Observation, item plan.Item) (servers []string, ttl int, resolvers bool) {
	ttl = handoff.TTL
	listed := map[string]bool{}
	for _, a := range o.Answers {
		switch {
		case a.Name != item.Name || a.Host != "" || a.Kind() == myodai.AnswerUnknown:
		case a.Recursive:
			resolvers = resolvers || len(a.Records) > 0
		default:
			for _, rr := range a.Records {
				if rr.Name == item.Name {
					ttl = int(rr.TTL)
				}
			}
			if name := a.Server; name != "" && !listed[name] {
				listed[name] = true
				servers = append(servers, name)
			}
		}
	}
	return servers, ttl, resolvers
}

// waitFor is the wait that the last check found for a record, zero for none.
func (r reading) waitFor(name myodai.Name) myodai.Finding {
	for _, f := range r.Last.Findings {
		if f.Severity == myodai.SeverityWait && (f.Record == name || f.Record == "") {
			return f
		}
	}
	return myodai.Finding{}
}
