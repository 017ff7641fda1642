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
	if d := soaking(); d > 0 {
		return d
	}
	return 40 * time.Second
}

// cluster is three processes on one database.
type cluster struct {
	*service
	tenant
	url           string // of the database
	sink          *sink
	ledger        *ledger
	second, third *node
}

// newCluster starts three nodes with a tenant that may send.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	url := onePostgres(t)
	w := newWorld(t)
	s := newService(t, w, url)
	tn := s.registered(t, "Acme", "txt")
	w.publish(t, s.zone(t, tn)+"_dmarc.acme.example. TXT \"v=DMARC1; p=none\"\n")
	s.verified(t, tn)
	c := &cluster{service: s, tenant: tn, url: url, sink: startSink(t), ledger: &ledger{accepted: map[string]bool{}}}
	stop(s.cmd)
	s.args = append(s.args, "--smarthost", c.sink.address)
	s.begin(t)
	c.second = s.joined(t, "second", 8125, "api,delivery")
	c.third = s.joined(t, "third", 8225, "api,delivery,webhook")
	return c
}

// load submits mail to every node until ended.
func (c *cluster) load(ended chan struct{}) *sync.WaitGroup {
	var all sync.WaitGroup
	for i, at := range []string{apiURL, c.second.url(), c.third.url(), apiURL, c.second.url(), c.third.url()} {
		all.Go(func() { c.loadHTTP(c.tenant, at, c.ledger, ended, i) })
	}
	return &all
}

// finishedOnce fails when who was away overwrote what another had written.
func (c *cluster) finishedOnce(t *testing.T) {
	t.Helper()
	if n := psql(t, c.url, `select count(*) from (select delivery_id from events where kind = 'message.delivered'
		group by delivery_id having count(*) <> 1) as overwritten`); n != "0" {
		t.Errorf("%s deliveries were finished more than once", n)
	}
}

// seeded is a source of moments to kill at, which the log lets one have again.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0)) // #nosec G404 -- moments to kill at
}

// TestAnyNodeKilled is P17 at length: of three nodes under load one after the other,
// by chance, is killed every ten seconds. make soak and make nodes run it.
func TestAnyNodeKilled(t *testing.T) {
	if soaking() == 0 {
		t.Skip("it takes minutes; run make nodes")
	}
	c := newCluster(t)
	ended := make(chan struct{})
	load, random := c.load(ended), seeded(t)
	kills := map[string]int{}
	for until := time.Now().Add(nodesFor()); time.Now().Before(until); {
		<-time.After(10 * time.Second)
		switch random.IntN(3) {
		case 0:
			check(t, c.cmd.Process.Kill())
			_ = c.cmd.Wait()
			c.begin(t)
			kills["first"]++
		case 1:
			c.second.again(t, c.w, "second")
			kills["second"]++
		default:
			c.third.again(t, c.w, "third")
			kills["third"]++
		}
	}
	close(ended)
	load.Wait()
	began := time.Now()
	eventually(t, 2*time.Minute, "every accepted message arrives", func() bool {
		c.release(t)
		return len(c.ledger.missing(c.sink)) == 0
	})
	arrived, twice := c.sink.counts()
	t.Logf("%s, kills by node %v: %d accepted, %d arrived (the last of them %s after the load), %d lost, %d of them more than once",
		nodesFor(), kills, len(c.ledger.accepted), arrived, time.Since(began).Round(time.Second), len(c.ledger.missing(c.sink)), twice)
	eventually(t, time.Minute, "every delivery is delivered", func() bool {
		c.release(t)
		return psql(t, c.url, "select count(*) from deliveries where state <> 'delivered'") == "0"
	})
	c.finishedOnce(t)
}

// again kills a node and starts it.
func (n *node) again(t *testing.T, w *world, name string) {
	t.Helper()
	check(t, n.cmd.Process.Kill())
	_ = n.cmd.Wait()
	n.begin(t, w, name)
}

// P17, P31: three processes share one database. One is killed again and again,
// one is stopped for longer than its leases and then goes on. Nothing that was
// accepted is lost, no state is overwritten by who was away, and what is revoked
// at one node is refused by the others within five seconds.
func TestThreeNodes(t *testing.T) {
	c := newCluster(t)
	s, tn, sink, l, killed, paused := c.service, c.tenant, c.sink, c.ledger, c.second, c.third
	ended := make(chan struct{})
	load := c.load(ended)
	random := seeded(t)
	w, until := c.w, time.Now().Add(nodesFor())
	<-time.After(2 * time.Second)
	check(t, paused.cmd.Process.Signal(syscall.SIGSTOP))
	kills := 0
	for ; time.Now().Before(until); kills++ {
		<-time.After(2*time.Second + time.Duration(random.IntN(3000))*time.Millisecond)
		killed.again(t, w, "second")
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
		return psql(t, c.url, "select count(*) from deliveries where state <> 'delivered'") == "0"
	})
	c.finishedOnce(t)
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
