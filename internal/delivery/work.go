package delivery

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// work is a job on its way through servers.
type work struct {
	caller    context.Context // of the whole attempt; when it ends, we were told to stop
	job       myodai.Job
	beganAt   time.Time
	begin     time.Duration // age from which nothing new is begun
	outcomes  []myodai.Outcome
	settled   []bool
	unsettled int
	next      int             // all items before it are settled
	failure   *myodai.Outcome // of the servers so far, for whoever is left at the end
}

func newWork(caller context.Context, job myodai.Job, begin time.Duration) *work {
	return &work{
		caller: caller, job: job, beganAt: time.Now(), begin: begin,
		outcomes: make([]myodai.Outcome, len(job.Items)), settled: make([]bool, len(job.Items)),
		unsettled: len(job.Items),
	}
}

// share is the items of a job that ask the same of TLS.
type share struct {
	job     myodai.Job
	indexes []int // of its items in the whole job
	rule    myodai.TLSRule
}

// byRule splits a job by what its items ask of TLS, which most often is the same.
func byRule(job myodai.Job) []share {
	var shares []share
	at := map[myodai.TLSRule]int{}
	for i, item := range job.Items {
		rule := item.Delivery.Terms.TLS
		n, known := at[rule]
		if !known {
			n = len(shares)
			at[rule] = n
			own := job
			own.Items = make([]myodai.JobItem, 0, len(job.Items)-i)
			shares = append(shares, share{job: own, rule: rule, indexes: make([]int, 0, len(job.Items)-i)})
		}
		p := &shares[n]
		p.job.Items, p.indexes = append(p.job.Items, item), append(p.indexes, i)
	}
	for n := range shares {
		if indexes := shares[n].indexes; job.Settled != nil {
			shares[n].job.Settled = func(k int, o myodai.Outcome) { job.Settled(indexes[k], o) }
		}
	}
	return shares
}

// batch lists the indexes of unsettled items, of which there are some, for one
// transaction, most at most and as many as the job allows: they are of one message,
// and what comes back of it comes back to one address. A return path that belongs
// to one delivery keeps it to itself.
func (w *work) batch(most int) []int {
	for w.settled[w.next] {
		w.next++
	}
	list, first := []int{w.next}, w.job.Items[w.next].Delivery
	if first.MessageID == "" {
		return list
	}
	if w.job.Recipients > 0 {
		most = min(most, w.job.Recipients)
	}
	for i := w.next + 1; i < len(w.settled) && len(list) < most; i++ {
		d := w.job.Items[i].Delivery
		if !w.settled[i] && d.MessageID == first.MessageID && d.ReturnPath == first.ReturnPath {
			list = append(list, i)
		}
	}
	return list
}

// settle fixes the outcome of one item.
func (w *work) settle(i int, o myodai.Outcome) {
	w.outcomes[i], w.settled[i] = o, true
	w.unsettled--
	if w.job.Settled != nil {
		w.job.Settled(i, o)
	}
}

// fail notes that one way to the domain is of no use to those still unsettled.
// What fails because we were told to stop is nobody's failure.
func (w *work) fail(o myodai.Outcome) {
	if w.caller.Err() != nil {
		return
	}
	if o.At.IsZero() {
		o.At, o.Took = time.Now(), time.Since(w.beganAt)
	}
	w.failure = worse(w.failure, &o)
}

// done reports whether nothing more is to be begun.
func (w *work) done(ctx context.Context) bool {
	return w.unsettled == 0 || ctx.Err() != nil || time.Since(w.beganAt) >= w.begin || w.job.Enough != nil && w.job.Enough()
}

// finish gives the failure of the servers to everyone still unsettled. Without
// one their turn has not come, and they keep the zero Outcome.
func (w *work) finish() []myodai.Outcome {
	for i := range w.job.Items {
		if !w.settled[i] && w.failure != nil {
			w.settle(i, *w.failure)
		}
	}
	return w.outcomes
}
