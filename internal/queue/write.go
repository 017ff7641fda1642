package queue

import (
	"context"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/crash"
)

// batchSize is how many results one transaction takes at most. Without load each
// is written alone and at once; under load they fill up while the last
// transaction runs.
const batchSize = 200

// result is what waits to be written, and until when that makes sense.
type result struct {
	finished myodai.Finished
	until    time.Time
}

// write records results until there are no more and all are written, or ctx
// ends. It is the only writer, so results cannot overtake each other.
//
// What cannot be written is tried again each second for as long as its lease can
// hold. After that somebody else attempts the delivery again anyway.
func (q *Queue) write(ctx context.Context) {
	var unwritten, fresh []result
	for open := true; open || len(unwritten) > 0 && ctx.Err() == nil; {
		clear(fresh)
		fresh, open = q.collect(ctx, fresh[:0], len(unwritten) > 0)
		if err := q.record(ctx, fresh); err != nil {
			if len(unwritten) == 0 {
				q.with.Log.ErrorContext(ctx, "record attempts", "count", len(fresh), "err", err)
			}
			unwritten = append(unwritten, fresh...)
			continue
		}
		unwritten = q.again(ctx, unwritten)
	}
	if len(unwritten) > 0 {
		q.with.Log.ErrorContext(ctx, "results are lost; their deliveries will be attempted again", "count", len(unwritten))
	}
}

// collect waits for a result and adds all there are to the list, up to a batch;
// with retry it waits no longer than a second. open is false when there are no more.
func (q *Queue) collect(ctx context.Context, list []result, retry bool) (_ []result, open bool) {
	var pause <-chan time.Time
	if retry {
		pause = time.After(time.Second)
	}
	select {
	case f, ok := <-q.records:
		if !ok {
			if retry {
				select {
				case <-pause:
				case <-ctx.Done():
				}
			}
			return list, false
		}
		list = append(list, result{f, time.Now().Add(q.with.Lease)})
	case <-pause:
	}
	for len(list) < batchSize {
		select {
		case f, ok := <-q.records:
			if !ok {
				return list, false
			}
			list = append(list, result{f, time.Now().Add(q.with.Lease)})
		default:
			return list, true
		}
	}
	return list, true
}

// record writes results in one transaction.
func (q *Queue) record(ctx context.Context, list []result) error {
	if len(list) == 0 {
		return nil
	}
	finished := make([]myodai.Finished, len(list))
	for i, r := range list {
		finished[i] = r.finished
	}
	crash.Point("results", "before they are written")
	lost, err := q.with.Store.FinishDeliveries(ctx, q.with.Owner, finished)
	if err != nil {
		return err
	}
	if len(lost) > 0 {
		q.metrics.lost.Add(float64(len(lost)))
		q.with.Log.WarnContext(ctx, "leases were taken over; these results are not recorded", "deliveries", lost)
	}
	return nil
}

// again writes results one by one until one fails, which goes to the end of the
// list. So a result the store can never take holds up the others for a second
// each time, and a store that is away is asked once a second.
func (q *Queue) again(ctx context.Context, list []result) []result {
	for len(list) > 0 {
		first := list[0]
		list = list[1:]
		if q.record(ctx, []result{first}) == nil {
			continue
		}
		if time.Now().Before(first.until) {
			list = append(list, first)
		}
		break
	}
	return list
}
