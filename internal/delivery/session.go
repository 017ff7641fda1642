package delivery

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// target is one address of one mail server.
type target struct {
	host      myodai.Name // whose address it is; for TLS and for people
	address   netip.AddrPort
	smarthost *Smarthost // nil when it is an MX
	demand    demand
	source    myodai.Source
}

// session is one SMTP connection, ready for transactions once open has returned it.
type session struct {
	agent  *Agent
	target target
	raw    net.Conn // as connected
	conn   net.Conn // raw, or TLS over it
	r      *bufio.Reader
	w      *bufio.Writer
	said   *transcript
	offers map[string]string // EHLO keywords in capitals, with their parameters
	tls    string            // as in Outcome.TLS
	// brokenTLS tells that TLS was offered and failed, so that a demand for it
	// cannot be met.
	brokenTLS bool
	refusal   string // of STARTTLS, in the server's words; "" for none
	proven    bool   // it has taken a message
	hungUp    bool   // the server ended the connection
	noChunks  bool   // the site's rule for the job at hand
	misled    bool   // CHUNKING was offered and is not done: once more, without
	most      int    // recipients it takes in a transaction
	limits    announced
	served    []myodai.Name // domains of recipients, where the server counts them
	carried   int           // transactions
	dirty     bool          // a transaction was begun and not ended: RSET comes first
	closed    bool          // no further command can be given
	stop      func() bool
}

// open connects, greets and, where it can, starts TLS. When the handshake of
// opportunistic TLS fails, it connects again without: RFC 3207 leaves no other
// way, and mail in the clear is what the server would get from those who never
// tried (RFC 7435).
//
// others are further addresses of the host, one of which may be connected to
// first; what remains of them was not tried.
func (a *Agent) open(ctx context.Context, t target, others *[]netip.AddrPort) (*session, *myodai.Outcome) {
	begun := time.Now()
	said := &transcript{}
	s, problem, retry := a.openOnce(ctx, t, others, said, false)
	if retry {
		s, problem, _ = a.openOnce(ctx, s.target, new([]netip.AddrPort), said, true)
	}
	if problem != nil {
		s.quit()
		s.stamp(problem, everybody, begun)
		return nil, problem
	}
	return s, nil
}

// openOnce is open without the second chance; retry says that it is due. The
// session is never nil, and closed when there was a problem with the connection.
func (a *Agent) openOnce(ctx context.Context, t target, others *[]netip.AddrPort, said *transcript, plain bool) (s *session, problem *myodai.Outcome, retry bool) {
	s = &session{agent: a, target: t, said: said, closed: true, brokenTLS: plain}
	if problem = s.connect(ctx, others); problem != nil {
		return s, problem, false
	}
	login := t.smarthost != nil && t.smarthost.User != ""
	needTLS := t.demand.encrypted
	if t.smarthost != nil && t.address.Port() == 465 {
		if err := s.startTLS(ctx); err != nil {
			return s, s.lost("the TLS handshake", err), false
		}
	}
	if problem = s.greet(); problem != nil {
		return s, problem, false
	}
	if _, offered := s.offers["STARTTLS"]; offered && s.tls == "" && !plain {
		begun, err := s.upgrade(ctx)
		if err != nil {
			return s, s.lost("STARTTLS", err), !needTLS && ctx.Err() == nil
		}
		if begun {
			if problem = s.hello(); problem != nil {
				return s, problem, false
			}
		}
	}
	if login {
		if problem = s.authenticate(); problem != nil {
			return s, problem, false
		}
	}
	return s, s.met(), false
}

// connect connects to the target, or to another address of its host when that is
// quicker.
func (s *session) connect(ctx context.Context, others *[]netip.AddrPort) *myodai.Outcome {
	list := append([]netip.AddrPort{s.target.address}, *others...)
	conn, at, failed, left := s.agent.race(ctx, s.target.source, list)
	*others = left
	var problem *myodai.Outcome
	for _, address := range list {
		if err, bad := failed[address]; bad {
			problem = worse(problem, s.unconnected(address, err))
		}
	}
	if conn == nil {
		return problem
	}
	s.target.address = at
	s.said.remark("connected to %s (%s)", at, s.target.host)
	s.use(conn)
	s.raw = conn
	s.bind(ctx)
	return nil
}

// unconnected is the outcome when an address cannot be connected to.
func (s *session) unconnected(at netip.AddrPort, err error) *myodai.Outcome {
	if refusal, ok := errors.AsType[*myodai.Error](err); ok {
		s.said.remark("not connected to %s (%s): %s", at, s.target.host, refusal.Message)
		if s.target.smarthost != nil {
			return transient("4.4.4", "not connected to the smarthost: %s", refusal.Message)
		}
		return permanent("5.4.4", "the host %s has an address mail cannot be sent to: %s", s.target.host, refusal.Message)
	}
	s.said.remark("not connected to %s (%s): %s", at, s.target.host, plainly(err))
	return transient("4.4.1", "no connection to %s: %s", s.target.host, plainly(err))
}

