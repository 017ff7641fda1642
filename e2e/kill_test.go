package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const submitters = 8

// killCycles is how often the program is killed; make soak kills it more often.
func killCycles() int {
	return often(25, 200)
}

// TestNothingAcceptedIsLost is P01: the program is killed at random moments
// under load, over HTTP and SMTP, and started again. Every message that was
// answered 202 or 250 arrives. What arrives twice was under way when the
// program died, between the receiver's 250 and our commit.
func TestNothingAcceptedIsLost(t *testing.T) {
	for name, url := range databases(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := newService(t, w, url)
			tn := s.registered(t, "Acme", "txt")
			w.publish(t, s.zone(t, tn)+"_dmarc.acme.example. TXT \"v=DMARC1; p=none\"\n")
			s.verified(t, tn)
			sink := startSink(t)
			stop(s.cmd)
			s.args = append(s.args, "--smarthost", sink.address)
			s.begin(t)

			ledger := &ledger{accepted: map[string]bool{}}
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 0)) // #nosec G404 -- moments to kill at
			for range killCycles() {
				ended := make(chan struct{})
				var load sync.WaitGroup
				for n := range submitters {
					load.Go(func() { s.load(tn, ledger, ended, n) })
				}
				<-time.After(200*time.Millisecond + time.Duration(random.IntN(1300))*time.Millisecond)
				check(t, s.cmd.Process.Kill())
				_ = s.cmd.Wait()
				close(ended)
				load.Wait()
				s.begin(t)
			}
			eventually(t, 2*time.Minute, "every accepted message arrives", func() bool {
				s.release(t)
				return len(ledger.missing(sink)) == 0
			})
			arrived, twice := sink.counts()
			t.Logf("%d accepted, %d arrived, %d of them more than once, over %d kills", len(ledger.accepted), arrived, twice, killCycles())
			if len(ledger.accepted) < killCycles()*submitters {
				t.Errorf("only %d messages were accepted: the test hardly tested anything", len(ledger.accepted))
			}
		})
	}
}

// ledger holds the marks of the messages that were answered with a yes.
type ledger struct {
	mu       sync.Mutex
	accepted map[string]bool
}

func (l *ledger) add(mark string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accepted[mark] = true
}

func (l *ledger) missing(s *sink) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	var missing []string
	for mark := range l.accepted {
		if s.arrived[mark] == 0 {
			missing = append(missing, mark)
		}
	}
	return missing
}

// load submits messages until ended, by HTTP and SMTP in turn.
func (s *service) load(tn tenant, l *ledger, ended chan struct{}, n int) {
	client := &http.Client{Timeout: 5 * time.Second}
	for i := 0; ; i++ {
		select {
		case <-ended:
			return
		default:
		}
		mark := fmt.Sprintf("mark%dx%dx", time.Now().UnixNano(), n)
		if n%2 == 0 {
			body := fmt.Sprintf(`{"from":"sales@acme.example","to":["a@receiver.example"],"subject":"load","text":%q}`, mark)
			req, err := http.NewRequest("POST", apiURL+"/v1/messages", strings.NewReader(body))
			if err != nil {
				return
			}
			req.Header.Set("Authorization", "Bearer "+tn.key)
			req.Header.Set("Content-Type", "application/json")
			resp, err := client.Do(req)
			if err != nil {
				continue
			}
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusAccepted {
				l.add(mark)
			}
			continue
		}
		raw := "From: sales@acme.example\r\nSubject: load\r\n\r\n" + mark + "\r\n"
		if err := s.submit(tn, "", "a@receiver.example", raw); err == nil {
			l.add(mark)
		}
	}
}

// sink is a mail server that takes everything and counts what it took.
type sink struct {
	address string
	waits   chan struct{} // until it is closed, no message is asked for; nil for never
	mu      sync.Mutex
	arrived map[string]int    // by mark
	last    map[string][]byte // that arrived, by mark
}

func startSink(t *testing.T) *sink {
	t.Helper()
	l, err := net.Listen("tcp", receiverAddress+":2525")
	check(t, err)
	t.Cleanup(func() { _ = l.Close() })
	s := &sink{address: l.Addr().String(), arrived: map[string]int{}, last: map[string][]byte{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return s
}

var markPattern = regexp.MustCompile(`mark\d+x\d+x`)

// serve speaks as much SMTP as a smarthost needs.
func (s *sink) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	say := func(line string) { _, _ = fmt.Fprintf(c, "%s\r\n", line) }
	say("220 sink.example ESMTP")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.TrimSpace(line)); {
		case strings.HasPrefix(verb, "EHLO"):
			say("250-sink.example")
			say("250 PIPELINING")
		case verb == "DATA":
			if s.waits != nil {
				<-s.waits
			}
			say("354 go on")
			var body bytes.Buffer
			for line != ".\r\n" {
				if line, err = r.ReadString('\n'); err != nil {
					return
				}
				body.WriteString(line)
			}
			s.mu.Lock()
			mark := markPattern.FindString(body.String())
			s.arrived[mark]++
			s.last[mark] = bytes.TrimSuffix(body.Bytes(), []byte(".\r\n"))
			s.mu.Unlock()
			say("250 2.0.0 taken")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 2.1.0 fine")
		}
	}
}

func (s *sink) counts() (arrived, twice int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.arrived {
		if n > 1 {
			twice++
		}
	}
	return len(s.arrived), twice
}
