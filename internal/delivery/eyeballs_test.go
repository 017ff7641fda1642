package delivery_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

// TestQuickestAddress has a host with several addresses, some of which do not
// answer: the mail goes to the first that does, soon (RFC 8305).
func TestQuickestAddress(t *testing.T) {
	replies := []string{"220 mx\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 taken\r\n", "221 bye\r\n"}
	const four, six, other = "192.0.2.1:25", "[2001:db8::1]:25", "192.0.2.2:25"
	for _, tt := range []struct {
		name  string
		dials map[string]string // "" connects, "hangs", "refused", or after how long it connects
		want  string            // the address, or the outcome's text
		after time.Duration
	}{
		{"all answer", map[string]string{}, four, 0},
		{"IPv4 hangs", map[string]string{four: "hangs"}, six, 250 * time.Millisecond},
		{"IPv4 is refused", map[string]string{four: "refused"}, six, 0},
		{"two hang", map[string]string{four: "hangs", six: "hangs"}, other, 500 * time.Millisecond},
		{"the first is slow, and quicker than the second all the same", map[string]string{four: "300ms", six: "hangs"}, four, 300 * time.Millisecond},
		{"all are refused", map[string]string{four: "refused", six: "refused", other: "refused"}, "no connection to mx.example.net: the connection failed", 0},
		{"all hang", map[string]string{four: "hangs", six: "hangs", other: "hangs"}, "no connection to mx.example.net: timed out", 30*time.Second + 500*time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var servers sync.WaitGroup
				defer servers.Wait()
				agent := delivery.NewAgent(delivery.Options{
					Lookup:   parseZone("MX example.net 10 mx.example.net\nA mx.example.net 192.0.2.1\nA mx.example.net 192.0.2.2\nAAAA mx.example.net 2001:db8::1").lookup,
					Hostname: "out1.plat.example", Keep: -1, Shuffle: func(int, func(i, j int)) {},
					Dial: func(ctx context.Context, _, address string) (net.Conn, error) {
						switch what := tt.dials[address]; what {
						case "refused":
							return nil, &net.OpError{Op: "dial", Err: net.UnknownNetworkError("refused")}
						case "hangs":
							<-ctx.Done()
							return nil, ctx.Err()
						default:
							wait, _ := time.ParseDuration(what)
							<-time.After(wait)
						}
						client, server := net.Pipe()
						servers.Go(func() { slowServer(server, replies, len(replies), 0) })
						return client, nil
					},
				})
				begun := time.Now()
				o := agent.Attempt(t.Context(), jobTo(1))[0]
				got := o.Address
				if o.Kind != myodai.OutcomeDelivered {
					got = o.Text
				}
				if took := o.At.Sub(begun); got != tt.want || took != tt.after {
					t.Errorf("%s after %v, want %s after %v\n%s", got, took, tt.want, tt.after, o.Dialogue)
				}
			})
		})
	}
}

// TestSource leaves from a source of its own, whose name and address the receiver
// sees.
func TestSource(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{Without: []string{"STARTTLS"}})
	options := oneHost(sink.Addr())
	options.DialFrom = func(ctx context.Context, from netip.Addr, network, _ string) (net.Conn, error) {
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))}
		return d.DialContext(ctx, network, sink.Addr().String())
	}
	agent := delivery.NewAgent(options)
	for _, tt := range []struct {
		source        myodai.Source
		hello, client string
	}{
		{myodai.Source{}, "out1.plat.example", "127.0.0.1"},
		{myodai.Source{Name: "a", IPv4: netip.MustParseAddr("127.0.0.7"), Hello: "bulk.plat.example"}, "bulk.plat.example", "127.0.0.7"},
		{myodai.Source{Name: "b", IPv4: netip.MustParseAddr("127.0.0.8"), IPv6: netip.MustParseAddr("2001:db8::8")}, "out1.plat.example", "127.0.0.8"},
	} {
		job := jobTo(1)
		job.Source = tt.source
		agent.Attempt(t.Context(), job)
		mails := sink.Mails()
		m := mails[len(mails)-1]
		if m.Hello != tt.hello || m.Client.Addr().String() != tt.client {
			t.Errorf("%s: %s from %s", tt.source.Name, m.Hello, m.Client)
		}
	}
	job := jobTo(1)
	job.Source = myodai.Source{Name: "six", IPv6: netip.MustParseAddr("2001:db8::8")}
	if o := agent.Attempt(t.Context(), job)[0]; o.Kind != myodai.OutcomeTransient || !strings.Contains(o.Text, "the source six") {
		t.Errorf("to a host without IPv6: %+v", o)
	}
}

func TestMessagesOfOneConnection(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{PerConn: 4})
	job := jobTo(10)
	job.Messages = 3
	for i, o := range delivery.NewAgent(oneHost(sink.Addr())).Attempt(t.Context(), job) {
		if o.Kind != myodai.OutcomeDelivered {
			t.Errorf("outcome %d: %+v", i, o)
		}
	}
	if sink.Connections() != 4 || len(sink.Mails()) != 10 {
		t.Errorf("%d mails over %d connections", len(sink.Mails()), sink.Connections())
	}
}

func TestEnough(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{})
	job, settled := jobTo(10), 0
	job.Settled = func(int, myodai.Outcome) { settled++ }
	job.Enough = func() bool { return settled == 3 }
	for i, o := range delivery.NewAgent(oneHost(sink.Addr())).Attempt(t.Context(), job) {
		if (o.Kind == myodai.OutcomeDelivered) != (i < 3) || i >= 3 && o.Kind != "" {
			t.Errorf("outcome %d: %+v", i, o)
		}
	}
}
