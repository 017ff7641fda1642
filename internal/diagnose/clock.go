package diagnose

import (
	"strconv"
	"time"
)

// clock is an instant on the reader's clock: with its date unless that is the
// day of the check.
func clock(at time.Time, c Context) string {
	where, zone := c.Location, ""
	if where == nil {
		where, zone = time.UTC, " UTC"
	}
	at = at.In(where)
	const day = "2006-01-02"
	for _, a := range c.Answers {
		if a.At.In(where).Format(day) == at.Format(day) {
			return at.Format("15:04") + zone
		}
	}
	if c.Lang == Japanese {
		return at.Format("1月2日15:04") + zone
	}
	return at.Format("2 January 15:04") + zone
}

// duration is a span of time in one unit: the largest that loses nothing.
func duration(d time.Duration, lang Lang) string {
	units := []struct {
		length      time.Duration
		english, ja string
	}{{24 * time.Hour, "day", "日"}, {time.Hour, "hour", "時間"}, {time.Minute, "minute", "分"}, {time.Second, "second", "秒"}}
	for _, u := range units {
		if d < u.length || d%u.length != 0 {
			continue
		}
		n := strconv.FormatInt(int64(d/u.length), 10)
		switch {
		case lang == Japanese:
			return n + u.ja
		case n == "1":
			return "1 " + u.english
		}
		return n + " " + u.english + "s"
	}
	return d.String()
}
