package queue_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/delivery/smtptest"
	"github.com/myodai/myodai/internal/queue"
)

// agentFor is the real agent in a world where each domain is served by one
// server.
func agentFor(servers map[myodai.Name]netip.AddrPort) *delivery.Agent {
	lookup := func(_ context.Context, name myodai.Name, t myodai.RecordType) myodai.Answer {
		a := myodai.Answer{Question: myodai.Question{Name: name, Type: t, Recursive: true}, RCode: "NOERROR"}
		at, ok := servers[name]
		if !ok || t != myodai.TypeA {
			a.Authority = []myodai.Record{{Type: myodai.TypeSOA}}
			return a
		}
		// The address stands for the port of the server.
		ip := netip.AddrFrom4([4]byte{198, 18, byte(at.Port() >> 8), byte(at.Port())})
		a.Records = []myodai.Record{{Name: name, Type: t, Data: ip.String()}}
		return a
	}
	return delivery.NewAgent(delivery.Options{
		Lookup: lookup, Hostname: "out1.plat.example", Keep: -1,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			ip := netip.MustParseAddrPort(address).Addr().As4()
			return new(net.Dialer).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", int(ip[2])<<8|int(ip[3])))
		},
	})
}

func within(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// TestManyRecipients sends one message to 500 recipients of a domain, two of
// whom it does not have, over few connections.
func TestManyRecipients(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{
		Refuse: map[string]string{"u3@example.net": "550 5.1.1 no such user", "u444@example.net": "450 4.2.1 try later"},
	})
	store := newMemory(500, "example.net")
	_, stop := start(t, queue.Options{Store: store, Agent: agentFor(map[myodai.Name]netip.AddrPort{"example.net": sink.Addr()})})
	store.wait(within(t, 30*time.Second), func() bool { return len(store.finished) == 500 })
	stop()
	if got := store.states(); got[myodai.DeliveryDelivered] != 498 || got[myodai.DeliveryBounced] != 1 || got[myodai.DeliveryDeferred] != 1 {
		t.Errorf("states %v", got)
	}
	if n := sink.Connections(); n > 10 {
		t.Errorf("%d connections", n)
	}
	seen := map[string]bool{}
	for _, m := range sink.Mails() {
		if seen[m.To] || string(m.Data) != string(store.body) || !m.TLS {
			t.Errorf("mail %+v", m)
		}
		seen[m.To] = true
	}
	if len(seen) != 498 {
		t.Errorf("%d mails", len(seen))
	}
	for _, f := range store.finished {
		if o := f.Attempt.Outcome; !strings.Contains(o.Dialogue, "RCPT TO:<"+f.Delivery.Recipient.String()+">") || o.Host != "example.net" {
			t.Fatalf("attempt %+v", f.Attempt)
		}
	}
}

// TestNoMailFromTheUnverified watches the socket of a receiver while the sender
// may not send (P23).
func TestNoMailFromTheUnverified(t *testing.T) {
	for name, change := range map[string]func(*memory){
		"domain suspended":         func(s *memory) { s.domain.State = myodai.DomainSuspended },
		"tenant suspended":         func(s *memory) { s.tenant.State = myodai.TenantSuspended },
		"author of another domain": func(s *memory) { s.message.From.Domain = "example.org" },
		"domain of another tenant": func(s *memory) { s.domain.TenantID = "ten_2" },
		"return path of another":   func(s *memory) { s.deliveries[0].ReturnPath.Domain = "example.org" },
		"message with a bare LF":   func(s *memory) { s.body = []byte("From: a@example.com\n\nhello\r\n") },
	} {
		t.Run(name, func(t *testing.T) {
			sink := smtptest.NewSink(t, smtptest.SinkOptions{})
			store := newMemory(1, "example.net")
			change(store)
			_, stop := start(t, queue.Options{Store: store, Agent: agentFor(map[myodai.Name]netip.AddrPort{"example.net": sink.Addr()})})
			store.wait(within(t, 10*time.Second), func() bool { return len(store.finished) == 1 })
			stop()
			if o := store.finished[0].Attempt.Outcome; o.Kind == myodai.OutcomeDelivered || o.Code != 0 || o.Text == "" {
				t.Errorf("outcome %+v", o)
			}
			for _, c := range sink.Commands() {
				if verb, _, _ := strings.Cut(c, " "); verb != "EHLO" && verb != "STARTTLS" && verb != "QUIT" {
					t.Errorf("the receiver heard %q", c)
				}
			}
		})
	}
}

// TestSlowServersCostTheirOwnLane has ten tarpits and a good receiver, on real
// sockets (P10), and shuts down with the tarpits still on the line (P15).
func TestSlowServersCostTheirOwnLane(t *testing.T) {
	servers := map[myodai.Name]netip.AddrPort{}
	var domains []myodai.Name
	var tarpits []*smtptest.Tarpit
	for i := range 10 {
		name := myodai.Name(fmt.Sprintf("tarpit%d.example", i))
		tarpits = append(tarpits, smtptest.NewTarpit(t))
		servers[name] = tarpits[i].Addr()
		domains = append(domains, name)
	}
	sink := smtptest.NewSink(t, smtptest.SinkOptions{})
	servers["good.example"] = sink.Addr()
	store := newMemory(50, append(domains, "good.example")...)
	_, stop := start(t, queue.Options{Store: store, Agent: agentFor(servers), JobSize: 10, Grace: 100 * time.Millisecond})
	begun := time.Now()
	if mails := sink.Wait(within(t, 10*time.Second), 50); len(mails) != 50 {
		t.Fatalf("%d mails", len(mails))
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("the good receiver waited %v", took)
	}
	for i, p := range tarpits {
		if n := p.Connections(); n > 1 {
			t.Errorf("tarpit %d has %d connections", i, n)
		}
	}
	stop()
	for _, d := range store.deliveries {
		if delivered := d.State == myodai.DeliveryDelivered; delivered != (d.Recipient.Domain == "good.example") || !delivered && d.Attempts != 0 {
			t.Fatalf("after the end: %+v", d)
		}
	}
}
