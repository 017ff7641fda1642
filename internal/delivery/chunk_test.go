package delivery_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

// countedConn counts the writes on a connection.
type countedConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c countedConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// ofSize is a message of that many octets, full of lines that begin with dots.
func ofSize(n int) string {
	const head, line = "Subject: x\r\n\r\n", ".\r\n"
	body := strings.Repeat(line, (n-len(head))/len(line)-1)
	return head + strings.Repeat("x", n-len(head)-len(body)-2) + "\r\n" + body
}

// TestWaysOfAMessage sends messages in every way there is, and counts what we
// write: the greeting, the envelope with or without the message, QUIT.
func TestWaysOfAMessage(t *testing.T) {
	const ahead = 64 << 10
	for _, tt := range []struct {
		name    string
		size    int
		without string // keyword not offered
		no      bool   // by the rule for the site
		command string // that the message follows
		writes  int64  // 0: not counted, for what is larger than our buffer
	}{
		{"small", 10_240, "", false, "BDAT 10240 LAST", 3},
		{"small, without CHUNKING", 10_240, "CHUNKING", false, "DATA", 4},
		{"small, without PIPELINING", 10_240, "PIPELINING", false, "DATA", 6},
		{"small, against the rule", 10_240, "", true, "DATA", 4},
		{"as large as may go ahead", ahead, "", false, "BDAT 65536 LAST", 0},
		{"larger", ahead + 1, "", false, "BDAT 65537 LAST", 0},
		{"larger, without CHUNKING", ahead + 1, "CHUNKING", false, "DATA", 0},
	} {
		for _, clear := range []bool{true, false} {
			o := smtptest.SinkOptions{Without: []string{tt.without}}
			if clear {
				o.Without = append(o.Without, "STARTTLS")
			}
			sink := smtptest.NewSink(t, o)
			options, writes := oneHost(sink.Addr()), &atomic.Int64{}
			dial := options.Dial
			options.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dial(ctx, network, address)
				return countedConn{conn, writes}, err
			}
			job := jobTo(1)
			job.NoChunking = tt.no
			message := ofSize(tt.size)
			job.Items[0].Load = func(context.Context) ([]byte, error) { return []byte(message), nil }
			got := delivery.NewAgent(options).Attempt(t.Context(), job)[0]
			if got.Kind != myodai.OutcomeDelivered || !strings.Contains(got.Dialogue, "C: "+tt.command+"\n") {
				t.Errorf("%s: %s, without %q:\n%s", tt.name, line(got), tt.command, got.Dialogue)
				continue
			}
			if string(sink.Mails()[0].Data) != message {
				t.Errorf("%s: %d octets arrive as %d others", tt.name, len(message), len(sink.Mails()[0].Data))
			}
			if clear && tt.writes > 0 && writes.Load() != tt.writes {
				t.Errorf("%s: %d writes, want %d", tt.name, writes.Load(), tt.writes)
			}
		}
	}
}

// The parts of a dialogue with a server that offers CHUNKING.
const (
	chunking = "S: 220 mx\nC: EHLO out1.plat.example\nS: 250-mx\nS: 250-PIPELINING\nS: 250 CHUNKING\n"
	envelope = "C: MAIL FROM:<b-1@rp.example.com>\nC: RCPT TO:<u1@example.net>\n"
	group    = chunking + envelope + "C: BDAT 57 LAST\nC: {chunk 57}\n"
	byData   = chunking + envelope + "C: DATA\n"
	fine     = "S: 250 ok\nS: 250 ok\n"
	taken    = fine + "S: 354 go\nC: {message}\nS: 250 taken\nC: QUIT\nS: 221 bye\n"
)

// TestChunkingThatIsNotDone has servers announce what they do not know: the mail
// is delivered all the same, at once, and the next one without the detour.
func TestChunkingThatIsNotDone(t *testing.T) {
	for _, reply := range []string{"500 what", "501 what", "502 5.5.1 not implemented", "503 5.5.1 bad sequence", "504 no", "354 go ahead"} {
		server := smtptest.Play(t, group+fine+"S: "+reply+"\nC: {closed}\nconnection\n"+byData+taken+"connection\n"+byData+taken)
		agent := delivery.NewAgent(oneHost(server.Addr()))
		for n := range 2 {
			if o := agent.Attempt(t.Context(), jobTo(1))[0]; o.Kind != myodai.OutcomeDelivered {
				t.Errorf("%s: job %d: %s\n%s", reply, n, line(o), o.Dialogue)
			}
		}
	}
}

