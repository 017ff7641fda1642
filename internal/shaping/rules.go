package shaping

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// Rules is everything an operator can say about how mail leaves. Make it with
// Default or Parse; it does not change afterwards.
type Rules struct {
	Default  Limits
	Sites    []Site
	Replies  []Reply // of every site, after those of its own
	Dead     Pause   // of a site that does not answer at all
	Sources  map[string]Source
	Pools    map[string][]Share // sources of a pool, in the order of the file
	WarmUps  map[string][]int   // messages a day, from the first day on
	smarthop Limits             // of smarthosts
}

// Limits is what one site is given from one source address at most, and how.
type Limits struct {
	Site        string  // the rule's name; "" for the default
	Connections int     // at a time
	Messages    int     // by one connection
	Recipients  int     // of one transaction
	Rate        float64 // messages per second; 0 means as fast as it goes
	NoChunking  bool    // messages go with DATA also where CHUNKING is offered
	replies     []Reply
}

// Site is the rule for a site: for every domain whose best MX is one of its hosts.
type Site struct {
	Name   string
	Hosts  []myodai.Name // and everything below them
	Limits Limits
}

// Reply says what certain replies ask of us. Within a list the first that
// matches counts.
type Reply struct {
	Name     string
	Codes    []int          // SMTP reply codes; empty for any
	Enhanced []string       // beginnings of enhanced codes (RFC 3463); empty for any
	Text     *regexp.Regexp // nil for any
	Do       Act
	Pause    Pause // of ActPause; its First is also the wait of ActRetry
}

// Act is what follows from a reply.
type Act string

const (
	ActPause   Act = "pause"    // nothing goes to the site for a while, and then less at a time
	ActEase    Act = "ease"     // half as much at a time
	ActRetry   Act = "retry"    // this delivery is tried again soon, as greylisting wants it; nothing else changes
	ActCarryOn Act = "carry_on" // it is about the recipient or the message, not about us
)

// Pause is how long nothing goes to a site: First, and twice as long each time
// until Most as long as nothing is delivered in between.
type Pause struct {
	First, Most time.Duration
}

// after is the pause after so many before it.
func (p Pause) after(strikes int) time.Duration {
	if strikes > 20 { // keep the shift small
		return p.Most
	}
	return min(p.First<<max(strikes, 0), p.Most)
}

// For is what a site may be given: by the rule for its best MX, or the default.
func (r *Rules) For(site myodai.Site) Limits {
	if site.IsSmarthost() {
		return r.smarthop
	}
	first := site.Best()
	for _, s := range r.Sites {
		if slices.ContainsFunc(s.Hosts, first.Under) {
			return s.Limits
		}
	}
	return r.Default
}

// reply finds the rule for an outcome, among those of the site first. Without a
// reply code nobody there has said anything.
func (r *Rules) reply(l Limits, o myodai.Outcome) (Reply, bool) {
	if o.Code == 0 || o.Kind == myodai.OutcomeDelivered {
		return Reply{}, false
	}
	for _, list := range [][]Reply{l.replies, r.Replies} {
		for _, rule := range list {
			if rule.matches(o) {
				return rule, true
			}
		}
	}
	return Reply{}, false
}

func (r Reply) matches(o myodai.Outcome) bool {
	begins := func(prefix string) bool {
		rest, ok := strings.CutPrefix(o.Enhanced, prefix)
		return ok && (rest == "" || rest[0] == '.')
	}
	return (len(r.Codes) == 0 || slices.Contains(r.Codes, o.Code)) &&
		(len(r.Enhanced) == 0 || slices.ContainsFunc(r.Enhanced, begins)) &&
		(r.Text == nil || r.Text.MatchString(o.Text))
}
