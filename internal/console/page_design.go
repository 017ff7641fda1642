package console

import "time"

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
	}
}
