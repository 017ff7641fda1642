package console

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains"
)

// How a page that watches is kept up to date.
const (
	liveLooks = 5                // at what the store has, for one check
	liveTime  = 10 * time.Minute // after which the browser asks anew
	liveMost  = 500              // streams of one node
	liveEach  = 8                // streams of one domain
)

// watchers counts who watches, so that nobody holds more than their share.
type watchers struct {
	mu    sync.Mutex
	all   int
	about map[myodai.DomainID]int
}

// enter counts a watcher in; ok is false when there are too many.
func (w *watchers) enter(id myodai.DomainID) (leave func(), ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all >= liveMost || w.about[id] >= liveEach {
		return nil, false
	}
	if w.about == nil {
		w.about = map[myodai.DomainID]int{}
	}
	w.all++
	w.about[id]++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.all--
		if w.about[id]--; w.about[id] == 0 {
			delete(w.about, id)
		}
	}, true
}

// piece is one part of a page that changes, by the id of its element.
type piece struct {
	ID   string
	Name string // of its template
	Data any
}

// stream is a page that is kept up to date by server-sent events. Only what has
// changed is sent.
type stream struct {
	v      *visit
	page   string
	tenant myodai.TenantID
	id     myodai.DomainID
	pieces func(reading) []piece
	sent   map[string][32]byte
}

// watchDomain keeps the third step of the set-up up to date.
func watchDomain(v *visit) error {
	in, err := v.domain()
	if err != nil {
		return err
	}
	return v.watch("check", in, func(in reading) []piece { return checkPieces(newCheckView(v.reader, in)) })
}

func checkPieces(c checkView) []piece {
	list := []piece{{"status", "status", c.Status}}
	for _, r := range c.Board.Records {
		list = append(list, piece{r.ID, "watched", r})
	}
	return list
}

// watch streams what changes about a domain until the reader leaves, or all is
// done.
func (v *visit) watch(page string, in reading, pieces func(reading) []piece) error {
	leave, ok := v.watchers.enter(in.Domain.ID)
	if !ok {
		return myodai.Refuse(myodai.CodeUnavailable, "", "too many pages watch this domain; close some and load this one again")
	}
	defer leave()
	ctx, cancel := context.WithTimeout(v.r.Context(), liveTime)
	defer cancel()
	s := &stream{v: v, page: page, tenant: in.Domain.TenantID, id: in.Domain.ID, pieces: pieces, sent: map[string][32]byte{}}
	v.begun = true
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no") // a proxy would keep events until the end
	s.write("retry: 3000\n\n")
	return s.run(ctx, in)
}

// run sends what there is, looks at DNS, and sends again. The planned records
// are the same for the whole stream: when they change the page is loaded anew.
func (s *stream) run(ctx context.Context, in reading) error {
	planned := in.Domain.PlannedAt
	for {
		if err := s.send(in); err != nil {
			return err
		}
		if in.Domain.State == myodai.DomainVerified && in.settled() {
			s.event("done", struct{}{})
			return nil
		}
		if time.Since(in.Last.At) > liveLooks*s.v.o.Look {
			s.check(ctx, in)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(s.v.o.Look):
		}
		var err error
		s.v.now = time.Now()
		if in, err = s.v.read(ctx, s.tenant, s.id); err != nil {
			return err
		}
		if !in.Domain.PlannedAt.Equal(planned) {
			s.event("reload", struct{}{})
			return nil
		}
	}
}

// settled reports whether nothing is left to wait for.
func (r reading) settled() bool {
	done, all := r.done()
	return done == all && r.current()
}

// check asks DNS, and sends each record as it is judged. That it could not ask
// is no reason to stop watching.
func (s *stream) check(ctx context.Context, in reading) {
	_, err := s.v.o.Domains.CheckNow(ctx, s.tenant, s.id, func(p domains.Progress) {
		for _, r := range p.Records {
			for i, seen := range in.Seen {
				if seen.Name == r.Name && seen.Type == r.Type && seen.Purpose == r.Purpose {
					in.Seen[i] = r
				}
			}
		}
		if len(p.Records) > 0 {
			_ = s.send(in) // said again after the check
		}
	})
	if err != nil && ctx.Err() == nil {
		s.v.log.WarnContext(ctx, "check for a page", "request", s.v.id, "domain", s.id, "err", err)
	}
}

// send sends the pieces that are not as they were sent last.
func (s *stream) send(in reading) error {
	for _, p := range s.pieces(in) {
		var out bytes.Buffer
		if err := s.v.execute(&out, s.page, p.Name, p.Data); err != nil {
			return err
		}
		sum := sha256.Sum256(out.Bytes())
		if s.sent[p.ID] == sum {
			continue
		}
		s.sent[p.ID] = sum
		s.event("piece", map[string]string{"id": p.ID, "html": out.String()})
	}
	return nil
}

// event writes one event at once. A reader who has gone is noticed by the
// context of the request.
func (s *stream) event(kind string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		panic("console: an event cannot be written: " + err.Error())
	}
	s.write(fmt.Sprintf("event: %s\ndata: %s\n\n", kind, text))
}

func (s *stream) write(text string) {
	c := http.NewResponseController(s.v.w)
	_ = c.SetWriteDeadline(time.Now().Add(2 * liveTime)) // the server's own is shorter than a stream
	_, _ = s.v.w.Write([]byte(text))
	_ = c.Flush()
}
