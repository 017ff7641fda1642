package console

import "time"

// moment is a point in time as a reader sees it.
type moment struct {
	Machine string // RFC 3339, for programs; "" for no time at all
	Text    string // to the minute, on the reader's clock
	Ago     string // in a few words, how long ago or until then
}

// moment writes a time for a reader.
func (r reader) moment(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	local := t.In(r.location)
	text := local.Format(r.say("time.full"))
	if sameDay(local, r.now.In(r.location)) {
		text = local.Format("15:04")
	}
	if r.location == time.UTC {
		text += " UTC"
	}
	return moment{Machine: t.UTC().Format(time.RFC3339), Text: text, Ago: r.distance(t.Sub(r.now))}
}

func sameDay(a, b time.Time) bool {
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

// distance says how far a time is from now: in the future when it is positive.
func (r reader) distance(d time.Duration) string {
	past := d < 0
	key := "time.in_"
	if past {
		key, d = "time.ago_", -d
	}
	switch {
	case d < 45*time.Second:
		return r.say("time.now")
	case d < time.Hour:
		return r.say(key+"minutes", max(1, int(d.Round(time.Minute)/time.Minute)))
	case d < 48*time.Hour:
		return r.say(key+"hours", int(d.Round(time.Hour)/time.Hour))
	}
	return r.say(key+"days", int(d.Round(24*time.Hour)/(24*time.Hour)))
}
