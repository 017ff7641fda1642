package delivery

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/myodai/myodai"
)

// Options is what an Agent works with. Lookup, Dial and Hostname must be given.
type Options struct {
	// Lookup answers a question from a cache, aliases followed.
	Lookup func(ctx context.Context, name myodai.Name, t myodai.RecordType) myodai.Answer
	// Validates tells that what Lookup calls validated was validated by somebody we
	// believe, over a way that nobody can forge. Only then is there DANE (RFC 7672).
	Validates bool
	// Dial connects to an IP address and port. It refuses forbidden addresses
	// with a *myodai.Error (T35); there is no other guard behind it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// DialFrom is Dial from a local address, for jobs whose source has any; it may be
	// nil where no job does.
	DialFrom func(ctx context.Context, from netip.Addr, network, address string) (net.Conn, error)
	// Hostname is the name we give in EHLO. It should be that of the addresses we
	// send from, forwards and backwards.
	Hostname myodai.Name
	// MailHost is the host that takes mail in for us, to notice mail that would
	// come back; "" means Hostname.
	MailHost myodai.Name
	// Port is where other mail servers listen; 0 means 25.
	Port uint16
	// Smarthost takes all mail, instead of the recipients' own servers; nil means
	// there is none.
	Smarthost *Smarthost
	// Roots are the certificate authorities believed: at a smarthost with a
	// password they decide, elsewhere they are only told of. nil means the system's.
	Roots *x509.CertPool
	// Shuffle orders n things at random, where equals are to share the load; nil
	// means rand.Shuffle.
	Shuffle func(n int, swap func(i, j int))
	// Keep is how long a connection waits for the next job to its server before we
	// say good-bye; 0 means 2 s, less means that none waits.
	Keep time.Duration
	// Timeouts bounds every wait; zero fields mean the values of RFC 5321.
	Timeouts Timeouts
	// Log is told of what is our own fault; nil means nobody is.
	Log *slog.Logger
}

// Smarthost is a mail server that relays for us.
type Smarthost struct {
	Host     string // host name or IP address
	Port     uint16 // 0 means 587; on 465 TLS begins at once, elsewhere by STARTTLS
	User     string // for AUTH, which goes over verified TLS only; "" means no AUTH
	Password string
}

// Agent delivers jobs. It may be used by any number of goroutines.
type Agent struct {
	with Options // completed
	kept kept
	wary wary

	web      *http.Client // fetches MTA-STS policies
	policies policies
}

