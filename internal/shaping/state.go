package shaping

import (
	"strconv"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// State is what a site has made of its limits lately, from one source. The zero
// State is that of a site that was never mailed.
type State struct {
	Eased       int       // connections allowed at a time; 0 means as many as the limits say
	Factor      float64   // of the limits' rate; 0 means all of it
	PausedUntil time.Time // nothing goes there before; zero when it is not paused
	Strikes     int       // pauses since the last delivery
	Why         string    // the reply or failure that last changed something; "" when nothing holds us back
	Rule        string    // its rule
	Since       time.Time // when that was
	good        int       // deliveries since the last change
}

// Paused reports whether nothing may go there now.
func (s State) Paused(now time.Time) bool { return now.Before(s.PausedUntil) }

// Connections is how many are allowed at a time.
func (s State) Connections(l Limits) int {
	if s.Eased > 0 {
		return min(s.Eased, l.Connections)
	}
	return l.Connections
}

// Rate is how many messages a second are allowed; 0 for no limit.
func (s State) Rate(l Limits) float64 {
	if s.Factor > 0 {
		return l.Rate * s.Factor
	}
	return l.Rate
}

// The smallest share of a rate that a site is brought down to.
const leastFactor = 1.0 / 64

// recovery is how many deliveries for each allowed connection make one more of
// them: fast enough to be back within minutes, slow enough to hear the next no.
const recovery = 20

// After is the state that follows from an outcome.
//
// While a site is paused, more of the same changes nothing: what many
// connections hear at one time, counts once.
func (s State) After(o myodai.Outcome, r *Rules, l Limits, now time.Time) State {
	switch rule, ok := r.reply(l, o); {
	case o.Kind == myodai.OutcomeDelivered:
		return s.delivered(l, now)
	case Unreachable(o):
		return s.held(Reply{Name: "dead", Do: ActPause, Pause: r.Dead}, o, l, now)
	case ok && (rule.Do == ActPause || rule.Do == ActEase):
		return s.held(rule, o, l, now)
	}
	return s
}

// Retry is how soon a deferred delivery is tried again, where its reply says that
// this is soon; 0 leaves it to the usual curve.
func (r *Rules) Retry(l Limits, o myodai.Outcome) time.Duration {
	if rule, ok := r.reply(l, o); ok && rule.Do == ActRetry && o.Kind == myodai.OutcomeTransient {
		return rule.Pause.First
	}
	return 0
}

// Unreachable reports whether an outcome says that no server of the site could
// be talked to: it was not connected to, or never came to an answer.
func Unreachable(o myodai.Outcome) bool {
	return o.Code == 0 && o.Kind == myodai.OutcomeTransient && (o.Enhanced == "4.4.1" || o.Enhanced == "4.4.2")
}

// held is the state after a reply that asks for less.
func (s State) held(rule Reply, o myodai.Outcome, l Limits, now time.Time) State {
	if s.Paused(now) {
		return s
	}
	s.Why, s.Rule, s.Since, s.good = words(o), rule.Name, now, 0
	s.Eased = max(s.Connections(l)/2, 1)
	if l.Rate > 0 {
		s.Factor = max(s.share()/2, leastFactor)
	}
	if rule.Do == ActPause {
		s.PausedUntil = now.Add(rule.Pause.after(s.Strikes))
		s.Strikes++
	}
	return s
}

func (s State) share() float64 {
	if s.Factor == 0 {
		return 1
	}
	return s.Factor
}

// delivered is the state after a delivery: the site gets more again, little by
// little, until it has all of its limits. What was under way when it was paused
// says nothing.
func (s State) delivered(l Limits, now time.Time) State {
	if s.Paused(now) {
		return s
	}
	s.Strikes, s.PausedUntil = 0, time.Time{}
	if s.Why == "" {
		return s
	}
	if s.good++; s.good < recovery*s.Connections(l) {
		return s
	}
	s.good = 0
	s.Eased = s.Connections(l) + 1
	if s.Factor > 0 {
		s.Factor *= 1.5
	}
	if s.Eased >= l.Connections && s.Factor >= 1 || s.Eased >= l.Connections && s.Factor == 0 {
		return State{}
	}
	s.Eased, s.Factor = min(s.Eased, l.Connections), min(s.Factor, 1)
	return s
}

// words is an outcome as people read it, in one line.
func words(o myodai.Outcome) string {
	var parts []string
	if o.Code != 0 {
		parts = append(parts, strconv.Itoa(o.Code))
	}
	if o.Enhanced != "" && o.Code != 0 {
		parts = append(parts, o.Enhanced)
	}
	text := strings.Join(append(parts, o.Text), " ")
	const most = 300
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return text
}

// Bucket lets messages through at a rate. The zero Bucket is full.
type Bucket struct {
	spent float64
	at    time.Time
}

// Take asks for up to n messages at a rate and says how many may go now and,
// when that is none, how long until one may. A second's worth may go at once.
func (b Bucket) Take(n int, rate float64, now time.Time) (_ Bucket, granted int, wait time.Duration) {
	if rate <= 0 {
		return Bucket{}, n, 0
	}
	b.spent = max(b.spent-rate*max(now.Sub(b.at).Seconds(), 0), 0)
	b.at = now
	room := max(rate, 1) - b.spent
	if room < 1 {
		return b, 0, time.Duration((1 - room) / rate * float64(time.Second))
	}
	granted = min(n, int(room))
	b.spent += float64(granted)
	return b, granted, 0
}
