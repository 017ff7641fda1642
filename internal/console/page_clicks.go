package console

import (
	"fmt"
	"slices"
	"time"

	"github.com/myodai/myodai"
)

func (s *Server) routeClicks() {
	s.add("GET /clicks", members, showClicks)
	s.add("GET /messages/{message}/clicks", members, showMessageClicks)
}

// clicksView is what recipients did with links and pictures.
type clicksView struct {
	Message string // its id; "" for the mail of all
	Subject string
	Days    int // how far back; 0 for a message
	Choices []dayChoice
	Clicks  visitsView
	Opens   visitsView
	Bars    []barView
	Links   []linkLine
}

type dayChoice struct {
	Days    int
	Label   string
	Current bool
}

// visitsView is a number of visits: what may be believed of it, and what not.
type visitsView struct{ Unique, People, Unknown, Machines int64 }

// barView is one bar of the picture: clicks and opens of an hour or a day. The
// lengths are in hundredths of the longest.
type barView struct {
	At                         moment
	Label                      string
	Clicks, Opens              int64
	X, ClickLength, OpenLength int
	ClickTop, OpenTop          int
}

type linkLine struct {
	URL string
	visitsView
}

// clickDays are the spans that can be looked at.
var clickDays = []int{1, 7, 30}

func showClicks(v *visit) error {
	days := 7
	for _, n := range clickDays {
		if v.r.URL.Query().Get("days") == fmt.Sprint(n) {
			days = n
		}
	}
	stats, err := v.o.Store.TenantVisits(v.r.Context(), v.actor.Tenant, v.now.AddDate(0, 0, -days), v.now.Add(time.Hour))
	if err != nil {
		return err
	}
	view := newClicksView(v.reader, stats)
	view.Days = days
	for _, n := range clickDays {
		view.Choices = append(view.Choices, dayChoice{n, v.say("clicks.days", n), n == days})
	}
	return v.show("clicks", v.say("clicks.title"), view)
}

func showMessageClicks(v *visit) error {
	id, err := myodai.ParseID[myodai.MessageID](v.r.PathValue("message"))
	if err != nil {
		return errNoPage
	}
	m, err := v.o.Store.Message(v.r.Context(), v.actor.Tenant, id)
	if err != nil {
		return err
	}
	stats, err := v.o.Store.MessageVisits(v.r.Context(), v.actor.Tenant, id)
	if err != nil {
		return err
	}
	view := newClicksView(v.reader, stats)
	view.Message, view.Subject = string(id), m.Subject
	return v.show("clicks", v.say("clicks.title"), view)
}

func newClicksView(r reader, stats myodai.VisitStats) clicksView {
	view := clicksView{Clicks: newVisitsView(stats.Clicks), Opens: newVisitsView(stats.Opens), Bars: newBars(r, stats.Hours)}
	for _, l := range stats.Links {
		view.Links = append(view.Links, linkLine{l.URL, newVisitsView(l.Visits)})
	}
	return view
}

func newVisitsView(v myodai.Visits) visitsView {
	return visitsView{v.Unique, v.People, v.Unknown, v.Machines}
}

// The picture's size: bars stand side by side, clicks beside opens.
const (
	barStep   = 14
	barHeight = 100
	maxBars   = 48 // hours; more are summed up by days
)

// newBars makes the bars of the hours in which something happened, or of their
// days when there are many.
func newBars(r reader, hours []myodai.HourVisits) []barView {
	layout := "15:04"
	if len(hours) > maxBars {
		hours, layout = byDay(hours, r.location), "01-02"
	}
	longest := int64(1)
	for _, h := range hours {
		longest = max(longest, h.Clicks.People, h.Opens.People)
	}
	var bars []barView
	for i, h := range hours {
		bar := barView{
			At: r.moment(h.Hour), Label: h.Hour.In(r.location).Format(layout), Clicks: h.Clicks.People, Opens: h.Opens.People, X: i * barStep,
			ClickLength: int(h.Clicks.People * barHeight / longest), OpenLength: int(h.Opens.People * barHeight / longest),
		}
		bar.ClickTop, bar.OpenTop = barHeight-bar.ClickLength, barHeight-bar.OpenLength
		bars = append(bars, bar)
	}
	return bars
}

// byDay sums hours up by the reader's days.
func byDay(hours []myodai.HourVisits, at *time.Location) []myodai.HourVisits {
	var days []myodai.HourVisits
	for _, h := range hours {
		y, m, d := h.Hour.In(at).Date()
		day := time.Date(y, m, d, 0, 0, 0, 0, at)
		i := slices.IndexFunc(days, func(v myodai.HourVisits) bool { return v.Hour.Equal(day) })
		if i < 0 {
			i = len(days)
			days = append(days, myodai.HourVisits{Hour: day})
		}
		days[i].Clicks.People += h.Clicks.People
		days[i].Opens.People += h.Opens.People
	}
	return days
}

// Width is that of the picture with all bars.
func (v clicksView) Width() int { return max(1, len(v.Bars)) * barStep }
