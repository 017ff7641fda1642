package console

import (
	"time"

	"github.com/myodai/myodai"
)

// designView is the page that shows what pages are made of.
type designView struct {
	Heading string
	Colors  []string
	Spaces  []string
	Chips   []chip
	Fields  []field
	Copies  []copyable
	Icons   []string
	Now     moment
	Earlier moment
	Steps   []step
	Finding findingView
	Events  []designEvent
	Chart   chart
}

// designEvent is an entry of a timeline.
type designEvent struct {
	At   moment
	What chip
}

func showDesign(v *visit) error {
	return v.show("design", v.say("design.title"), newDesignView(v.reader))
}

func newDesignView(r reader) designView {
	return designView{
		Heading: r.say("design.title"),
		Colors: []string{
			"paper", "card", "sunk", "line", "line-strong", "ink", "muted", "accent", "accent-strong", "accent-soft",
			"good", "good-soft", "warn", "warn-soft", "bad", "bad-soft",
		},
		Spaces: []string{"s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"},
		Chips: []chip{
			{r.say("design.chip_good"), toneGood}, {r.say("design.chip_warn"), toneWarn}, {r.say("design.chip_bad"), toneBad},
			{r.say("design.chip_open"), toneOpen}, {r.say("design.chip_none"), toneNone},
		},
		Fields: []field{
			{Name: "plain", Label: r.say("design.field"), Hint: r.say("design.field_hint"), Value: "example.com", Code: true},
			{Name: "wrong", Label: r.say("design.field"), Value: "www.example", Code: true, Problem: r.say("design.field_problem")},
			{Name: "choice", Label: r.say("design.choice"), Type: "select", Optional: true, Options: []option{
				{"a", "CNAME", false}, {"b", "TXT", true},
			}},
			{Name: "long", Label: r.say("design.long"), Type: "textarea", Rows: 3, Optional: true, Value: r.say("design.long_value")},
		},
		Copies: []copyable{
			{Label: r.say("design.value"), Value: "s1-abcdefgh._domainkey"},
			{Label: r.say("design.value"), Empty: r.say("design.value_empty")},
		},
		Icons:   []string{"globe", "check", "alert", "info", "copy", "clock", "mail", "link", "download", "arrow", "key", "bolt"},
		Now:     r.moment(r.now),
		Earlier: r.moment(r.now.Add(-72 * time.Hour)),
		Steps:   r.stepsOf("", 1, false),
		Finding: findingView{
			Tone: toneBad, Icon: "alert", Primary: true, Title: r.say("design.finding"), Message: r.say("design.finding_text"),
			Diff:  []diffView{{Text: "bounce."}, {Removed: true, Text: "acme.example."}, {Text: "acme.example"}},
			Steps: []string{r.say("design.finding_step")}, Why: r.say("design.details_text"),
		},
		Events: []designEvent{
			{r.moment(r.now.Add(-time.Hour)), chip{r.say("design.chip_open"), toneOpen}},
			{r.moment(r.now), chip{r.say("design.chip_good"), toneGood}},
		},
		Chart: sampleChart(r),
	}
}

// sampleChart is a chart of a week that never was.
func sampleChart(r reader) chart {
	starts := chartStarts(r, false)
	var hours []myodai.HourDeliveries
	for i, start := range starts {
		hours = append(hours, myodai.HourDeliveries{Hour: start, Delivered: int64(40 + 10*i), Deferred: int64(i), Bounced: 2})
	}
	return newChart(r, "/design", false, starts, hours)
}
