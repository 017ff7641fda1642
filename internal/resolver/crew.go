package resolver

import (
	"sync"
	"time"
)

// crewIdle is how long a member of a crew waits for more to do.
const crewIdle = time.Second

// crew does work side by side, by goroutines that stay for a while: a new one has
// to grow its stack first, which takes as long as reading an answer.
type crew struct{ work chan func() }

// each does n pieces of work at the same time, the last one itself, and returns
// when all are done.
func (c *crew) each(n int, do func(i int)) {
	if n == 0 {
		return
	}
	var left sync.WaitGroup
	left.Add(n - 1)
	for i := range n - 1 {
		c.start(func() { defer left.Done(); do(i) })
	}
	do(n - 1)
	left.Wait()
}

// start gives work to a member that waits, or to a new one.
func (c *crew) start(work func()) {
	select {
	case c.work <- work:
	default:
		go c.member(work)
	}
}

func (c *crew) member(work func()) {
	idle := time.NewTimer(crewIdle)
	defer idle.Stop()
	for {
		work()
		idle.Reset(crewIdle)
		select {
		case work = <-c.work:
		case <-idle.C:
			return
		}
	}
}
