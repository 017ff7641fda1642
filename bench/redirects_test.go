package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
	"github.com/myodai/myodai/internal/track"
)

const (
	trackHost   myodai.Name = "track.plat.example"
	redirectVar             = "MYODAI_BENCH_REDIRECTS" // directory of the child that answers
	redirectors             = 128                      // connections
	redirecting             = 4 * time.Second          // a round
)

var redirectKey = [32]byte{7}

// TestMain collects garbage as the service does (gcPercent in cmd/myodai).
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	if dir := os.Getenv(redirectVar); dir != "" {
		if err := redirect(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// BenchmarkRedirects measures, in one run over TLS on loopback, the redirects of
// a tracking host, each click durable, beside nginx answering a static 302. It
// says how many a second both make, and their ratio.
//
// The source of the requests has the processors in common with either. So the
// ratio is given by CPU time, too, of a redirect by nginx and the source together
// to one by Myodai and the source together: neighbors of a busy machine disturb
// that less, and on an idle one it says what both come to when the processors are
// all that bounds them.
func BenchmarkRedirects(b *testing.B) {
	nginx := find("nginx")
	if nginx == "" {
		b.Skip("nginx is not installed")
	}
	dir := b.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	links, db := manyLinks(b, dir)
	writePair(b, dir)
	ours, theirs := startRedirects(b, dir), startNginx(b, nginx, dir)
	for _, p := range []*redirector{ours, theirs} {
		hammer(b, p.address, links, time.Second) // warm-up
	}
	b.ResetTimer()
	for range max(3, b.N) {
		for _, p := range []*redirector{ours, theirs} {
			p.round(b, links)
		}
	}
	b.StopTimer()
	b.ReportMetric(0, "ns/op")
	for _, p := range []*redirector{ours, theirs} {
		b.ReportMetric(middle(p.rates), p.name+"/s")
		b.ReportMetric(middle(p.p99), p.name+"-p99-ms")
		b.ReportMetric(middle(p.server), p.name+"-CPU-us")
		b.ReportMetric(middle(p.source), p.name+"-source-CPU-us")
	}
	b.ReportMetric(middle(ours.rates)/middle(theirs.rates), "of-nginx")
	b.ReportMetric((middle(theirs.source)+middle(theirs.server))/(middle(ours.source)+middle(ours.server)), "of-nginx-by-CPU")
	sent := ours.sent
	if kept := countVisits(b, db, filepath.Join(dir, "spool", "visits")); kept < sent {
		b.Errorf("%d redirects, and only %d visits are durable", sent, kept)
	} else {
		b.Logf("%d redirects in the rounds, %d visits durable with the warm-up", sent, kept)
	}
}

// redirector is a server that redirects, and what its rounds came to.
type redirector struct {
	name, address  string
	process        int
	sent           int
	rates, p99     []float64 // redirects per second, milliseconds
	server, source []float64 // microseconds of CPU per redirect
}

// round follows links for a while.
func (p *redirector) round(b *testing.B, links []string) {
	b.Helper()
	source, server := ownCPU(), cpuSeconds([]int{p.process})
	took := hammer(b, p.address, links, redirecting)
	n := float64(len(took))
	slices.Sort(took)
	at := func(q float64) float64 { return float64(took[int(q*(n-1))]) / float64(time.Millisecond) }
	p.sent += len(took)
	p.rates, p.p99 = append(p.rates, n/redirecting.Seconds()), append(p.p99, at(0.99))
	p.server = append(p.server, (cpuSeconds([]int{p.process})-server)*1e6/n)
	p.source = append(p.source, (ownCPU()-source)*1e6/n)
	b.Logf("%s: %.0f redirects/s, p50 %.2f ms, p99 %.2f ms; CPU per redirect %.1f µs, of the source %.1f µs",
		p.name, n/redirecting.Seconds(), at(0.5), at(0.99), p.server[len(p.server)-1], p.source[len(p.source)-1])
}

// middle is the median.
func middle(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// manyLinks makes a database with some messages, and links of theirs.
func manyLinks(b *testing.B, dir string) (links []string, db string) {
	b.Helper()
	check := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	ctx, now := b.Context(), time.Now().Add(-time.Hour)
	db = filepath.Join(dir, "db")
	s, err := store.Open(ctx, store.Options{URL: db, Key: [32]byte{1}})
	check(err)
	_, err = s.Migrate(ctx)
	check(err)
	tenant := myodai.NewID[myodai.TenantID](now, rand.Reader)
	check(s.CreateTenant(ctx, myodai.Tenant{ID: tenant, Name: "Shop", State: myodai.TenantActive, CreatedAt: now}))
	d := myodai.Domain{
		ID: myodai.NewID[myodai.DomainID](now, rand.Reader), TenantID: tenant, Name: "shop.example", State: myodai.DomainVerified,
		Token: myodai.NewToken(rand.Reader), Shape: myodai.ShapeCNAME, ReturnPath: "bounce.shop.example", RegisteredAt: now,
	}
	check(s.CreateDomain(ctx, d, nil))
	maker, err := track.New(track.Options{
		Random: rand.Reader, Key: redirectKey, Host: trackHost, Dir: filepath.Join(dir, "maker"), Log: slog.New(slog.DiscardHandler),
	})
	check(err)
	for range 200 {
		m := myodai.Message{
			ID: myodai.NewID[myodai.MessageID](now, rand.Reader), TenantID: tenant, DomainID: d.ID, Basis: myodai.BasisDomain,
			From: myodai.Address{Local: "a", Domain: d.Name}, AcceptedAt: now, ExpiresAt: now,
		}
		delivery := myodai.Delivery{
			ID: myodai.NewID[myodai.DeliveryID](now, rand.Reader), TenantID: tenant, MessageID: m.ID, State: myodai.DeliveryAccepted,
			Recipient: myodai.Address{Local: "b", Domain: "example.net"}, QueuedAt: now, DueAt: now, ExpiresAt: now,
		}
		_, _, err := s.Accept(ctx, myodai.Accepted{Message: m, Body: []byte("x"), Deliveries: []myodai.Delivery{delivery}})
		check(err)
		var text strings.Builder
		for i := range 20 {
			fmt.Fprintf(&text, "https://shop.example/products/%d?utm_source=letter&utm_campaign=autumn\r\n", i)
		}
		out := maker.Rewrite([]byte("Content-Type: text/plain\r\n\r\n"+text.String()),
			myodai.Copy{TenantID: tenant, MessageID: m.ID, DeliveryID: delivery.ID}, d.Name, myodai.Track{Clicks: true})
		for _, found := range regexp.MustCompile(`/c/[\w-]+`).FindAll(out, -1) {
			links = append(links, string(found))
		}
	}
	check(maker.Close())
	check(s.Close())
	return links, db
}

// writePair writes a certificate that both servers use.
func writePair(b *testing.B, dir string) {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: string(trackHost)}, DNSNames: []string{string(trackHost)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		b.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"crt": {Type: "CERTIFICATE", Bytes: der}, "key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

// startRedirects runs a tracking host in a process of its own.
func startRedirects(b *testing.B, dir string) *redirector {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), redirectVar+"="+dir)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return &redirector{name: "myodai", address: strings.TrimSpace(line), process: cmd.Process.Pid}
}

// redirect is that process: the tracking server as the program makes it, with
// SQLite behind it.
func redirect(dir string) error {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "crt"), filepath.Join(dir, "key"))
	if err != nil {
		return err
	}
	db, err := store.Open(context.Background(), store.Options{URL: filepath.Join(dir, "db"), Key: [32]byte{1}})
	if err != nil {
		return err
	}
	s, err := track.New(track.Options{
		Store: db, Random: rand.Reader, Key: redirectKey, Host: trackHost, Dir: filepath.Join(dir, "spool"), Log: slog.Default(),
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil },
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = s.Run(context.Background()) }()
	fmt.Println(l.Addr())
	return s.ServeTLS(l)
}