// NewAgent makes an agent. It asks nothing and connects nowhere yet.
func NewAgent(o Options) *Agent {
	if o.MailHost == "" {
		o.MailHost = o.Hostname
	}
	if o.Port == 0 {
		o.Port = 25
	}
	if o.Shuffle == nil {
		// Which of two equal servers gets a mail is nothing an attacker must not guess.
		o.Shuffle = rand.Shuffle
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if s := o.Smarthost; s != nil && s.Port == 0 {
		with := *s
		with.Port = 587
		o.Smarthost = &with
	}
	if o.Keep == 0 {
		o.Keep = 2 * time.Second
	}
	o.Timeouts = o.Timeouts.withDefaults()
	a := &Agent{with: o}
	a.web = newWeb(a)
	return a
}

// Attempt tries to deliver every item of job and returns one outcome per item,
// in their order. It ends within Timeouts.Total, and soon when ctx ends.
//
// The zero Outcome, which has no Kind, means that the item's turn did not come
// before the time was up or ctx ended: no server can have taken it.
func (a *Agent) Attempt(ctx context.Context, job myodai.Job) []myodai.Outcome {
	limited, cancel := context.WithTimeout(ctx, a.with.Timeouts.Total)
	defer cancel()
	outcomes := make([]myodai.Outcome, len(job.Items))
	for _, p := range byRule(job) {
		w := newWork(ctx, p.job, a.with.Timeouts.Begin)
		if a.with.Smarthost != nil {
			a.toSmarthost(limited, w, p.rule)
		} else {
			a.toExchangers(limited, w, p.rule)
		}
		for k, o := range w.finish() {
			outcomes[p.indexes[k]] = o
		}
	}
	return outcomes
}

// toExchangers tries the domain's own servers, best first.
func (a *Agent) toExchangers(ctx context.Context, w *work, rule myodai.TLSRule) {
	domain := w.job.Domain
	mx := a.with.Lookup(ctx, domain, myodai.TypeMX)
	hosts, problem := exchangers(domain, a.with.MailHost, mx, a.with.Shuffle)
	if problem != nil {
		w.fail(*problem)
	}
	s := course{domain: domain, rule: rule, secure: a.with.Validates && mx.Validated}
	if rule != myodai.TLSOptional {
		s.policy = a.policy(ctx, domain, time.Now())
	}
	tried := map[netip.Addr]bool{}
	for _, host := range hosts {
		if w.done(ctx) {
			return
		}
		list, reached, problem := a.addresses(ctx, host)
		if problem != nil {
			w.fail(*problem)
			continue
		}
		d, problem := a.demand(ctx, s, host, reached)
		if problem != nil {
			w.fail(*problem)
			continue
		}
		list = slices.DeleteFunc(list, func(ip netip.Addr) bool { return tried[ip] })
		for _, ip := range list {
			tried[ip] = true
		}
		a.visitAny(ctx, w, target{host: host, demand: d}, list, a.with.Port)
	}
}

// toSmarthost tries the addresses of the smarthost. Whatever is wrong with it is
// ours to mend, so nothing about reaching it is permanent.
func (a *Agent) toSmarthost(ctx context.Context, w *work, rule myodai.TLSRule) {
	host, d := a.with.Smarthost.Host, demandOf(rule)
	if a.with.Smarthost.User != "" && !d.verified {
		d.encrypted, d.verified, d.by = true, true, "the password for it"
	}
	list := []netip.Addr{}
	if ip, err := netip.ParseAddr(host); err == nil {
		list = append(list, ip)
	} else {
		found, _, problem := a.addresses(ctx, myodai.Name(host))
		if problem != nil {
			problem.Kind = myodai.OutcomeTransient
			w.fail(*problem)
		}
		list = found
	}
	a.visitAny(ctx, w, target{host: myodai.Name(host), smarthost: a.with.Smarthost, demand: d}, list, a.with.Smarthost.Port)
}

// visitAny visits the addresses of a host, those that the job's source can reach,
// until there is nothing left to deliver.
func (a *Agent) visitAny(ctx context.Context, w *work, t target, list []netip.Addr, port uint16) {
	t.source = w.job.Source
	var left []netip.AddrPort
	for _, ip := range list {
		if _, ok := t.source.From(ip); ok {
			left = append(left, netip.AddrPortFrom(ip, port))
		}
	}
	if len(left) == 0 && len(list) > 0 {
		w.fail(*transient("4.4.4", "the source %s has no address that could reach %s", t.source.Name, t.host))
	}
	for len(left) > 0 && !w.done(ctx) {
		t.address, left = left[0], left[1:]
		a.visit(ctx, w, t, &left)
	}
}

func (a *Agent) addresses(ctx context.Context, host myodai.Name) ([]netip.Addr, reached, *myodai.Outcome) {
	v4 := a.with.Lookup(ctx, host, myodai.TypeA)
	v6 := a.with.Lookup(ctx, host, myodai.TypeAAAA)
	list, problem := addresses(host, v4, v6, a.with.Shuffle)
	at := reached{host, v4.Validated && v6.Validated}
	if len(v4.Records) > 0 {
		at = reached{v4.Name, v4.Validated}
	} else if len(v6.Records) > 0 {
		at = reached{v6.Name, v6.Validated}
	}
	return list, at, problem
}

// visit delivers what it can at one address, or at another of the host's that is
// quicker to connect to. A server that ends the connection after some messages gets
// another one for the rest, as long as each connection brings something, was kept
// from an earlier job and has died since, or teaches us to do without CHUNKING.
func (a *Agent) visit(ctx context.Context, w *work, t target, others *[]netip.AddrPort) {
	for !w.done(ctx) {
		left := w.unsettled
		s, used, problem := a.session(ctx, t, w.job.Domain, others)
		if problem != nil {
			w.fail(*problem)
			return
		}
		t = s.target
		problem = a.deliverAll(ctx, w, s)
		full := s.full(w.job.Messages)
		if problem == nil && !full && a.keep(s) {
			return
		}
		s.quit()
		if problem == nil && full {
			continue
		}
		if problem == nil {
			return
		}
		if w.unsettled == left && !used && !s.misled {
			w.fail(*problem)
			return
		}
	}
}

// deliverAll has one transaction after the other, until all items are settled or
// the connection is lost; then it returns the outcome that stands for the loss.
func (a *Agent) deliverAll(ctx context.Context, w *work, s *session) *myodai.Outcome {
	s.noChunks = w.job.NoChunking
	for !w.done(ctx) && !s.full(w.job.Messages) {
		begun := time.Now()
		batch := w.batch(s.most)
		s.serve(w.job.Domain)
		items := make([]myodai.JobItem, len(batch))
		for k, i := range batch {
			items[k] = w.job.Items[i]
		}
		outcomes, lost := s.transact(ctx, items)
		s.carried++
		last := lost
		for k, o := range outcomes {
			if o == nil {
				continue
			}
			s.stamp(o, k, begun)
			w.settle(batch[k], *o)
			last = o
		}
		if lost != nil {
			s.stamp(lost, everybody, begun)
			return lost
		}
		if s.closed {
			return last
		}
	}
	return nil
}

// held is the outcome of an item whose Load failed.
func (a *Agent) held(ctx context.Context, item myodai.JobItem, err error) *myodai.Outcome {
	if refusal, ok := errors.AsType[*myodai.Error](err); ok {
		return transient("4.7.1", "held back: %s", refusal.Message)
	}
	if ctx.Err() == nil {
		a.with.Log.ErrorContext(ctx, "load message", "delivery", item.Delivery.ID, "err", err)
	}
	return transient("4.3.0", "held back: internal error")
}
