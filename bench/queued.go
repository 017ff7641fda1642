package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// queuedTime is how long Myodai runs over a long queue.
const queuedTime = 2 * time.Minute

// queued measures the memory of Myodai on SQLite with so many recipients queued at
// a server that never answers, within a memory cgroup where there is one (P21).
func (p contest) queued(recipients int) (err error) {
	if p.dir, err = os.MkdirTemp("", "myodai-queued-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(p.dir) }()
	p.binary = filepath.Join(p.dir, "myodai")
	if err := build(p.binary); err != nil {
		return err
	}
	tarpit, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() { _ = tarpit.Close() }()
	go func() {
		for conn, err := tarpit.Accept(); err == nil; conn, err = tarpit.Accept() {
			defer func() { _ = conn.Close() }() // until then nothing is said on it
		}
	}()
	data := filepath.Join(p.dir, "data")
	begun := time.Now()
	if err := fill(data, recipients); err != nil {
		return err
	}
	fmt.Printf("%d recipients queued in %v\n", recipients, time.Since(begun).Round(time.Second))
	return p.runQueued(data, tarpit.Addr().String())
}

// fill queues mail of ten tenants to a hundred domains.
func fill(data string, recipients int) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	var key [32]byte
	_, _ = rand.Read(key[:]) // it does not fail
	if err := os.WriteFile(filepath.Join(data, "master.key"), []byte(hex.EncodeToString(key[:])+"\n"), 0o600); err != nil {
		return err
	}
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{URL: filepath.Join(data, "myodai.db"), Key: key})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Migrate(ctx); err != nil {
		return err
	}
	const each = 500 // recipients of a message
	var writers sync.WaitGroup
	failed := make(chan error, 10)
	for n := range 10 {
		tenant := myodai.Tenant{ID: myodai.NewID[myodai.TenantID](time.Now(), rand.Reader), Name: fmt.Sprint("Tenant ", n), State: myodai.TenantActive, CreatedAt: time.Now()}
		if err := s.CreateTenant(ctx, tenant); err != nil {
			return err
		}
		writers.Go(func() {
			for i := range recipients / 10 / each {
				if _, _, err := s.Accept(ctx, letterOf(tenant.ID, n, i, each)); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	writers.Wait()
	close(failed)
	return <-failed
}

// letterOf is a message of the platform's, which needs no domain, in the name of a
// tenant.
func letterOf(tenant myodai.TenantID, n, i, recipients int) myodai.Accepted {
	now := time.Now()
	m := myodai.Message{
		ID: myodai.NewID[myodai.MessageID](now, rand.Reader), TenantID: tenant, Basis: myodai.BasisPlatform, Class: myodai.ClassMarketing,
		From: myodai.Address{Local: "no-reply", Domain: "mail.plat.example"}, Subject: "x", HeaderID: "<x@plat.example>", Size: 10_000,
		AcceptedAt: now, ExpiresAt: now.Add(5 * 24 * time.Hour),
	}
	a := myodai.Accepted{Message: m, Body: []byte("Subject: x\r\n\r\n" + strings.Repeat("0123456789abcdef\r\n", 550))}
	for k := range recipients {
		a.Deliveries = append(a.Deliveries, myodai.Delivery{
			ID: myodai.NewID[myodai.DeliveryID](now, rand.Reader), TenantID: tenant, MessageID: m.ID, Class: m.Class,
			Recipient:  myodai.Address{Local: fmt.Sprintf("u%d-%d", i, k), Domain: myodai.Name(fmt.Sprintf("d%d.example", (n+k)%100))},
			ReturnPath: myodai.Address{Local: "b-" + strconv.Itoa(k), Domain: "mail.plat.example"}, Route: myodai.RouteDelivery,
			State: myodai.DeliveryAccepted, DueAt: now, QueuedAt: now, ExpiresAt: m.ExpiresAt,
		})
	}
	return a
}

// runQueued starts Myodai over what is queued, and looks at it.
func (p contest) runQueued(data, tarpit string) error {
	doors := map[string]string{}
	args := []string{
		"serve", "--data", data, "--log-level", "warn", "--zone", "mail.plat.example", "--addresses", "192.0.2.1", "--smarthost", tarpit,
		"--allow-egress", "127.0.0.0/8", "--root-hints", "127.0.0.1", "--listen-track", "", "--listen-track-tls", "",
	}
	for _, name := range []string{"api", "metrics", "mx", "submission", "submissions", "dns"} {
		var err error
		if doors[name], err = freeAddress(); err != nil {
			return err
		}
		args = append(args, "--listen-"+name, doors[name])
	}
	group, leave := memoryGroup(512 << 20)
	defer leave()
	// The shell joins the group before anything is allocated, and becomes Myodai.
	script := `[ -z "$0" ] || echo $$ > "$0"; exec "$@"`
	begun := time.Now()
	cmd, err := begin(filepath.Join(p.dir, "log"), []string{"GOMEMLIMIT=400MiB"}, "sh", append([]string{"-c", script, group, p.binary}, args...)...)
	if err != nil {
		return err
	}
	defer end(cmd)
	if err := eventually("Myodai is ready", func() bool {
		resp, err := http.Get("http://" + doors["metrics"] + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}); err != nil {
		log, _ := os.ReadFile(filepath.Join(p.dir, "log")) // #nosec G304 -- our own
		return fmt.Errorf("%w\n%s", err, log)
	}
	ready := time.Since(begun)
	stop := watchMemory([]int{cmd.Process.Pid})
	pages, err := listQueue(data, doors["api"])
	if err != nil {
		return err
	}
	peak := stop()
	slices.Sort(pages)
	fmt.Printf("ready after %v; peak memory %.0f MiB in %v, in a cgroup of 512 MiB: %v; %.1f CPU-seconds\n",
		ready.Round(10*time.Millisecond), peak, queuedTime, group != "", cpuSeconds([]int{cmd.Process.Pid}))
	fmt.Printf("%d pages of the queue: p50 %v, p99 %v\n", len(pages), pages[len(pages)/2].Round(time.Millisecond), pages[len(pages)*99/100].Round(time.Millisecond))
	return nil
}

// listQueue reads pages of the queue all the while, each from where the last ended.
func listQueue(data, address string) (took []time.Duration, err error) {
	secret, err := os.ReadFile(filepath.Join(data, "operator.key")) // #nosec G304 -- our own
	if err != nil {
		return nil, err
	}
	after := ""
	for end := time.Now().Add(queuedTime); time.Now().Before(end); {
		begun := time.Now()
		var page struct{ Next string }
		if err := (caller{"http://" + address, strings.TrimSpace(string(secret))}).get("/v1/queue/deliveries?limit=100&after="+after, &page); err != nil {
			return nil, err
		}
		took, after = append(took, time.Since(begun)), page.Next
		time.Sleep(100 * time.Millisecond)
	}
	return took, nil
}

// memoryGroup makes a memory cgroup and says which file processes join it by; ""
// where that is not possible.
func memoryGroup(octets int) (join string, leave func()) {
	for root, limit := range map[string]string{"/sys/fs/cgroup/memory": "memory.limit_in_bytes", "/sys/fs/cgroup": "memory.max"} {
		dir := filepath.Join(root, fmt.Sprintf("myodai-queued-%d", os.Getpid()))
		if os.Mkdir(dir, 0o750) != nil {
			continue
		}
		leave = func() { _ = os.Remove(dir) }
		if os.WriteFile(filepath.Join(dir, limit), []byte(strconv.Itoa(octets)), 0o600) == nil {
			return filepath.Join(dir, "cgroup.procs"), leave
		}
		leave()
	}
	return "", func() {}
}
