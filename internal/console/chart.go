package console

import (
	"strconv"
	"time"

	"github.com/myodai/myodai"
)

// chart is what became of deliveries over time, as a picture with a table behind.
type chart struct {
	Path    string // of the page it stands on
	Hourly  bool   // a bar is an hour; otherwise a day
	Text    string // the picture in a sentence
	Columns []chartColumn
	Top     string // the largest sum, at the top of the scale
	Legend  []legend
	Empty   bool
}

// chartColumn is one hour or day.
type chartColumn struct {
	Label  string // in full
	Short  string // below the bar; "" where there is no room
	Middle int
	Bars   []chartBar
	Counts []int64 // in the order of the legend
}

// chartBar is one part of a column, in the units of the picture.
type chartBar struct {
	Tone                string // class of its color
	X, Y, Width, Height int
}

// legend is what a color means.
type legend struct{ Label, Tone string }

// The picture's measures: bars stand between these.
const (
	chartLeft, chartRight = 48, 712
	chartTop, chartBottom = 12, 200
)

// chartTones are the parts of a column from its foot on.
var chartTones = []string{"delivered", "deferred", "failed", "suppressed"}

// chart reads what became of deliveries of a tenant, or of all with "".
func (v *visit) chart(tenant myodai.TenantID, path string) (chart, error) {
	hourly := v.r.URL.Query().Get("by") == "hour"
	starts := chartStarts(v.reader, hourly)
	hours, err := v.o.Store.DeliveryHours(v.r.Context(), tenant, starts[0], v.now.Add(time.Hour))
	return newChart(v.reader, path, hourly, starts, hours), err
}

// chartStarts are when the columns begin: the last 24 hours, or 7 days on the
// reader's clock.
func chartStarts(r reader, hourly bool) []time.Time {
	var list []time.Time
	if hourly {
		for i := 23; i >= 0; i-- {
			list = append(list, r.now.Truncate(time.Hour).Add(-time.Duration(i)*time.Hour).In(r.location))
		}
		return list
	}
	y, m, d := r.now.In(r.location).Date()
	for i := 6; i >= 0; i-- {
		list = append(list, time.Date(y, m, d-i, 0, 0, 0, 0, r.location))
	}
	return list
}

func newChart(r reader, path string, hourly bool, starts []time.Time, hours []myodai.HourDeliveries) chart {
	out := chart{Path: path, Hourly: hourly, Top: "0", Empty: len(hours) == 0}
	for _, tone := range chartTones {
		out.Legend = append(out.Legend, legend{r.say("chart." + tone), tone})
	}
	sums, total := make([][4]int64, len(starts)), [4]int64{}
	for _, h := range hours {
		at := 0
		for at+1 < len(starts) && !h.Hour.Before(starts[at+1]) {
			at++
		}
		for i, n := range [4]int64{h.Delivered, h.Deferred, h.Bounced + h.Expired, h.Suppressed} {
			sums[at][i] += n
			total[i] += n
		}
	}
	top := int64(1)
	for _, s := range sums {
		top = max(top, s[0]+s[1]+s[2]+s[3])
	}
	if !out.Empty {
		out.Top = strconv.FormatInt(top, 10)
	}
	key := "chart.text_days"
	if hourly {
		key = "chart.text_hours"
	}
	out.Text = r.say(key, int(total[0]), int(total[1]), int(total[2]), int(total[3]))
	for i, start := range starts {
		out.Columns = append(out.Columns, newChartColumn(r, hourly, i, len(starts), start, sums[i], top))
	}
	return out
}

func newChartColumn(r reader, hourly bool, at, of int, start time.Time, sums [4]int64, top int64) chartColumn {
	wide := (chartRight - chartLeft) / of
	x := chartLeft + at*wide
	column := chartColumn{Middle: x + wide/2, Counts: sums[:], Label: start.Format(r.say("chart.day"))}
	column.Short = column.Label
	if hourly {
		column.Label = start.Format("15:04")
		if column.Short = ""; at%4 == 3 {
			column.Short = column.Label
		}
	}
	y := chartBottom
	for i, n := range sums {
		if n == 0 {
			continue
		}
		height := max(2, int(n*(chartBottom-chartTop)/top)) // what happened can be seen
		y -= height
		column.Bars = append(column.Bars, chartBar{chartTones[i], x + wide/8, y, wide - wide/4, height})
	}
	return column
}
