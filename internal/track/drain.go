package track

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/myodai/myodai"
)

const (
	drainSize = 1000             // visits of one transaction
	drainTime = 20 * time.Second // that it may take
)

// drainVisits brings the visits into the store that are old enough for those
// around them to be known. A visit that is not old enough ends it: the rest is
// newer still.
func (s *Server) drainVisits(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		n, err := s.drainSome(ctx, began)
		if err != nil {
			s.fault(ctx, err)
			return
		}
		if n == 0 {
			return
		}
		// Most of the time belongs to those who wait for an answer: the database has
		// two thousand visits a second all the same, and a rush waits in the spool.
		pause := time.NewTimer(4 * time.Since(began))
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
	}
}

// drainSome brings some visits into the store, and says how many.
func (s *Server) drainSome(ctx context.Context, now time.Time) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	list, to, err := s.visits.read(drainSize)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	records, err := decodeRecords(list)
	if err != nil {
		return 0, err
	}
	for n < len(records) && now.Sub(records[n].at()) >= s.o.Settle {
		n++
	}
	if n == 0 {
		return 0, nil
	}
	for _, left := range list[n:] {
		to.offset -= int64(frameSize + len(left))
	}
	visits, recent, err := s.judgeAll(ctx, records, n)
	if err != nil {
		return 0, err
	}
	err = s.o.Store.RecordVisits(ctx, visits, s.tell)
	if err != nil && !isRefusal(err) {
		return 0, err
	}
	if err != nil { // nothing will make it better, and others wait behind it
		s.fault(ctx, fmt.Errorf("visits were given up: %w", err))
	}
	s.metrics.drained.Add(float64(n))
	s.recent = recent
	return n, s.visits.take(to)
}

// judgeAll judges the first n records, in the light of all of them, of those just
// before, and of when their mails were delivered. recent is what those that come
// after are to be judged by.
func (s *Server) judgeAll(ctx context.Context, records []record, n int) (list []myodai.Visit, recent []seen, err error) {
	around := map[myodai.Copy][]seen{}
	var copies []myodai.Copy
	for _, r := range records {
		c := r.copy()
		if around[c] == nil {
			copies = append(copies, c)
		}
		around[c] = append(around[c], r.seen())
	}
	delivered, err := s.o.Store.Delivered(ctx, copies)
	if err != nil {
		return nil, nil, err
	}
	var earlier []seen
	for _, v := range s.recent {
		if c := v.visit.Copy; around[c] != nil && v.visit.At.After(records[0].at().Add(-together)) {
			around[c] = append(around[c], v)
		}
		if v.visit.At.After(records[n-1].at().Add(-together)) {
			earlier = append(earlier, v)
		}
	}
	visits := make([]myodai.Visit, n)
	for i, r := range records[:n] {
		v := r.seen()
		v.visit.By, v.visit.Reason = judge(v, delivered[r.copy()], around[r.copy()])
		visits[i] = v.visit
		earlier = append(earlier, v)
	}
	return visits, earlier, nil
}

// tell makes the event of a visit.
func (s *Server) tell(v myodai.Visit) []myodai.Event {
	kind := myodai.EventMessageClicked
	data := map[string]any{"by": string(v.By), "reason": string(v.Reason), "first": v.First, "agent": v.Agent, "visit": string(v.ID)}
	if v.Kind == myodai.VisitOpen {
		kind = myodai.EventMessageOpened
	} else {
		data["url"], data["link"] = v.URL, v.Link
	}
	return []myodai.Event{{
		ID: myodai.NewID[myodai.EventID](v.At, s.o.Random), TenantID: v.Copy.TenantID, Kind: kind, At: v.At,
		MessageID: v.Copy.MessageID, DeliveryID: v.Copy.DeliveryID, Data: data,
	}}
}

// drainWishes does what recipients wished, in the order in which they did.
func (s *Server) drainWishes(ctx context.Context) {
	for ctx.Err() == nil {
		list, to, err := s.wishes.read(drainSize)
		if err != nil || len(list) == 0 {
			if err != nil {
				s.fault(ctx, err)
			}
			return
		}
		records, err := decodeRecords(list)
		for i := 0; i < len(records) && err == nil; i++ {
			if err = s.grant(ctx, records[i].wish()); isRefusal(err) {
				s.fault(ctx, fmt.Errorf("an unsubscription was given up: %w", err))
				err = nil
			}
		}
		if err == nil {
			err = s.wishes.take(to)
		}
		if err != nil {
			s.fault(ctx, err)
			return
		}
	}
}

// grant does what one recipient wished.
func (s *Server) grant(ctx context.Context, u myodai.Unsubscription) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	suppression := myodai.NewID[myodai.SuppressionID](u.At, s.o.Random)
	return s.o.Store.Unsubscribe(ctx, u, suppression, func(u myodai.Unsubscription, recipient myodai.Address) []myodai.Event {
		event := func(kind myodai.EventKind, data map[string]any) myodai.Event {
			return myodai.Event{
				ID: myodai.NewID[myodai.EventID](u.At, s.o.Random), TenantID: u.Copy.TenantID, Kind: kind, At: u.At,
				MessageID: u.Copy.MessageID, DeliveryID: u.Copy.DeliveryID, Data: data,
			}
		}
		data := map[string]any{"recipient": recipient.String(), "class": string(u.Class), "way": string(u.Way)}
		if u.Undo {
			return []myodai.Event{event(myodai.EventMessageResubscribed, data)}
		}
		return []myodai.Event{event(myodai.EventMessageUnsubscribed, data)}
	})
}

// isRefusal reports whether the store said that it never will.
func isRefusal(err error) bool {
	_, ok := errors.AsType[*myodai.Error](err)
	return ok
}
