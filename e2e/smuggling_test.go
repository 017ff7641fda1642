package e2e

import (
	"bufio"
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/delivery/smtptest"
	"github.com/myodai/myodai/internal/submission"
)

// secondMessage is what stands behind the string of the matrix: a message of its
// own, for who takes the string for the end of the first.
const secondMessage = "MAIL FROM:<smuggled@example.net>\r\nRCPT TO:<victim@example.net>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\nNOOP\r\n"

// TestNoMessageOfOursBecomesTwo sends all 19,530 strings of one to six of CR, LF,
// dot, NUL and x, at the start, in the middle and at the end of a body and in a
// header value, into Postfix, Exim and OpenSMTPD: with BDAT where it is offered, and
// with DATA. What is not canonical does not leave us; of the rest each receiver takes
// as many messages as we sent, none of them from anybody else (P24, T29). Messages that we composed of texts with the
// shorter strings go with them. Written by a careless sender the same strings
// are two messages for at least one of them.
func TestNoMessageOfOursBecomesTwo(t *testing.T) {
	w := emptyWorld(t)
	servers := w.startMailServers(t)
	job := myodai.Job{Domain: "example.net"}
	for _, s := range smtptest.Smugglers(6) {
		for _, message := range []string{
			"Subject: x\r\n\r\n" + s + secondMessage, "Subject: x\r\n\r\nhead" + s + secondMessage,
			"Subject: x\r\n\r\nbody" + s + "\r\n", "Subject: x" + s + secondMessage,
		} {
			job.Items = append(job.Items, asItem(message))
		}
	}
	if len(job.Items) != 4*19_530 {
		t.Fatalf("%d messages", len(job.Items))
	}
	for _, s := range smtptest.Smugglers(3) { // of the longer ones, too, none leaves the texts: submission.TestNoTextBecomesAnotherMessage
		job.Items = append(job.Items, asItem(composed(t, s+secondMessage+"head"+s+secondMessage+"body"+s)))
	}
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			all, delivered, refused := len(job.Items), 0, 0
			for _, job.NoChunking = range []bool{false, true} {
				canonical, chunked := job.Items[:0:0], false
				for j, o := range deliverTo(t, server, job) {
					switch {
					case o.Kind == myodai.OutcomeDelivered:
						delivered++
					case o.Code/100 == 5: // OpenSMTPD takes no header that is none
						refused++
					case o.Enhanced == "5.6.0":
						continue
					default:
						t.Fatalf("%+v", o)
					}
					chunked = chunked || strings.Contains(o.Dialogue, "C: BDAT ")
					canonical = append(canonical, job.Items[j])
				}
				job.Items = canonical // the others stay here, whoever is to get them
				if offered := server.name != "OpenSMTPD"; chunked != (offered && !job.NoChunking) {
					t.Errorf("sent with BDAT: %t", chunked)
				}
				if !chunked {
					break
				}
			}
			writeRaw(t, server.address, "sentinel", "Subject: x\r\n\r\nx\r\n")
			eventually(t, 20*time.Second, server.name+" tells of the last message", func() bool { return server.mentions(t, "sentinel@") })
			if got := server.count(t); got != delivered+1 || delivered < 2*refused || server.mentions(t, "smuggled@") {
				t.Errorf("%d messages were sent, %d refused, %d taken; from somebody else: %t", delivered+1, refused, got, server.mentions(t, "smuggled@"))
			}
			t.Logf("of %d messages %d are canonical; sent %d times, %d were refused", all, len(job.Items), delivered+refused, refused)
		})
	}
	t.Run("a careless sender", func(t *testing.T) {
		for _, server := range servers {
			writeRaw(t, server.address, "careless", "Subject: x\r\n\r\nhead\n.\n"+secondMessage)
			writeRaw(t, server.address, "careless", "Subject: x\r\n\r\nhead\n.\r\n"+secondMessage)
		}
		eventually(t, 5*time.Second, "a server takes something else than CRLF.CRLF for an end", func() bool {
			return slices.ContainsFunc(servers, func(s mailServer) bool { return s.mentions(t, "smuggled@") })
		})
	})
}

// composed is a message as the API makes it of a text and an HTML text.
func composed(t *testing.T, text string) string {
	t.Helper()
	raw, _, err := submission.Compose(submission.Draft{
		From: submission.Mailbox{Address: myodai.Address{Local: "bounce", Domain: "example.com"}},
		To:   []submission.Mailbox{{Address: myodai.Address{Local: "honest", Domain: "example.net"}}}, Subject: "x", Text: text, HTML: text,
	}, time.Now(), rand.Reader)
	check(t, err)
	return string(raw)
}

func asItem(message string) myodai.JobItem {
	return myodai.JobItem{
		Delivery: myodai.Delivery{
			Recipient:  myodai.Address{Local: "honest", Domain: "example.net"},
			ReturnPath: myodai.Address{Local: "bounce", Domain: "example.com"},
		},
		Load: func(context.Context) ([]byte, error) { return []byte(message), nil },
	}
}

// deliverTo has our delivery send a job to one server, over as few connections
// as that allows.
func deliverTo(t *testing.T, server mailServer, job myodai.Job) []myodai.Outcome {
	t.Helper()
	at := netip.MustParseAddrPort(server.address)
	agent := delivery.NewAgent(delivery.Options{
		Lookup:   func(context.Context, myodai.Name, myodai.RecordType) myodai.Answer { return myodai.Answer{} },
		Dial:     new(net.Dialer).DialContext,
		Hostname: "out.plat.example", Smarthost: &delivery.Smarthost{Host: at.Addr().String(), Port: at.Port()}, Keep: -1,
	})
	return agent.Attempt(t.Context(), job)
}

// writeRaw sends a message as it stands, says good-bye as soon as something was
// said about it, and waits for the server to hang up.
func writeRaw(t *testing.T, address, from, message string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	check(t, err)
	defer conn.Close()
	check(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	r := bufio.NewReader(conn)
	reply := func() {
		for {
			line, err := r.ReadString('\n')
			if err != nil || len(line) > 3 && line[3] == ' ' {
				return
			}
		}
	}
	reply()
	for _, command := range []string{"EHLO careless.example", "MAIL FROM:<" + from + "@example.com>", "RCPT TO:<honest@example.net>", "DATA"} {
		_, err := conn.Write([]byte(command + "\r\n"))
		check(t, err)
		reply()
	}
	_, err = conn.Write([]byte(message + ".\r\n"))
	check(t, err)
	reply()
	_, err = conn.Write([]byte("QUIT\r\n")) // the server may have hung up
	for err == nil {
		_, err = r.ReadString('\n')
	}
}