// startNginx runs nginx with as many workers as there are processors.
func startNginx(b *testing.B, program, dir string) *redirector {
	b.Helper()
	address, err := freeAddress()
	if err != nil {
		b.Fatal(err)
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;\n"
	}
	conf := user + `worker_processes auto; pid ` + dir + `/nginx.pid; error_log ` + dir + `/nginx.log; daemon off;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 100000000; keepalive_timeout 300s;
  client_body_temp_path ` + dir + `/n1; proxy_temp_path ` + dir + `/n2; fastcgi_temp_path ` + dir + `/n3; uwsgi_temp_path ` + dir + `/n4; scgi_temp_path ` + dir + `/n5;
  server { listen ` + address + ` ssl; server_name ` + string(trackHost) + `; ssl_certificate ` + dir + `/crt; ssl_certificate_key ` + dir + `/key;
    location / { return 302 https://shop.example/products/1?utm_source=letter&utm_campaign=autumn; } } }
`
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd, err := begin(filepath.Join(dir, "nginx.out"), nil, program, "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { end(cmd) })
	err = eventually("nginx listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	if err != nil {
		text, _ := os.ReadFile(filepath.Join(dir, "nginx.out"))
		b.Fatalf("%v\n%s", err, text)
	}
	return &redirector{name: "nginx", address: address, process: cmd.Process.Pid}
}

// hammer follows links over kept connections for a while, and says how long each
// redirect took.
func hammer(b *testing.B, address string, links []string, long time.Duration) (took []time.Duration) {
	b.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	until := time.Now().Add(long)
	for n := range redirectors {
		all.Go(func() {
			conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: string(trackHost), InsecureSkipVerify: true}) // #nosec G402 -- made a moment ago
			if err != nil {
				b.Error(err)
				return
			}
			defer func() { _ = conn.Close() }()
			r := bufio.NewReader(conn)
			var mine []time.Duration
			for i := n; time.Now().Before(until); i++ {
				began := time.Now()
				if err := follow(conn, r, links[(i*31)%len(links)]); err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	all.Wait()
	return took
}

// follow asks for one link and reads the whole answer.
func follow(w io.Writer, r *bufio.Reader, path string) error {
	_, err := io.WriteString(w, "GET "+path+" HTTP/1.1\r\nHost: "+string(trackHost)+
		"\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\nAccept: text/html\r\nAccept-Language: ja,en;q=0.5\r\n\r\n")
	if err != nil {
		return err
	}
	length, located := 0, false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		name, value, _ := strings.Cut(string(line), ": ")
		switch {
		case first && !strings.HasPrefix(string(line), "HTTP/1.1 302"):
			return fmt.Errorf("answer %q", line)
		case len(line) == 0:
			if _, err := r.Discard(length); err != nil || !located {
				return fmt.Errorf("no redirect: %w", err)
			}
			return nil
		case http.CanonicalHeaderKey(name) == "Content-Length":
			if length, err = strconv.Atoi(value); err != nil {
				return err
			}
		case http.CanonicalHeaderKey(name) == "Location":
			located = true
		}
	}
}

// countVisits counts what is durable: in the database, and waiting for it. What
// is in both was just brought there.
func countVisits(b *testing.B, db, spool string) int {
	b.Helper()
	seen := map[string]bool{}
	id := regexp.MustCompile(`"id":"(vis_[0-9a-z]{26})"`)
	files, _ := filepath.Glob(filepath.Join(spool, "*.spool"))
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // brought into the database meanwhile
		}
		for _, m := range id.FindAllSubmatch(text, -1) {
			seen[string(m[1])] = true
		}
	}
	s, err := store.Open(b.Context(), store.Options{URL: db, Key: [32]byte{1}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	tenants, _, err := s.Tenants(b.Context(), myodai.Page{})
	if err != nil || len(tenants) == 0 {
		b.Fatal(err)
	}
	for after := ""; ; {
		messages, next, err := s.Messages(b.Context(), tenants[0].ID, myodai.Page{After: after, Limit: 200})
		if err != nil {
			b.Fatal(err)
		}
		for _, m := range messages {
			for from := ""; ; {
				list, more, err := s.Visits(b.Context(), m.TenantID, m.ID, myodai.Page{After: from, Limit: 200})
				if err != nil {
					b.Fatal(err)
				}
				for _, v := range list {
					seen[string(v.ID)] = true
				}
				if from = more; more == "" {
					break
				}
			}
		}
		if after = next; next == "" {
			return len(seen)
		}
	}
}
