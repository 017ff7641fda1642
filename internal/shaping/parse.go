package shaping

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// parser turns what is written into rules, and notes everything that is wrong,
// so that an operator mends it once.
type parser struct {
	rules *Rules
	wrong []error
}

func (p *parser) blame(where, format string, args ...any) {
	p.wrong = append(p.wrong, fmt.Errorf(where+": "+format, args...))
}

// read lays f over what is below it.
func (p *parser) read(f, below file) {
	base := f.Default.over(below.Default)
	p.rules.Default = p.limits("default", "", base)
	p.rules.smarthop = p.limits("smarthost", "smarthost", f.Smarthost.over(below.Smarthost).over(base))
	p.rules.Dead = f.Dead.over(below.Dead)
	for _, sites := range []map[string]siteText{f.Sites, below.Sites} {
		for _, name := range slices.Sorted(maps.Keys(sites)) {
			if !slices.ContainsFunc(p.rules.Sites, func(s Site) bool { return s.Name == name }) {
				p.site(name, sites[name], base)
			}
		}
	}
	p.rules.Replies = append(p.replies("replies", f.Replies), p.replies("replies", below.Replies)...)
	for _, schedules := range []map[string][]int{below.WarmUps, f.WarmUps} {
		for name, days := range schedules {
			if slices.ContainsFunc(days, func(n int) bool { return n < 0 }) {
				p.blame("warm_ups."+name, "a day has 0 messages at least")
			}
			p.rules.WarmUps[name] = days
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Sources)) {
		p.source(name, f.Sources[name])
	}
	for _, name := range slices.Sorted(maps.Keys(f.Pools)) {
		p.pool(name, f.Pools[name])
	}
}

func (p *parser) limits(where, site string, t limitsText) Limits {
	if t.Connections < 0 || t.Messages < 0 || t.Recipients < 0 {
		p.blame(where, "connections, messages and recipients are above 0")
	}
	rate, err := parseRate(t.Rate)
	if err != nil {
		p.blame(where+".rate", "%v", err)
	}
	return Limits{
		Site: site, Connections: t.Connections, Messages: t.Messages, Recipients: t.Recipients, Rate: rate,
		NoChunking: t.Chunking != nil && !*t.Chunking,
	}
}

// parseRate reads messages by time: 10/s, 600/m, 5000/h, 100000/d; none for no
// limit.
func parseRate(text string) (float64, error) {
	if text == "" || text == "none" {
		return 0, nil
	}
	number, unit, _ := strings.Cut(text, "/")
	n, err := strconv.ParseFloat(number, 64)
	seconds := map[string]float64{"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
	if err != nil || seconds == 0 || !(n > 0) || n > 1e9 {
		return 0, fmt.Errorf("%.40q is not a rate; write it like 10/s, 600/m, 5000/h or 100000/d, or none", text)
	}
	return n / seconds, nil
}

func (p *parser) site(name string, t siteText, base limitsText) {
	where := "sites." + name
	names, err := hosts(t.Hosts)
	if err != nil {
		p.blame(where+".hosts", "%v", err)
	}
	if len(names) == 0 {
		p.blame(where+".hosts", "say which MX hosts it has; those below them count, too")
	}
	l := p.limits(where, name, t.limitsText.over(base))
	l.replies = p.replies(where+".replies", t.Replies)
	p.rules.Sites = append(p.rules.Sites, Site{Name: name, Hosts: names, Limits: l})
}

// The pauses of a reply that says nothing of them.
var usualPause = pauseText{First: 5 * time.Minute, Most: time.Hour}

func (p *parser) replies(where string, list []replyText) []Reply {
	var rules []Reply
	for i, t := range list {
		at := fmt.Sprintf("%s[%d]", where, i)
		r := Reply{Name: t.Name, Codes: t.Codes, Enhanced: t.Enhanced, Do: t.Do, Pause: t.pauseText.over(usualPause)}
		if t.Name == "" {
			p.blame(at+".name", "give it a name, which is shown where it counts")
		}
		if !slices.Contains([]Act{ActPause, ActEase, ActRetry, ActCarryOn}, t.Do) {
			p.blame(at+".do", "%.40q is not one of pause, ease, retry, carry_on", t.Do)
		}
		if len(t.Codes) == 0 && len(t.Enhanced) == 0 && t.Text == "" {
			p.blame(at, "say which replies it is about: codes, enhanced, or text")
		}
		if slices.ContainsFunc(t.Codes, func(c int) bool { return c < 200 || c > 599 }) {
			p.blame(at+".codes", "reply codes are 200 to 599")
		}
		if t.First < 0 || t.Most < 0 || r.Pause.Most > 24*time.Hour || r.Pause.First > r.Pause.Most {
			p.blame(at, "a pause is at most 24h, and most is not below for")
		}
		if t.Text != "" {
			var err error
			if r.Text, err = regexp.Compile("(?i)" + t.Text); err != nil {
				p.blame(at+".text", "%v", err)
			}
		}
		rules = append(rules, r)
	}
	return rules
}

func (p *parser) source(name string, t sourceText) {
	where := "sources." + name
	s := Source{Source: myodai.Source{Name: name}, WarmUp: t.WarmUp, Since: t.Since.Time}
	var err error
	if s.IPv4, err = address(t.IPv4, true); err != nil {
		p.blame(where+".ipv4", "%v", err)
	}
	if s.IPv6, err = address(t.IPv6, false); err != nil {
		p.blame(where+".ipv6", "%v", err)
	}
	if !s.Bound() {
		p.blame(where, "give it ipv4, ipv6 or both")
	}
	if t.Hello != "" {
		if s.Hello, err = myodai.ParseName(t.Hello); err != nil {
			p.blame(where+".hello", "%v", err)
		}
	}
	if _, known := p.rules.WarmUps[t.WarmUp]; t.WarmUp != "" && !known {
		p.blame(where+".warm_up", "there is no schedule %.40q", t.WarmUp)
	}
	if t.WarmUp != "" && t.Since.IsZero() {
		p.blame(where+".since", "say on which day its schedule begins")
	}
	p.rules.Sources[name] = s
}

// pool reads the sources of a pool, each with a weight if need be: "out1 × 3" is
// written "out1*3".
func (p *parser) pool(name string, list []string) {
	where := "pools." + name
	for _, text := range list {
		source, weight, weighed := strings.Cut(text, "*")
		n := 1
		if weighed {
			var err error
			if n, err = strconv.Atoi(weight); err != nil || n < 1 || n > 1000 {
				p.blame(where, "%.60q: a weight is 1 to 1000, as in out1*3", text)
			}
		}
		if _, known := p.rules.Sources[source]; !known {
			p.blame(where, "there is no source %.60q", source)
		}
		if slices.ContainsFunc(p.rules.Pools[name], func(s Share) bool { return s.Source == source }) {
			p.blame(where, "the source %.60q is named twice", source)
		}
		p.rules.Pools[name] = append(p.rules.Pools[name], Share{source, n})
	}
	if len(list) == 0 {
		p.blame(where, "name its sources")
	}
}
