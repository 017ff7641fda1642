package queue_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/queue"
)

// board keeps what a node says of sites.
type board struct {
	mu     sync.Mutex
	states map[string][]myodai.SiteState // by the node's name
	resume []myodai.Site
}

func (b *board) ReportSites(_ context.Context, name, _ string, states []myodai.SiteState, _ []myodai.Sent, _ time.Time) ([]myodai.Site, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.states == nil {
		b.states = map[string][]myodai.SiteState{}
	}
	b.states[name] = states
	resume := b.resume
	b.resume = nil
	return resume, nil
}

func (b *board) RecallSites(_ context.Context, name string, _ time.Time) ([]myodai.SiteState, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.states[name]), nil
}

func (b *board) SentOn(context.Context, time.Time) ([]myodai.Sent, error) { return nil, nil }

// sulky is an agent whose one site wants to be left alone, as long as it does.
type sulky struct {
	mu       sync.Mutex
	no       bool
	attempts []time.Time
}

func (s *sulky) Attempt(_ context.Context, job myodai.Job) []myodai.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []myodai.Outcome
	for i := range job.Items {
		s.attempts = append(s.attempts, time.Now())
		o := myodai.Outcome{Kind: myodai.OutcomeDelivered, Code: 250, At: time.Now()}
		if s.no {
			o = myodai.Outcome{Kind: myodai.OutcomeTransient, Code: 451, Enhanced: "4.7.1", Text: "you are sending too much", At: time.Now()}
		}
		job.Settled(i, o)
		list = append(list, o)
	}
	return list
}

// TestSitesSurviveARestart has a site ask for a pause, and the node start anew: the
// site is left alone until the pause is over, and gets half as much then. A node with
// another name does not know, and nor does one whose operator had the site resumed.
func TestSitesSurviveARestart(t *testing.T) {
	for _, tt := range []struct {
		node          string
		resume, knows bool
	}{{"one", false, true}, {"two", false, false}, {"one", true, false}} {
		synctest.Test(t, func(t *testing.T) {
			sites, agent := &board{}, &sulky{no: true}
			begun := time.Now()
			first := newMemory(1, "example.net")
			_, stop := start(t, queue.Options{Store: first, Agent: agent, Sites: sites, Node: "one"})
			time.Sleep(20 * time.Second)
			stop()
			if len(agent.attempts) != 1 || len(sites.states["one"]) != 1 || sites.states["one"][0].Eased == 0 {
				t.Fatalf("attempts %v, states %+v", agent.attempts, sites.states)
			}
			paused := sites.states["one"][0].PausedUntil
			if tt.resume {
				sites.resume = []myodai.Site{"example.net"}
			}
			agent.no = false
			second := newMemory(1, "example.net")
			_, stop = start(t, queue.Options{Store: second, Agent: agent, Sites: sites, Node: tt.node})
			defer stop()
			second.wait(t.Context(), func() bool { return second.deliveries[0].State == myodai.DeliveryDelivered })
			time.Sleep(20 * time.Second)
			stop()
			at := agent.attempts[1]
			if left := !at.Before(paused); left != tt.knows || !paused.After(begun.Add(time.Minute)) {
				t.Errorf("%+v: paused until %v, mailed after %v", tt, paused.Sub(begun), at.Sub(begun))
			}
			if state := sites.states[tt.node]; tt.knows && (len(state) != 1 || state[0].Eased != 5 || state[0].Why == "" || !state[0].PausedUntil.IsZero()) {
				t.Errorf("afterwards it is %+v", state)
			}
		})
	}
}

// What is known of a site that nothing goes to is told on, for the run after this
// one, and forgotten when it is old.
func TestKnowledgeOfIdleSites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sites := &board{states: map[string][]myodai.SiteState{"one": {
			{Site: "a.example", Why: "421 busy", Eased: 3, Since: time.Now(), PausedUntil: time.Now().Add(2 * time.Hour)},
			{Site: "b.example", Why: "421 busy", Eased: 3, Since: time.Now()},
			{Site: "c.example"},
		}}}
		_, stop := start(t, queue.Options{Store: newMemory(0), Agent: &sulky{}, Sites: sites, Node: "one"})
		defer stop()
		for _, want := range []struct {
			after time.Duration
			known string
		}{{10 * time.Second, "a.example b.example "}, {90 * time.Minute, "a.example "}, {3 * time.Hour, ""}} {
			time.Sleep(want.after)
			sites.mu.Lock()
			known := ""
			for _, s := range sites.states["one"] {
				known += string(s.Site) + " "
			}
			sites.mu.Unlock()
			if known != want.known {
				t.Errorf("after %v: %q, want %q", want.after, known, want.known)
			}
		}
	})
}
