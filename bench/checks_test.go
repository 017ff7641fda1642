package main

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dkim"
	plans "github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/resolver"
)

// checkedDomains are as many as a large platform has; a check of the next one
// finds nothing of it in any memory.
const checkedDomains = 20_000

// BenchmarkChecks asks about healthy domains at an NSD on loopback and judges
// the answers, and says how near that comes to the bare queries that one client
// with one query per socket gets answered by the same server in the same run.
// With -benchtime 20000x every domain is checked once.
func BenchmarkChecks(b *testing.B) {
	address := startNSD(b)
	bare := bareQueries(b, address)
	prober := resolver.NewProber(resolver.Options{Server: address, Deadline: time.Minute})
	defer prober.Close()
	var next, queries atomic.Int64
	check := func() {
		n := next.Add(1) % checkedDomains
		queries.Add(int64(checkDomain(b, prober, n)))
	}
	for range 500 {
		check()
	}
	before := heap()
	queries.Store(0)
	b.ReportAllocs()
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			check()
		}
	})
	b.StopTimer()
	perSecond := float64(b.N) / b.Elapsed().Seconds()
	perCheck := float64(queries.Load()) / float64(b.N)
	b.ReportMetric(perSecond, "domains/s")
	b.ReportMetric(perCheck, "queries/domain")
	b.ReportMetric(bare, "bare-queries/s")
	b.ReportMetric(100*perSecond*perCheck/bare, "%-of-bare")
	b.ReportMetric(float64(heap()-before)/(1<<20), "MiB-growth")
}

// checkDomain is one check as the service makes it; it returns how many queries
// it took.
func checkDomain(b *testing.B, prober *resolver.Prober, n int64) int {
	p := planFor(n)
	in := diagnose.Input{Plan: p, Now: time.Now()}
	in.Observation = prober.Probe(b.Context(), p.Domain, func(o myodai.Observation) []myodai.Question {
		return diagnose.Questions(diagnose.Input{Plan: p, Observation: o, Now: in.Now})
	})
	records, findings := plans.Compare(p, in.Observation), diagnose.Domain(in)
	if myodai.Judge(records) != myodai.VerdictProved || len(findings) > 0 {
		b.Errorf("%s: %s, %v", p.Domain, myodai.Judge(records), findings)
	}
	return len(in.Observation.Answers)
}

func planFor(n int64) plans.Plan {
	domain := myodai.Name(fmt.Sprintf("d%d.bench.example", n))
	alias := func(purpose myodai.Purpose, selector, name, target string) plans.Item {
		return plans.Item{Purpose: purpose, Selector: selector, Name: domain.Child(name), Type: myodai.TypeCNAME, Value: target, Required: true}
	}
	return plans.Plan{Domain: domain, Items: []plans.Item{
		alias(myodai.PurposeDKIM, "s1", "s1._domainkey", "s1.k7f3.dkim.plat.example"),
		alias(myodai.PurposeDKIM, "s2", "s2._domainkey", "s2.k7f3.dkim.plat.example"),
		alias(myodai.PurposeReturnPath, "", "bounce", "k7f3.rp.plat.example"),
		{Purpose: myodai.PurposeDMARC, Name: domain.Child("_dmarc"), Type: myodai.TypeTXT, Value: "v=DMARC1; p=none; rua=mailto:k7f3@dmarc.plat.example", Required: true},
	}}
}