// TestServerThatNeverAnswersAGroup is gone before its first word. That leaves doubt
// once; after it the envelope goes alone, and shows that another server is to be
// tried.
func TestServerThatNeverAnswersAGroup(t *testing.T) {
	first := smtptest.Play(t, group+"S: {drop}\nconnection\n"+byData+"S: {drop}\n")
	second := smtptest.NewSink(t, smtptest.SinkOptions{})
	agent := delivery.NewAgent(delivery.Options{
		Lookup: parseZone("MX example.net 10 mx1.example.net\nMX example.net 20 mx2.example.net\nA mx1.example.net 192.0.2.1\nA mx2.example.net 192.0.2.2").lookup,
		Dial:   dialTo(map[string]netip.AddrPort{"192.0.2.1": first.Addr(), "192.0.2.2": second.Addr()}), Hostname: "out1.plat.example", Keep: -1,
	})
	if o := agent.Attempt(t.Context(), jobTo(1))[0]; o.Kind != myodai.OutcomeTransient || len(second.Mails()) != 0 {
		t.Errorf("in doubt: %s, and %d mails elsewhere", line(o), len(second.Mails()))
	}
	if o := agent.Attempt(t.Context(), jobTo(1))[0]; o.Kind != myodai.OutcomeDelivered || len(second.Mails()) != 1 {
		t.Errorf("then: %s\n%s", line(o), o.Dialogue)
	}
}

// TestGroupsEnd has servers that read only part of a group, or all of it and say
// no more (P10). A connection as narrow as this one has no buffers.
func TestGroupsEnd(t *testing.T) {
	for _, tt := range []struct {
		name  string
		reads int    // octets of the group
		says  string // after them
		want  time.Duration
		text  string
	}{
		{"says nothing", 4096, "", 10 * time.Minute, "transient 0 4.4.2 connection to mx.example.net lost after the message: timed out"},
		{"holds the replies to the envelope back", 4096, "250 ok\r\n250 ok\r\n", 10 * time.Minute, "transient 0 4.4.2 connection to mx.example.net lost after the message: timed out"},
		{"stops reading", 100, "", 3*time.Minute + time.Second, "transient 0 4.4.2 connection to mx.example.net lost after part of the message: timed out"},
		{"says why it stops reading", 100, "250 ok\r\n250 ok\r\n552 5.3.4 too much\r\n", 3 * time.Minute, "permanent 552 5.3.4 too much (in reply to end of DATA command)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				options := oneHost(netip.AddrPort{})
				var servers sync.WaitGroup
				defer servers.Wait()
				options.Dial = func(context.Context, string, string) (net.Conn, error) {
					client, server := net.Pipe()
					servers.Go(func() { narrowServer(server, tt.reads, tt.says) })
					return client, nil
				}
				begun := time.Now()
				o := delivery.NewAgent(options).Attempt(t.Context(), jobTo(1))[0]
				if took := time.Since(begun); line(o) != tt.text || took != tt.want {
					t.Errorf("took %v, want %v; %s\n%s", took, tt.want, line(o), o.Dialogue)
				}
			})
		})
	}
}

// narrowServer reads so many octets of a group, or to the end of its message, says
// its words, and is silent.
func narrowServer(conn net.Conn, octets int, says string) {
	buffer := make([]byte, 4096)
	for _, hello := range []string{"220 mx\r\n", "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n"} {
		_, _ = io.WriteString(conn, hello) // if not, nothing can be read either
		if hello[3] == ' ' {
			_, _ = conn.Read(buffer)
		}
	}
	for n := 0; n < octets && !strings.HasSuffix(string(buffer[:n]), "here.\r\n"); {
		more, err := conn.Read(buffer[n:octets])
		if err != nil {
			return
		}
		n += more
	}
	_, _ = io.WriteString(conn, says) // the client may have had enough
}
