package track_test

import (
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/track"
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// T54: who a visit is by. Times are seconds after delivery.
func TestJudge(t *testing.T) {
	click := func(after float64, link int) track.Noted {
		return track.Noted{Kind: myodai.VisitClick, After: after, Agent: firefox, Link: link, Of: 3}
	}
	open := func(agent string) track.Noted {
		return track.Noted{Kind: myodai.VisitOpen, After: 60, Agent: agent}
	}
	head := click(60, 1)
	head.Head = true
	prefetch := click(60, 1)
	prefetch.Prefetch = true
	with := func(n track.Noted, agent string) track.Noted { n.Agent = agent; return n }
	shared := func(n track.Noted) track.Noted { n.Shared = true; return n }
	of := func(n track.Noted, of int) track.Noted { n.Of = of; return n }
	for _, tt := range []struct {
		name   string
		visit  track.Noted
		others []track.Noted
		by     myodai.Visitor
		reason myodai.VisitReason
	}{
		{"a click", click(60, 1), nil, myodai.VisitorPerson, ""},
		{"on a phone", with(click(60, 1), "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"), nil, myodai.VisitorPerson, ""},
		{"HEAD", head, nil, myodai.VisitorMachine, myodai.ReasonHead},
		{"GET right after HEAD", click(62, 1), []track.Noted{head}, myodai.VisitorMachine, myodai.ReasonHead},
		{"GET long after HEAD", click(66, 1), []track.Noted{head}, myodai.VisitorPerson, ""},
		{"GET by another after HEAD", with(click(62, 1), "Mozilla/5.0 (Macintosh)"), []track.Noted{head}, myodai.VisitorPerson, ""},
		{"GET of another link after HEAD", click(62, 2), []track.Noted{head}, myodai.VisitorPerson, ""},
		{"GET before HEAD", click(59, 1), []track.Noted{head}, myodai.VisitorPerson, ""},
		{"prefetch", prefetch, nil, myodai.VisitorMachine, myodai.ReasonPrefetch},
		{"scanner", with(click(60, 1), "Mozilla/5.0 (compatible; Barracuda Sentinel)"), nil, myodai.VisitorMachine, myodai.ReasonAgent},
		{"preview in a chat", with(click(60, 1), "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"), nil, myodai.VisitorMachine, myodai.ReasonAgent},
		{"headless browser", with(click(60, 1), "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/140.0 Safari/537.36"), nil, myodai.VisitorMachine, myodai.ReasonAgent},
		{"library", with(click(60, 1), "python-requests/2.32"), nil, myodai.VisitorMachine, myodai.ReasonAgent},
		{"no name", with(click(60, 1), ""), nil, myodai.VisitorMachine, myodai.ReasonAgent},
		{"before the mail was taken", click(-1, 1), nil, myodai.VisitorMachine, myodai.ReasonAtOnce},
		{"sooner than anybody reads", click(3.9, 1), nil, myodai.VisitorMachine, myodai.ReasonAtOnce},
		{"as soon as somebody may", click(4, 1), nil, myodai.VisitorPerson, ""},
		{"every link at once", click(60, 1), []track.Noted{click(60.5, 2), click(61, 3)}, myodai.VisitorMachine, myodai.ReasonEveryLink},
		{"every link but one", click(60, 1), []track.Noted{click(60.5, 2)}, myodai.VisitorPerson, ""},
		{"every link, one after the other", click(60, 1), []track.Noted{click(66, 2), click(72, 3)}, myodai.VisitorPerson, ""},
		{"both of two links", of(click(60, 1), 2), []track.Noted{of(click(61, 2), 2)}, myodai.VisitorPerson, ""},
		{"one link twice", click(60, 1), []track.Noted{click(60.2, 1), click(60.4, 1)}, myodai.VisitorPerson, ""},
		{"five of thirty", of(click(60, 1), 30), []track.Noted{click(60, 2), click(61, 3), click(62, 4), click(63, 5)}, myodai.VisitorMachine, myodai.ReasonEveryLink},
		{"several recipients", shared(click(60, 1)), []track.Noted{shared(click(60.5, 2)), shared(click(61, 3))}, myodai.VisitorPerson, ""},
		{"open in a mail program", open("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Thunderbird/140.0"), nil, myodai.VisitorPerson, ""},
		{"open in Gmail", open("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"), nil, myodai.VisitorProxy, myodai.ReasonImageProxy},
		{"open in Yahoo", open("YahooMailProxy; https://help.yahoo.com/"), nil, myodai.VisitorProxy, myodai.ReasonImageProxy},
		{"Apple, read or not", open("Mozilla/5.0"), nil, myodai.VisitorUnknown, myodai.ReasonApplePrivacy},
		{"open by a scanner", open("Mozilla/5.0 (compatible; SecurityScanner)"), nil, myodai.VisitorMachine, myodai.ReasonAgent},
	} {
		if by, reason := track.Judged(tt.visit, tt.others...); by != tt.by || reason != tt.reason {
			t.Errorf("%s: %s %q, want %s %q", tt.name, by, reason, tt.by, tt.reason)
		}
	}
}