// bareQueries is how many queries a second a client gets answered that does
// nothing with the answers.
func bareQueries(b *testing.B, address string) float64 {
	var done atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for worker := range 16 * runtime.GOMAXPROCS(0) {
		all.Go(func() {
			raw, err := net.Dial("udp", address)
			if err != nil {
				b.Error(err)
				return
			}
			conn := dns.Conn{Conn: raw, UDPSize: 1232}
			defer conn.Close()
			for i := worker; time.Since(began) < 3*time.Second; i++ {
				_ = conn.SetDeadline(time.Now().Add(time.Second))
				m := new(dns.Msg).SetQuestion(fmt.Sprintf("s1._domainkey.d%d.bench.example.", i%checkedDomains), dns.TypeTXT).SetEdns0(1232, true)
				if conn.WriteMsg(m) != nil {
					continue
				}
				if _, err := conn.ReadMsg(); err == nil {
					done.Add(1)
				}
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / time.Since(began).Seconds()
}

// heap is what lives after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) // #nosec G115 -- less than 8 EiB
}

// startNSD serves all domains, and the zone their aliases lead to, until the
// benchmark ends.
func startNSD(b *testing.B) (address string) {
	program, err := exec.LookPath("nsd")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nsd"); err != nil {
			b.Skip("please install the Debian package nsd")
		}
	}
	dir, err := os.MkdirTemp("", "myodai-bench-") // NSD wants a short path
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	port := freePort(b)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
		return path
	}
	conf := fmt.Sprintf("server:\n  ip-address: 127.0.0.1@%d\n  username: \"\"\n  chroot: \"\"\n  pidfile: \"\"\n  database: \"\"\n  xfrdfile: \"\"\n  xfrdir: %q\n  zonelistfile: %q\n  rrl-ratelimit: 0\n  tcp-count: 1000\nremote-control:\n  control-enable: no\n", port, dir, filepath.Join(dir, "list"))
	for zone, file := range map[string]string{"bench.example": write("bench.zone", benchZone()), "plat.example": write("plat.zone", platZone(b))} {
		conf += fmt.Sprintf("zone:\n  name: %s\n  zonefile: %q\n", zone, file)
	}
	cmd := exec.Command(program, "-d", "-c", write("nsd.conf", conf))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() })
	address = fmt.Sprintf("127.0.0.1:%d", port)
	await(b, address)
	return address
}

// await waits until the last domain is served.
func await(b *testing.B, address string) {
	m := new(dns.Msg).SetQuestion(fmt.Sprintf("_dmarc.d%d.bench.example.", checkedDomains-1), dns.TypeTXT)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-tick.C {
		if r, _, err := new(dns.Client).Exchange(m, address); err == nil && len(r.Answer) == 1 {
			return
		}
	}
	b.Fatal("NSD does not serve the domains")
}

func freePort(b *testing.B) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

const benchHead = "$TTL 300\n@ SOA ns.host.example. hostmaster.host.example. 1 3600 600 86400 300\n@ NS ns.host.example.\n"

// platZone is where the aliases lead: keys of RSA-2048, in strings of 255 octets.
func platZone(b *testing.B) string {
	var z strings.Builder
	z.WriteString("$ORIGIN plat.example.\n" + benchHead)
	for _, selector := range []string{"s1", "s2"} {
		signer, err := dkim.GenerateKey(myodai.KeyRSA, rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		record := dkim.KeyRecord(myodai.KeyRSA, dkim.Public(signer))
		fmt.Fprintf(&z, "%s.k7f3.dkim TXT %q %q\n", selector, record[:255], record[255:])
	}
	z.WriteString(`k7f3.rp MX 10 mail
k7f3.rp TXT "v=spf1 ip4:203.0.113.7 -all"
mail A 203.0.113.7
dmarc MX 10 mail
*._report._dmarc.dmarc TXT "v=DMARC1"
`)
	return z.String()
}

func benchZone() string {
	var z strings.Builder
	z.WriteString("$ORIGIN bench.example.\n" + benchHead)
	for n := range checkedDomains {
		fmt.Fprintf(&z, "s1._domainkey.d%[1]d CNAME s1.k7f3.dkim.plat.example.\ns2._domainkey.d%[1]d CNAME s2.k7f3.dkim.plat.example.\n"+
			"bounce.d%[1]d CNAME k7f3.rp.plat.example.\n_dmarc.d%[1]d TXT \"v=DMARC1; p=none; rua=mailto:k7f3@dmarc.plat.example\"\n", n)
	}
	return z.String()
}
