package queue

import (
	"fmt"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

func waiting(domain string, n int, leased time.Time) []myodai.Delivery {
	var list []myodai.Delivery
	for i := range n {
		list = append(list, myodai.Delivery{
			ID:        myodai.DeliveryID(fmt.Sprintf("%s-%d", domain, i)),
			Recipient: myodai.Address{Local: "u", Domain: myodai.Name(domain)}, LeasedUntil: leased,
		})
	}
	return list
}

// begin takes out jobs as long as there are any, and writes them down as
// "domain×size".
func begin(l *lanes) string {
	text := ""
	for {
		to, list, ok := l.next()
		if !ok {
			return text
		}
		text += fmt.Sprintf("%s×%d ", string(to.domain)+string(to.route), len(list))
	}
}

func TestLanes(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := newLanes(5, 3, 10)
	l.add(waiting("a", 45, now))
	l.add(waiting("b", 10, now))
	l.add(waiting("c", 1, now))
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"unknown domains have one session each", func() {}, "a×10 b×10 c×1 "},
		{"no change, no job", func() {}, ""},
		{"a answers and may have three; five in all", func() { l.answered(way{"a", ""}) }, "a×10 a×10 "},
		{"three are the most for one domain", func() { l.ended(way{"b", ""}, true) }, ""},
		{"one of them ends", func() { l.ended(way{"a", ""}, true) }, "a×10 "},
		{"nobody answered in the next", func() { l.ended(way{"a", ""}, false) }, ""},
		{"nor in the one after that", func() { l.ended(way{"a", ""}, false) }, ""},
		{"the last of a", func() { l.ended(way{"a", ""}, false) }, "a×5 "},
		{"b comes back", func() { l.add(waiting("b", 1, now)) }, "b×1 "},
	} {
		step.do()
		if got := begin(l); got != step.want {
			t.Errorf("%s: %q, want %q", step.name, got, step.want)
		}
	}
	l.ended(way{"a", ""}, true)
	l.ended(way{"b", ""}, true)
	l.ended(way{"c", ""}, true)
	if l.running != 0 || l.waiting != 0 || len(l.lanes) != 0 || len(l.order) != 0 {
		t.Errorf("left behind: %+v", l)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	l := newLanes(2, 10, 1)
	l.add(waiting("a", 1, time.Time{}))
	l.add(waiting("b", 1, time.Time{}))
	l.add(waiting("c", 1, time.Time{}))
	if got := begin(l); got != "a×1 b×1 " {
		t.Errorf("began %q", got)
	}
	l.ended(way{"a", ""}, true)
	if got := begin(l); got != "c×1 " {
		t.Errorf("then began %q", got)
	}
}

func TestDomainsTakeTurns(t *testing.T) {
	l := newLanes(100, 100, 1)
	l.add(waiting("a", 3, time.Time{}))
	l.add(waiting("b", 2, time.Time{}))
	l.answered(way{"a", ""})
	l.answered(way{"b", ""})
	if got := begin(l); got != "a×1 b×1 a×1 b×1 a×1 " {
		t.Errorf("began %q", got)
	}
}

func TestDrop(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := newLanes(100, 100, 10)
	l.add(waiting("a", 2, now))
	l.add(waiting("b", 1, now.Add(-1)))
	l.add(waiting("a", 1, now.Add(-1)))
	if got := fmt.Sprint(l.drop(now)); got != "[a-0 b-0]" {
		t.Errorf("dropped %s", got)
	}
	if l.waiting != 2 || begin(l) != "a×2 " {
		t.Errorf("left %+v", l)
	}
}