// bind ends the connection with ctx. Closing is the one thing that ends a wait
// at once, whatever deadline it has; ctx ends with the attempt's Timeouts.Total,
// too.
func (s *session) bind(ctx context.Context) {
	s.stop = context.AfterFunc(ctx, func() { _ = s.raw.Close() })
}

// use makes conn the connection, with nothing read ahead of it.
func (s *session) use(conn net.Conn) {
	s.conn, s.closed = conn, false
	s.r = bufio.NewReaderSize(conn, maxReplyLine)
	s.w = bufio.NewWriterSize(paced{s}, 16<<10)
}

// greet takes the server's greeting and says who we are.
func (s *session) greet() *myodai.Outcome {
	r, problem := s.read(s.agent.with.Timeouts.Greeting, "connecting")
	if problem != nil {
		return problem
	}
	if r.code/100 != 2 {
		return unwelcome(r)
	}
	return s.hello()
}

// unwelcome is the outcome when a server will not talk to us at all. With 5xx it
// most often means our address, not a recipient, and that can be mended while
// the mail waits; Postfix sees it so too. Only 521 speaks for all time: the host
// takes no mail (RFC 7504 §3).
func unwelcome(r reply) *myodai.Outcome {
	o := judge(r)
	if r.code != 521 {
		o.Kind = myodai.OutcomeTransient
	}
	return o
}

// hello sends EHLO, or HELO where that is not known (RFC 5321 §3.2), and notes
// what is offered.
func (s *session) hello() *myodai.Outcome {
	s.offers = map[string]string{}
	name := string(cmp.Or(s.target.source.Hello, s.agent.with.Hostname))
	r, problem := s.ask("EHLO "+name, s.agent.with.Timeouts.Hello)
	if problem == nil && r.code/100 == 5 {
		r, problem = s.ask("HELO "+name, s.agent.with.Timeouts.Hello)
		r.lines = nil
	}
	if problem != nil {
		return problem
	}
	if r.code/100 != 2 {
		return unwelcome(r)
	}
	for i, line := range r.lines {
		if i > 0 { // the first line is the server's name
			keyword, parameters, _ := strings.Cut(line, " ")
			s.offers[strings.ToUpper(keyword)] = parameters
		}
	}
	s.limits, s.most = readLimits(s.offers["LIMITS"]), maxRecipients
	if n := s.limits.recipients; n > 0 {
		s.most = min(s.most, n)
	}
	return nil
}

// ask gives one command and takes its reply.
func (s *session) ask(line string, wait time.Duration) (reply, *myodai.Outcome) {
	verb, _, _ := strings.Cut(line, " ")
	if err := s.say(line); err != nil {
		return reply{}, s.lost(verb, err)
	}
	if err := s.w.Flush(); err != nil {
		return reply{}, s.lost(verb, err)
	}
	return s.read(wait, verb)
}

// say writes one command without sending it off.
func (s *session) say(line string) error {
	s.said.client(line)
	_, err := s.w.WriteString(line + "\r\n")
	return err
}

// read takes one reply, all of it within wait. 421 ends the session, to
// whatever command it is the answer (RFC 5321 §3.8).
func (s *session) read(wait time.Duration, after string) (reply, *myodai.Outcome) {
	_ = s.conn.SetReadDeadline(time.Now().Add(wait)) // reading tells when it did not work
	r, err := readReply(s.r, s.said.server)
	if err != nil {
		return reply{}, s.lost(after, err)
	}
	if r.code == 421 {
		s.close()
		return r, judge(r)
	}
	return r, nil
}

// lost closes the session and is the outcome of its loss.
func (s *session) lost(after string, err error) *myodai.Outcome {
	why := plainly(err)
	if failure, ok := errors.AsType[*tlsFailure](err); ok {
		why = failure.Error()
	}
	s.said.remark("lost after %s: %s", after, why)
	s.hungUp = endedThere(err)
	s.close()
	enhanced := "4.4.2"
	if errors.Is(err, errReplyTooLong) || errors.Is(err, errReplyMalformed) {
		enhanced = "4.5.0"
	}
	return transient(enhanced, "connection to %s lost after %s: %s", s.target.host, after, why)
}

// quit says good-bye, if anybody is there to hear it. What comes of it changes
// nothing (P04).
func (s *session) quit() {
	if s.closed {
		return
	}
	if s.say("QUIT") == nil && s.w.Flush() == nil {
		_, _ = s.read(s.agent.with.Timeouts.Quit, "QUIT")
	}
	s.close()
}

func (s *session) close() {
	if s.closed {
		return
	}
	s.closed = true
	s.stop()
	_ = s.conn.Close() // nothing is left to be said on it
}

// stamp completes an outcome with where and when it came about, and what was said
// about the recipient, or everybody.
func (s *session) stamp(o *myodai.Outcome, recipient int, begun time.Time) {
	o.Host, o.Address, o.TLS = string(s.target.host), s.target.address.String(), s.tls
	o.Dialogue = s.said.dialogue(recipient)
	o.At = time.Now()
	o.Took = o.At.Sub(begun)
}
