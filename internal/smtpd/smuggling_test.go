package smtpd

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/myodai/myodai"
)

// smuggled is what stands behind the string of the matrix: a second message, if
// the string ends the first.
const smuggled = "MAIL FROM:<smuggled@example.net>\r\nRCPT TO:<victim@example.net>\r\nDATA\r\nSubject: smuggled\r\n\r\nx"

// TestNoMessageBecomesTwo hands whole sessions the strings of the matrix at the
// start, in the middle and at the end of a body and in a header value, by DATA
// with dots doubled as RFC 5321 §4.5.2 says, and by BDAT: never is there a second
// message, and no other sender than the one who spoke (P24, T28). Strings of up
// to four octets are tried always, all 19,530 of up to six with MYODAI_SOAK.
func TestNoMessageBecomesTwo(t *testing.T) {
	most := 4
	if os.Getenv("MYODAI_SOAK") != "" {
		most = 6
	}
	inputs := make(chan string, 100)
	var parties sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		parties.Go(func() {
			p := newParty()
			for message := range inputs {
				p.try(t, message, false)
				p.try(t, message, true)
			}
		})
	}
	tried := 0
	everyString(most, func(s string) {
		for _, message := range []string{
			"A: b\r\n\r\n" + s + smuggled + "\r\n", "A: b\r\n\r\nhead" + s + smuggled + "\r\n", "A: b\r\n\r\nbody" + s, "A: b" + s + smuggled + "\r\n",
		} {
			inputs <- message
			tried++
		}
	})
	close(inputs)
	parties.Wait()
	t.Logf("%d messages, each by DATA and by BDAT", tried)
}

// party is a server and what it has taken in.
type party struct {
	server *Server
	mu     sync.Mutex
	taken  []Incoming
}

func newParty() *party {
	p := &party{}
	p.server = NewMX(Options{
		Hostname: "mx.plat.example", Accepts: func(context.Context, myodai.Address) error { return nil },
		Receive: func(_ context.Context, m Incoming) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.taken = append(p.taken, m)
			return nil
		},
	})
	return p
}

// try hands in one message in a session of its own.
func (p *party) try(t *testing.T, message string, pieces bool) {
	t.Helper()
	p.taken = nil
	ours, theirs := net.Pipe()
	p.server.admit(theirs)
	var heard strings.Builder
	r := bufio.NewReader(ours)
	say := func(text string, replies int) {
		go func() { _, _ = io.WriteString(ours, text) }() // the server may hang up before it has read all
		for ; replies != 0; replies-- {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			heard.WriteString(line)
		}
	}
	const greeting, offers, toEnd = 1, 8, -1
	say("", greeting)
	say("EHLO client.example\r\n", offers)
	if pieces {
		say(fmt.Sprintf("MAIL FROM:<honest@example.net>\r\nRCPT TO:<a@example.com>\r\nBDAT %d LAST\r\n%sQUIT\r\n", len(message), message), toEnd)
	} else {
		say("MAIL FROM:<honest@example.net>\r\nRCPT TO:<a@example.com>\r\nDATA\r\n", 3)
		say(strings.ReplaceAll("\r\n"+message, "\r\n.", "\r\n..")[2:]+"\r\n.\r\nQUIT\r\n", toEnd)
	}
	_ = ours.Close()
	p.server.running.Wait()
	if len(p.taken) > 1 || len(p.taken) == 1 && (p.taken[0].From.Local != "honest" || bare.Match(p.taken[0].Raw)) {
		t.Errorf("%q, in pieces %t: taken as %+v after\n%s", message, pieces, p.taken, heard.String())
	}
	if canonical := !bare.MatchString(message); canonical && len(p.taken) != 1 {
		t.Errorf("%q, in pieces %t: not taken\n%s", message, pieces, heard.String())
	}
}
