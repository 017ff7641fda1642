package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// node is one of several processes on the same database.
type node struct {
	cmd  *exec.Cmd
	args []string
	port int // of the API; the one after it is for the metrics
}

func (n *node) url() string { return fmt.Sprintf("http://127.0.0.1:%d", n.port) }

// joined starts another node beside s, for the given roles.
func (s *service) joined(t *testing.T, name string, port int, roles string) *node {
	t.Helper()
	n := &node{port: port, args: append(append([]string{}, s.args...),
		"--data", s.w.path("data-"+name), "--key-file", filepath.Join(s.data, "master.key"), "--roles", roles,
		"--listen-api", fmt.Sprintf("127.0.0.1:%d", port), "--listen-metrics", fmt.Sprintf("127.0.0.1:%d", port+1))}
	n.begin(t, s.w, name)
	return n
}

func (n *node) begin(t *testing.T, w *world, name string) {
	t.Helper()
	n.cmd = w.start(t, name, os.Getenv(binaryVar), n.args...)
	eventually(t, 30*time.Second, name+" is ready", func() bool {
		resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", n.port+1))
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// onePostgres is the URL of a fresh PostgreSQL database.
func onePostgres(t *testing.T) string {
	t.Helper()
	url, ok := databases(t)["postgres"]
	if !ok {
		t.Skip("several nodes need PostgreSQL")
	}
	return url
}

// nodesFor is how long three nodes work under load; make soak takes longer.
func nodesFor() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("MYODAI_SOAK")); err == nil {
		return d
	}
	return 40 * time.Second
}

// P17, P31: three processes share one database. One is killed again and again,
// one is stopped for longer than its leases and then goes on. Nothing that was
// accepted is lost, no state is overwritten by who was away, and what is revoked
// at one node is refused by the others within five seconds.
func TestThreeNodes(t *testing.T) {
	url := onePostgres(t)
	w := newWorld(t)
	s := newService(t, w, url)
	tn := s.registered(t, "Acme", "txt")
	w.publish(t, s.zone(t, tn)+"_dmarc.acme.example. TXT \"v=DMARC1; p=none\"\n")
	s.verified(t, tn)
	sink := startSink(t)
	stop(s.cmd)
	s.args = append(s.args, "--smarthost", sink.address)
	s.begin(t)
	killed := s.joined(t, "killed", 8125, "api,delivery")
	paused := s.joined(t, "paused", 8225, "api,delivery,webhook")

	l := &ledger{accepted: map[string]bool{}}
	ended := make(chan struct{})
	var load sync.WaitGroup
	for i, at := range []string{apiURL, killed.url(), paused.url(), apiURL, killed.url(), paused.url()} {
		load.Go(func() { s.loadHTTP(tn, at, l, ended, i) })
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) // #nosec G404 -- moments to kill at
	until := time.Now().Add(nodesFor())
	<-time.After(2 * time.Second)
	check(t, paused.cmd.Process.Signal(syscall.SIGSTOP))
	kills := 0
	for ; time.Now().Before(until); kills++ {
		<-time.After(2*time.Second + time.Duration(random.IntN(3000))*time.Millisecond)
		check(t, killed.cmd.Process.Kill())
		_ = killed.cmd.Wait()
		killed.begin(t, w, "killed")
	}
	check(t, paused.cmd.Process.Signal(syscall.SIGCONT))
	<-time.After(2 * time.Second)
	close(ended)
	load.Wait()

	eventually(t, 2*time.Minute, "every accepted message arrives", func() bool {
		s.release(t)
		return len(l.missing(sink)) == 0
	})
	arrived, twice := sink.counts()
	t.Logf("%d accepted, %d arrived, %d of them more than once; one node killed %d times, one away for %s", len(l.accepted), arrived, twice, kills, nodesFor())
	if len(l.accepted) < 100 {
		t.Errorf("only %d messages were accepted: the test hardly tested anything", len(l.accepted))
	}
	eventually(t, time.Minute, "every delivery is delivered", func() bool {
		s.release(t)
		return psql(t, url, "select count(*) from deliveries where state <> 'delivered'") == "0"
	})
	if n := psql(t, url, `select count(*) from (select delivery_id from events where kind = 'message.delivered'
		group by delivery_id having count(*) <> 1) as overwritten`); n != "0" {
		t.Errorf("%s deliveries were finished more than once", n)
	}
	s.revokedEverywhere(t, tn, killed, paused)
}

// revokedEverywhere shows P31: a credential that is revoked at one node works at
// no other one five seconds later.
func (s *service) revokedEverywhere(t *testing.T, tn tenant, others ...*node) {
	t.Helper()
	var made struct{ ID, Secret string }
	if status := s.call(t, tn.key, "POST", "/v1/credentials", map[string]any{"kind": "api"}, &made); status != 201 {
		t.Fatalf("create credential: status %d", status)
	}
	asks := func(n *node) int {
		req, err := http.NewRequest("GET", n.url()+"/v1/domains", nil)
		check(t, err)
		req.Header.Set("Authorization", "Bearer "+made.Secret)
		resp, err := http.DefaultClient.Do(req)
		check(t, err)
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	for _, n := range others {
		if got := asks(n); got != 200 {
			t.Fatalf("a fresh credential: status %d", got)
		}
	}
	if status := s.call(t, tn.key, "POST", "/v1/credentials/"+made.ID+"/revoke", nil, nil); status != 200 {
		t.Fatalf("revoke: status %d", status)
	}
	for _, n := range others {
		eventually(t, 5*time.Second, "the revoked credential is refused", func() bool { return asks(n) == 401 })
	}
}

// loadHTTP submits messages to one node until ended.
func (s *service) loadHTTP(tn tenant, at string, l *ledger, ended chan struct{}, n int) {
	client := &http.Client{Timeout: 5 * time.Second}
	for {
		select {
		case <-ended:
			return
		default:
		}
		mark := fmt.Sprintf("mark%dx%dx", time.Now().UnixNano(), n)
		body := fmt.Sprintf(`{"from":"sales@acme.example","to":["a@receiver.example"],"subject":"load","text":%q}`, mark)
		req, err := http.NewRequest("POST", at+"/v1/messages", strings.NewReader(body))
		if err != nil {
			return
		}
		req.Header.Set("Authorization", "Bearer "+tn.key)
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			<-time.After(50 * time.Millisecond) // the node is away
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusAccepted {
			l.add(mark)
		}
	}
}

// psql asks a database one question with one answer.
func psql(t *testing.T, url, query string) string {
	t.Helper()
	out, err := exec.Command("psql", "-qtA", url, "-c", query).CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}
