package track

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// The tests make and read links without a store behind them.

type Link = link

func (s *Server) ReadLink(host myodai.Name, path string) (of myodai.Copy, url string, number int, ok bool) {
	l, ok := s.sealer.read(host, path)
	return l.copy, l.url, l.number, ok
}

func (s *Server) MakeLink(host myodai.Name, of myodai.Copy, url string) string {
	return s.sealer.path(host, link{kind: kindClick, copy: of, number: 1, of: 1, url: url})
}

func (s *Server) MakeOpen(host myodai.Name, of myodai.Copy) string {
	return s.sealer.path(host, link{kind: kindOpen, copy: of})
}

func (s *Server) MakeUnsubscribe(host myodai.Name, of myodai.Copy, class myodai.ClassName) string {
	return s.sealer.path(host, link{kind: kindUnsubscribe, copy: of, class: class})
}

// SealAnything makes an authentic token of any destination.
func (s *Server) SealAnything(host myodai.Name, of myodai.Copy, url string) string {
	return s.MakeLink(host, of, url)
}

func (s *Server) SetHosts(list []Host, suspended ...myodai.TenantID) { s.hosts.set(list, suspended) }

var Trackable = trackable

// Judged is judge for a visit among others, in seconds after delivery.
func Judged(v Noted, others ...Noted) (myodai.Visitor, myodai.VisitReason) {
	list := []seen{v.seen()}
	for _, o := range others {
		list = append(list, o.seen())
	}
	return judge(v.seen(), time.Unix(0, 0), list)
}

// Noted is a visit of a test.
type Noted struct {
	Kind     myodai.VisitKind
	After    float64
	Agent    string
	Link, Of int
	Head     bool
	Prefetch bool
	Shared   bool
}

func (n Noted) seen() seen {
	c := myodai.Copy{MessageID: "msg_", DeliveryID: "dlv_"}
	if n.Shared {
		c.DeliveryID = ""
	}
	at := time.Unix(0, 0).Add(time.Duration(n.After * float64(time.Second)))
	return seen{visit: myodai.Visit{Kind: n.Kind, At: at, Agent: n.Agent, Link: n.Link, Copy: c}, of: n.Of, head: n.Head, prefetch: n.Prefetch}
}

// Dir is where visits wait.
func (s *Server) Dir() string { return s.o.Dir }

// Spool is a spool of texts.
type Spool struct{ s *spool }

func OpenSpool(dir string, most int64) (*Spool, error) {
	s, err := openSpool(dir, most, time.Minute)
	return &Spool{s}, err
}

// Append returns when the record is durable.
func (s *Spool) Append(data []byte) error { return s.s.keep(data) }

func (s *Spool) Close() error { return s.s.close() }

// Drain reads and takes away all there is.
func (s *Spool) Drain(t interface{ Fatal(...any) }) (all []string) {
	for {
		list, to, err := s.s.read(7)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return all
		}
		for _, data := range list {
			all = append(all, string(data))
		}
		if err := s.s.take(to); err != nil {
			t.Fatal(err)
		}
	}
}

// DrainNow brings what may be brought into the store.
func (s *Server) DrainNow(ctx context.Context) {
	s.drainWishes(ctx)
	s.drainVisits(ctx)
}

// Asked says what the front reads out of the head of a request.
func Asked(head []byte) (what string, last, ok bool) {
	q, ok := parse(head)
	method := "GET"
	if q.head {
		method = "HEAD"
	}
	return fmt.Sprintf("%s /%c/%s at %s by %q, prefetch %t", method, q.kind, q.token, hostName(string(q.host)), q.agent, q.prefetch), q.last, ok
}

// AskedOf says the same of what net/http read.
func AskedOf(r *http.Request) string {
	by := visitorOf(r)
	return fmt.Sprintf("%s %s at %s by %q, prefetch %t", r.Method, r.URL.Path, hostName(r.Host), by.agent, by.prefetch)
}

// Stall keeps everything from the disk until it is told to go on.
func (s *Server) Stall() (goOn func()) {
	s.visits.files.Lock()
	return s.visits.files.Unlock
}
